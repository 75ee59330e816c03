"""callbackUrl: posts an outcome to the caller's address, later and with retries.

Where it may go, and how it is posted, is told in `outside`. What is posted is never
logged: it may hold secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from citrine_py.api.bodies import dumps
from citrine_py.outside.destinations import Destinations
from citrine_py.outside.posts import Poster
from citrine_py.ports import Clock

log = structlog.get_logger()

_ATTEMPTS = 5
_FIRST_PAUSE = 1.0  # seconds; doubled each time
_AT_ONCE = 1000
_BYTES_AT_ONCE = 64 * 1024 * 1024


class Callbacks:
    """Posts outcomes in the background.

    Args:
        allow: the only hosts a callbackUrl may name; empty for all that are not denied.
        clock: paces the retries.
        resolver: of host names; what it finds is still subject to denial.
    """

    def __init__(
        self,
        allow: tuple[str, ...],
        clock: Clock,
        resolver: Callable[[], AbstractResolver] = ThreadedResolver,
    ) -> None:
        self._destinations = Destinations(allow)
        self._clock = clock
        self._poster = Poster(resolver)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pausing: set[asyncio.Task[None]] = set()
        self._bytes = 0
        self._stopping = False

    def check(self, url: str) -> URL:
        """The whole URL that a callbackUrl stands for; without a scheme it is http, as for
        curl.

        Raises:
            BadRequest: no URL that a callback may go to.
        """
        return self._destinations.check(url, "callbackUrl")

    def post(self, url: URL, station: str, body: Any) -> None:
        """Posts `body` to a checked URL, with retries; a failure is only logged. The header
        X-Station-Id tells the outcomes of several stations apart."""
        data = dumps(body)
        if len(self._tasks) >= _AT_ONCE or self._bytes + len(data) > _BYTES_AT_ONCE:
            log.warning("callback.dropped", host=url.host, reason="too many at once")
            return
        task = asyncio.create_task(self._deliver(url, station, data), name="callback")
        self._tasks.add(task)
        self._bytes += len(data)
        task.add_done_callback(lambda done: self._over(done, len(data)))

    def _over(self, task: asyncio.Task[None], size: int) -> None:
        self._tasks.discard(task)
        self._bytes -= size

    async def stop(self, seconds: float = 5) -> None:
        """Lets posts under way come to their end, within `seconds`; what waits for another
        attempt is given up, since whoever failed a moment ago would only keep us."""
        self._stopping = True
        abandoned = list(self._pausing)
        for task in abandoned:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            abandoned += late
        if abandoned:
            log.warning("callback.abandoned", count=len(abandoned))
        await self._poster.stop()

    async def _deliver(self, url: URL, station: str, body: bytes) -> None:
        headers = {"X-Station-Id": quote(station, safe="")}
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._pause(_FIRST_PAUSE * 2 ** (attempt - 1))
            failed = await self._poster.post(url, body, headers)
            if failed is None:
                log.info("callback.delivered", host=url.host, station=station)
                return
            reason = failed.reason
            if not failed.again or self._stopping:
                break
        log.warning("callback.failed", host=url.host, station=station, reason=reason)

    async def _pause(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs in one
        self._pausing.add(task)
        try:
            await self._clock.sleep(seconds)
        finally:
            self._pausing.discard(task)
