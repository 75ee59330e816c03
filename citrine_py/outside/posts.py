"""Posts to addresses that people gave: a callbackUrl, a webhook.

Such an address is not trusted: link-local and metadata addresses are denied after
resolution too, redirects are not followed. What is posted is never logged: it may hold
secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from citrine_py.outside.destinations import DeniedAddress, Guarded

TIMEOUT = 10.0  # seconds
_HEADERS = {"Content-Type": "application/json", "User-Agent": "citrine-py"}


@dataclass(frozen=True, slots=True)
class Failed:
    """A post that failed.

    Attributes:
        reason: in words fit for a log.
        again: another attempt may help.
        away: there was nobody to take it; it says nothing about what was posted.
    """

    reason: str
    again: bool
    away: bool = False


class Poster:
    """Posts. Opened by the first use, closed by `stop`.

    Args:
        resolver: of host names; what it finds is still subject to denial.
        at_once: connections open at the same time; 0 for as many as posts are under way.
        seconds: that an answer may take.
    """

    def __init__(
        self,
        resolver: Callable[[], AbstractResolver] = ThreadedResolver,
        at_once: int = 50,
        seconds: float = TIMEOUT,
    ) -> None:
        self._resolver = resolver
        self._at_once = at_once
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._client: aiohttp.ClientSession | None = None

    async def post(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Failed | None:
        """Posts JSON to a checked URL; None if it was taken."""
        try:
            async with self._session().post(
                url, data=body, headers={**_HEADERS, **headers}, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    return None
                again = answer.status >= 500 or answer.status in {408, 425, 429}
                return Failed(f"status {answer.status}", again)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, DeniedAddress):
                return Failed(str(error.os_error), again=False)
            return Failed(type(error).__name__, again=True, away=True)
        except TimeoutError as error:
            return Failed(type(error).__name__, again=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Failed(type(error).__name__, again=True)

    async def stop(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            connector = aiohttp.TCPConnector(
                resolver=Guarded(self._resolver()), limit=self._at_once
            )
            self._client = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._client
