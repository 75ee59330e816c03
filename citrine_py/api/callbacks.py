"""callbackUrl: posts an outcome to the caller's address, later and with retries.

The address comes from outside, so it is not trusted: link-local and metadata
addresses are denied, as they stand and after resolution, and redirects are not
followed. What is posted is never logged: it may hold secrets.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from citrine_py.api.bodies import dumps
from citrine_py.errors import BadRequest
from citrine_py.outside.destinations import DeniedAddress, Guarded, denied
from citrine_py.ports import Clock

log = structlog.get_logger()

_ATTEMPTS = 5
_FIRST_PAUSE = 1.0  # seconds; doubled each time
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_AT_ONCE = 1000
_BYTES_AT_ONCE = 64 * 1024 * 1024
_LONGEST_URL = 2000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


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
        self._allow = frozenset(host.lower().rstrip(".") for host in allow)
        self._clock = clock
        self._resolver = resolver
        self._tasks: set[asyncio.Task[None]] = set()
        self._pausing: set[asyncio.Task[None]] = set()
        self._bytes = 0
        self._stopping = False
        self._client: aiohttp.ClientSession | None = None

    def check(self, url: str) -> URL:
        """The whole URL that a callbackUrl stands for; without a scheme it is http, as for
        curl.

        Raises:
            BadRequest: no URL that a callback may go to.
        """
        if len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
            raise BadRequest("callbackUrl is not a URL")
        try:
            # Parsed once, by what connects later: two parsers could see two hosts in it.
            whole = URL(url if _SCHEME.match(url) else f"http://{url}")
            host, port = whole.host, whole.port
        except ValueError:
            raise BadRequest("callbackUrl is not a URL") from None
        if whole.scheme not in {"http", "https"} or not host or not host.strip(".") or not port:
            raise BadRequest("callbackUrl must be an http or https URL with a host")
        if self._allow and host.lower().rstrip(".") not in self._allow:
            raise BadRequest(f"callbackUrl: {host} is not among CITRINE_API_CALLBACK_ALLOW")
        if denied(host):
            raise BadRequest(f"callbackUrl: callbacks to {host} are denied")
        return whole

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
        if self._client is not None:
            await self._client.close()

    async def _deliver(self, url: URL, station: str, body: bytes) -> None:
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._pause(_FIRST_PAUSE * 2 ** (attempt - 1))
            reason, again = await self._try(url, station, body)
            if reason is None:
                log.info("callback.delivered", host=url.host, station=station)
                return
            if not again or self._stopping:
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

    async def _try(self, url: URL, station: str, body: bytes) -> tuple[str | None, bool]:
        """Why it failed, None if it did not; and whether another attempt may help."""
        headers = {
            "Content-Type": "application/json",
            "X-Station-Id": quote(station, safe=""),
            "User-Agent": "citrine-py",
        }
        try:
            async with self._session().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    return None, False
                again = answer.status >= 500 or answer.status in {408, 425, 429}
                return f"status {answer.status}", again
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, DeniedAddress):
                return str(error.os_error), False
            return type(error).__name__, True
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return type(error).__name__, True

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            connector = aiohttp.TCPConnector(resolver=Guarded(self._resolver()), limit=50)
            self._client = aiohttp.ClientSession(
                connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._client
