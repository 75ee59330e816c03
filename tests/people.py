"""An operator at work on the running system: through Directus and through the REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeAlias

import httpx

from tests.whole_stack import Stack

Json: TypeAlias = dict[str, Any]

WITHIN = 15  # seconds for something to show that is not immediate by promise


class Operator:
    """`api` and `directus` are clients that are signed in already."""

    def __init__(self, stack: Stack, api: httpx.AsyncClient, directus: httpx.AsyncClient) -> None:
        self.stack = stack
        self.api = api
        self.directus = directus
        self.open_url, self.password_url = stack.websocket_urls[:2]

    @classmethod
    @asynccontextmanager
    async def of(cls, stack: Stack) -> AsyncIterator[Self]:
        """The operator of this stack, with the admin's rights in Directus."""
        token = {"Authorization": f"Bearer {stack.api_token}"} if stack.api_token else {}
        admin = {"Authorization": f"Bearer {stack.admin_token}"}
        async with (
            httpx.AsyncClient(base_url=stack.api_url, headers=token, timeout=30) as api,
            httpx.AsyncClient(base_url=stack.directus_url, headers=admin, timeout=30) as directus,
        ):
            yield cls(stack, api, directus)

    # ---- Directus ----------------------------------------------------------------------

    async def enter_station(self, station: str) -> None:
        """Makes the station's entry."""
        answer = await self.directus.post("/items/ChargingStation", json={"id": station})
        assert answer.status_code in {200, 204}, answer.text

    async def item(self, collection: str, key: str) -> Json:
        """One row as Directus shows it."""
        answer = await self.directus.get(f"/items/{collection}/{key}")
        assert answer.status_code == 200, answer.text
        row: Json = answer.json()["data"]
        return row

    async def edit(self, collection: str, key: str, **fields: Any) -> None:
        """Changes a row as the form in Directus does."""
        answer = await self.directus.patch(f"/items/{collection}/{key}", json=fields)
        assert answer.status_code in {200, 204}, answer.text

    async def rows(self, collection: str, station: str) -> list[Json]:
        """All rows of a station."""
        params: dict[str, str | int] = {"filter[station][_eq]": station, "limit": -1}
        answer = await self.directus.get(f"/items/{collection}", params=params)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["data"]
        return found

    # ---- the REST API ------------------------------------------------------------------

    async def set_boot(self, station: str, **fields: Any) -> None:
        params = {"stationId": station}
        answer = await self.api.put("/data/configuration/boot", params=params, json=fields)
        assert answer.status_code == 200, answer.text

    async def boot(self, station: str) -> Any:
        """The Boot record; None if there is none."""
        answer = await self.api.get("/data/configuration/boot", params={"stationId": station})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def set_password(
        self, station: str, password: str | None, *, set_on_charger: bool
    ) -> httpx.Response:
        body: Json = {"stationId": station, "setOnCharger": set_on_charger}
        if password is not None:
            body["password"] = password
        return await self.api.post("/data/configuration/password", json=body)

    async def send(self, station: str, path: str, payload: Json) -> httpx.Response:
        """A message to the station; the answer carries its reply."""
        params = {"identifier": station, "tenantId": "1"}
        return await self.api.post(f"/ocpp/{path}", params=params, json=payload)

    async def attributes(self, station: str, **query: str) -> list[Json]:
        """The station's device model as the API shows it."""
        params = {"stationId": station, **query}
        answer = await self.api.get("/data/monitoring/variableAttribute", params=params)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()
        return found


async def until(seen: Callable[[], Awaitable[bool]], seconds: float = WITHIN) -> None:
    """Looks until `seen()`; for what arrives soon but without a signal to wait for.

    Raises:
        TimeoutError: it did not come true within `seconds`.
    """
    async with asyncio.timeout(seconds):
        while not await seen():
            await asyncio.sleep(0.02)
