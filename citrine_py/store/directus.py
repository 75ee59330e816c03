"""Directus over HTTP: token, retries, paging, and its errors as ours.

The one user of httpx in the service. Knows paths and error codes of Directus'
REST API, no record and no journal. Every call of the store may be repeated
without harm, so all are retried alike while Directus is away.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import orjson
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from citrine_py.errors import DirectusError
from citrine_py.ports import Clock
from citrine_py.store.codec import dumps

log = structlog.get_logger()

PAGE = 5000
"""Rows in one page; Directus' own default would be 100."""

_BUSY = (429, 502, 503, 504)
_LONGEST_WAIT = 30.0  # seconds, whatever Retry-After says


class DirectusAway(DirectusError):
    """No fault of the request: not reachable, overloaded, restarting, wrong token.

    `retry_after`: the seconds that Directus asked us to wait, if it did.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status, code)
        self.retry_after = retry_after


class DirectusFault(DirectusAway):
    """Status 500: Directus' database is away, or a row hits a fault of Directus."""


class DirectusUnavailable(DirectusAway):
    """One collection or endpoint cannot be used: not provisioned yet, no right to it."""


class DirectusRefused(DirectusError):
    """The request itself is wrong; the same request will be refused again."""


def new_client(url: str, token: str) -> httpx.AsyncClient:
    """The HTTP client that `Directus` uses in production."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=httpx.Timeout(30, connect=3),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
        trust_env=False,
    )


class Directus:
    """Calls to Directus. `calls` counts them by kind, `away_since` is set during an outage."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock, *, attempts: int = 3) -> None:
        self._client = client
        self._clock = clock
        self._attempts = attempts
        self.calls: Counter[str] = Counter()
        self.away_since: float | None = None

    async def close(self) -> None:
        await self._client.aclose()

    async def call(self, kind: str, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The `data` of Directus' answer; None where it has none.

        Raises:
            DirectusRefused: the request is wrong.
            DirectusAway: no answer after some attempts, or no right to ask.
        """
        content = None if body is None else dumps(body)
        try:
            async for attempt in AsyncRetrying(
                sleep=self._clock.sleep,
                stop=stop_after_attempt(self._attempts),
                wait=_wait,
                retry=retry_if_exception(_passes),
                reraise=True,
            ):
                with attempt:
                    data = await self._once(kind, method, path, content, params)
        except (DirectusUnavailable, DirectusRefused):
            self._answered()
            raise
        except DirectusAway as error:
            self._silent(error)
            raise
        self._answered()
        return data

    async def read(
        self,
        collection: str,
        fields: Sequence[str],
        where: dict[str, Any] | None = None,
        *,
        sort: Sequence[str] = (),
        limit: int = PAGE,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Rows of a collection by a filter of Directus' own form."""
        query = {"fields": list(fields), "limit": limit, "offset": offset, "sort": list(sort)}
        if where:
            query["filter"] = where
        return _rows(await self.call("read", "SEARCH", f"/items/{collection}", {"query": query}))

    async def read_all(
        self, collection: str, key: str, fields: Sequence[str]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """All rows, page by page in the order of the key."""
        after: dict[str, Any] | None = None
        while True:
            rows = await self.read(collection, fields, after, sort=(key,))
            yield rows
            if len(rows) < PAGE:
                return
            after = {key: {"_gt": rows[-1][key]}}

    async def list_source(self, path: str, keys: Sequence[str] | None) -> list[dict[str, Any]]:
        """The rows of an endpoint that stands in for `/items` (`Collection.source`)."""
        params = {} if keys is None else {"keys": ",".join(keys)}
        return _rows(await self.call("read", "GET", path, **params))

    async def _once(
        self, kind: str, method: str, path: str, content: bytes | None, params: dict[str, str]
    ) -> Any:
        self.calls[kind] += 1
        try:
            response = await self._client.request(method, path, content=content, params=params)
        except httpx.TransportError as error:
            raise DirectusAway(f"{type(error).__name__} at {path}") from error
        if response.status_code >= 400:
            raise _error(response, path)
        if not response.content:
            return None
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise DirectusAway(f"no JSON from {path}", response.status_code) from error
        return answer.get("data") if isinstance(answer, dict) else answer

    def _silent(self, error: DirectusAway) -> None:
        if self.away_since is None:
            self.away_since = self._clock.monotonic()
            log.warning("directus.away", reason=str(error), status=error.status, code=error.code)

    def _answered(self) -> None:
        if self.away_since is not None:
            gap = self._clock.monotonic() - self.away_since
            self.away_since = None
            log.info("directus.back", seconds=round(gap, 3))


def _rows(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise DirectusAway("Directus answered something else than rows")
    return data


def _passes(error: BaseException) -> bool:
    """Whether a second attempt soon may well succeed."""
    if isinstance(error, DirectusUnavailable | DirectusFault):
        return False
    return isinstance(error, DirectusAway) and error.status not in (401, 403)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, DirectusAway) and error.retry_after is not None:
        return min(error.retry_after, _LONGEST_WAIT)
    spread = 0.5 + random.random()  # noqa: S311 - spreads retries, no secret
    return 0.1 * float(2**state.attempt_number) * spread


def _error(response: httpx.Response, path: str) -> DirectusError:
    status = response.status_code
    message, code = _reason(response)
    message = message or f"HTTP {status} at {path}"
    if status in _BUSY:
        return DirectusAway(message, status, code, _retry_after(response))
    if status == 500:
        return DirectusFault(message, status, code)
    if status > 500 or status == 401 or code in ("INVALID_TOKEN", "TOKEN_EXPIRED"):
        return DirectusAway(message, status, code)
    if status == 404 or (status == 403 and path.startswith("/citrine/")):
        return DirectusUnavailable(message, status, code)
    return DirectusRefused(message, status, code)


def _reason(response: httpx.Response) -> tuple[str, str | None]:
    try:
        first = orjson.loads(response.content)["errors"][0]
        return str(first["message"]), first.get("extensions", {}).get("code")
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return "", None


def _retry_after(response: httpx.Response) -> float | None:
    """Retry-After in its form of seconds; a date is taken as absent."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None
