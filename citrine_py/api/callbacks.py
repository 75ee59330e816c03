"""callbackUrl: posts an outcome to the caller's address, later and with retries.

The address comes from outside, so it is not trusted: link-local addresses
(cloud metadata) and the like are denied, by name and after resolution, and
redirects are not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from citrine_py.errors import BadRequest
from citrine_py.ports import Clock

log = structlog.get_logger()

_ATTEMPTS = 5
_FIRST_PAUSE = 1.0  # seconds; doubled each time
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_AT_ONCE = 1000
_DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",
        "64:ff9b::/96",
    )
)


def denied(address: str) -> bool:
    """Whether no callback may go to this IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return any(ip in network for network in _DENIED if network.version == ip.version)


class _Resolver(AbstractResolver):
    """Resolves as the system does, and leaves out what is denied."""

    def __init__(self) -> None:
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        allowed = [each for each in found if not denied(each["host"])]
        if not allowed:
            raise OSError(f"{host} resolves to addresses that callbacks may not go to")
        return allowed

    async def close(self) -> None:
        await self._system.close()


class Callbacks:
    """Posts outcomes in the background.

    Args:
        allow: the only hosts a callbackUrl may name; empty for all that are not denied.
    """

    def __init__(self, allow: tuple[str, ...], clock: Clock) -> None:
        self._allow = tuple(host.lower() for host in allow)
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None

    def check(self, url: str) -> str:
        """The whole URL that a callbackUrl stands for; without a scheme it is http, as for
        curl.

        Raises:
            BadRequest: no URL that a callback may go to.
        """
        whole = url if "://" in url else f"http://{url}"
        try:
            parts = urlsplit(whole)
            host, _port = parts.hostname, parts.port
        except ValueError:
            raise BadRequest("callbackUrl is not a URL") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise BadRequest("callbackUrl must be an http or https URL with a host")
        if self._allow and host.lower() not in self._allow:
            raise BadRequest(f"callbackUrl: {host} is not among CITRINE_API_CALLBACK_ALLOW")
        try:
            forbidden = denied(host)
        except ValueError:  # a name; looked at when it is resolved
            forbidden = False
        if forbidden:
            raise BadRequest(f"callbackUrl: callbacks to {host} are denied")
        return whole

    def post(self, url: str, body: Any) -> None:
        """Posts `body` to a checked URL, with retries; a failure is only logged."""
        if len(self._tasks) >= _AT_ONCE:
            log.warning("callback.dropped", host=urlsplit(url).hostname, reason="too many at once")
            return
        task = asyncio.create_task(self._deliver(url, body), name="callback")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, seconds: float = 5) -> None:
        """Gives those under way a little time, then ends them."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _deliver(self, url: str, body: Any) -> None:
        host = urlsplit(url).hostname
        reason = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._clock.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                async with self._session().post(url, json=body, allow_redirects=False) as answer:
                    if answer.status < 400:
                        log.info("callback.delivered", host=host, status=answer.status)
                        return
                    reason = f"status {answer.status}"
                    if answer.status < 500 and answer.status not in {408, 429}:
                        break
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                reason = type(error).__name__
        log.warning("callback.failed", host=host, reason=reason)

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            connector = aiohttp.TCPConnector(resolver=_Resolver(), limit=50)
            self._client = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        return self._client
