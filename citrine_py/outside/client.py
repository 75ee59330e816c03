"""One HTTP client for all calls to outside: no redirects, no cookies, short answers.

An address that comes from a charger or another stranger goes through `stranger`, where
link-local and metadata addresses are denied; one of the settings is trusted as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from citrine_py.errors import CitrineError
from citrine_py.outside.destinations import Guarded, denied

LONGEST_ANSWER = 65_536  # bytes


class OutsideError(CitrineError):
    """There was no usable answer; the message says why, in words fit for a log."""


class Client:
    """Posts. Opened by the first use, closed by `stop`."""

    def __init__(self) -> None:
        self._known: aiohttp.ClientSession | None = None
        self._strangers: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> bytes:
        """The body of the answer to a POST to an address of the settings.

        Raises:
            OutsideError: no answer in time, not 200, or too long.
        """
        if self._known is None:
            self._known = _session(aiohttp.TCPConnector(limit=50))
        return await _post(self._known, URL(url), body, headers, seconds)

    async def post_stranger(
        self, url: str, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> bytes:
        """As `post`, to an address that nobody vouches for."""
        try:
            whole = URL(url)
            host, port = whole.host, whole.port
        except ValueError:
            raise OutsideError("no URL") from None
        if whole.scheme not in {"http", "https"} or not host or not port:
            raise OutsideError("no http or https URL")
        if denied(host):
            raise OutsideError(f"{host} is an address that nothing is sent to")
        if self._strangers is None:
            self._strangers = _session(
                aiohttp.TCPConnector(resolver=Guarded(ThreadedResolver()), limit=50)
            )
        return await _post(self._strangers, whole, body, headers, seconds)

    async def stop(self) -> None:
        """Closes the connections."""
        for session in (self._known, self._strangers):
            if session is not None:
                await session.close()
        self._known = self._strangers = None


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _post(
    session: aiohttp.ClientSession,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
) -> bytes:
    try:
        async with session.post(
            url,
            data=body,
            headers={"User-Agent": "citrine-py", **headers},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as answer:
            if answer.status != 200:
                raise OutsideError(f"{url.host} answered {answer.status}")
            text = await answer.content.read(LONGEST_ANSWER + 1)
            while len(text) <= LONGEST_ANSWER and not answer.content.at_eof():
                text += await answer.content.read(LONGEST_ANSWER + 1)
    except TimeoutError:
        raise OutsideError(f"{url.host} gave no answer within {seconds:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise OutsideError(f"{url.host} cannot be asked: {type(error).__name__}") from None
    if len(text) > LONGEST_ANSWER:
        raise OutsideError(f"{url.host} answered more than {LONGEST_ANSWER} bytes")
    return text
