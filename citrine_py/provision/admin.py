"""Directus' REST API as an admin sees it: the few calls that provisioning makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential

from citrine_py.errors import DirectusError

ALL = "-1"
"""The limit with which Directus lists everything."""

_PATIENCE = 60.0  # seconds that a Directus which does not answer yet is waited for


class _NotYet(Exception):
    """Directus is starting, or under pressure."""


class Admin:
    """Calls with a token of a Directus admin. To be used as an async context."""

    def __init__(self, url: str, token: str, patience: float = _PATIENCE) -> None:
        self._url = url
        self._patience = patience
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """The `data` of the answer.

        Raises:
            DirectusError: refused, or Directus does not answer.
        """
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(_NotYet),
                wait=wait_exponential(0.2, max=3),
                stop=stop_after_delay(self._patience),
                reraise=True,
            ):
                with attempt:
                    return await self._once(method, path, body, params)
        except _NotYet as error:
            raise DirectusError(f"Directus at {self._url} does not answer: {error}") from None

    async def _once(self, method: str, path: str, body: Any, params: Mapping[str, str]) -> Any:
        try:
            answer = await self._client.request(method, path, json=body, params=params or None)
        except httpx.ConnectError as error:
            raise _NotYet(str(error)) from None
        except httpx.HTTPError as error:
            raise DirectusError(f"Directus at {self._url}: {type(error).__name__}") from None
        if answer.status_code in {429, 503}:
            raise _NotYet(f"status {answer.status_code}")
        if answer.status_code >= 400:
            raise _refused(method, path, answer)
        return answer.json().get("data") if answer.content else None


def _refused(method: str, path: str, answer: httpx.Response) -> DirectusError:
    try:
        first = answer.json()["errors"][0]
        text, code = str(first["message"]), str(first["extensions"]["code"])
    except (ValueError, LookupError, TypeError):
        text, code = answer.reason_phrase, None
    return DirectusError(f"Directus refused {method} {path}: {text}", answer.status_code, code)
