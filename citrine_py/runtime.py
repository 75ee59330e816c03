"""The real clock, jobs, ids and password hasher behind the ports of the same names.

Plain and small; whoever needs one gets it from `service`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import bcrypt
import structlog

log = structlog.get_logger()


class SystemClock:
    """ports.Clock by the machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class EventLatch:
    """ports.Latch by an asyncio event."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


class TaskJobs:
    """ports.Jobs by asyncio tasks, one for each key; `stop` ends them all."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        self.cancel(key)
        task = asyncio.create_task(self._run(key, job), name=f"job {key}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    def cancel(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def running(self, key: str) -> bool:
        return key in self._tasks

    def latch(self) -> EventLatch:
        return EventLatch()

    async def stop(self) -> None:
        """Cancels all jobs and waits until they have ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except Exception:  # nobody awaits a job: its failure ends here, in the log
            log.exception("job.failed", job=key)

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]


def new_id() -> str:
    """ports.NewId: a random UUID, 36 characters."""
    return str(uuid4())


class BcryptHasher:
    """ports.Hasher by bcrypt, in threads of its own so that the event loop never waits.

    What was checked once is remembered, right or wrong, under a keyed digest of
    hash and password: a station that reconnects does not pay bcrypt again, and
    the memory holds no password. The key lives only as long as the process.
    """

    def __init__(self, rounds: int = 12, remembered: int = 50_000, threads: int = 2) -> None:
        self._rounds = rounds
        self._limit = remembered
        self._memory: OrderedDict[bytes, bool] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")

    async def hash(self, password: str) -> str:
        loop = asyncio.get_running_loop()
        hashed = await loop.run_in_executor(
            self._threads, lambda: bcrypt.hashpw(password.encode(), bcrypt.gensalt(self._rounds))
        )
        self._remember(self._digest(password, hashed.decode()), True)
        return hashed.decode()

    async def matches(self, password: str, hashed: str) -> bool:
        digest = self._digest(password, hashed)
        known = self._memory.get(digest)
        if known is None:
            loop = asyncio.get_running_loop()
            secret = password.encode()
            known = await loop.run_in_executor(self._threads, _check, secret, hashed.encode())
        self._remember(digest, known)
        return known

    def close(self) -> None:
        """Ends the threads; checks under way are finished."""
        self._threads.shutdown()

    def _digest(self, password: str, hashed: str) -> bytes:
        return hmac.digest(self._key, hashed.encode() + b"\0" + password.encode(), hashlib.sha256)

    def _remember(self, digest: bytes, right: bool) -> None:
        self._memory[digest] = right
        self._memory.move_to_end(digest)
        if len(self._memory) > self._limit:
            self._memory.popitem(last=False)


def _check(secret: bytes, hashed: bytes) -> bool:
    if len(secret) > 72:  # bcrypt takes no more; no password of OCPP is that long
        return False
    try:
        return bcrypt.checkpw(secret, hashed)
    except ValueError:  # not a bcrypt hash: nothing matches it
        return False
