"""The system under test as one case sees it: one station, and an operator's manual actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from tests.conformance import raw
from tests.people import Operator, until


class Csms:
    """`operator` does what a case calls manual; `station_id` is this case's own."""

    def __init__(self, operator: Operator, station_id: str) -> None:
        self.operator = operator
        self.station_id = station_id

    def station(self, password: str | None = None) -> AbstractAsyncContextManager[raw.RawStation]:
        """The station connected: to the open port, or with a password to the other."""
        if password is None:
            return raw.station(self.operator.open_url, self.station_id)
        headers = raw.basic(self.station_id, password)
        return raw.station(self.operator.password_url, self.station_id, headers)

    async def refusal(self, user: str = "", password: str = "") -> int:
        """The HTTP status with which the password port refuses these credentials."""
        headers = raw.basic(user or self.station_id, password)
        return await raw.refusal(self.operator.password_url, self.station_id, headers)

    async def enter_station(self) -> None:
        """The station gets its entry in Directus, which counts at once."""
        await self.operator.enter_station(self.station_id)

        async def known() -> bool:
            return await self.refusal() != 404

        await until(known)

    async def set_password(self, password: str, *, set_on_charger: bool) -> httpx.Response:
        return await self.operator.set_password(
            self.station_id, password, set_on_charger=set_on_charger
        )

    async def set_boot(self, **fields: Any) -> None:
        await self.operator.set_boot(self.station_id, **fields)

    async def attributes(self, **query: str) -> list[dict[str, Any]]:
        return await self.operator.attributes(self.station_id, **query)

    async def enter_token(self, token: dict[str, str]) -> None:
        """The token gets its entry, Accepted."""
        body = {"idToken": token, "idTokenInfo": {"status": "Accepted"}}
        params = {"idToken": token["idToken"], "type": token["type"]}
        answer = await self.operator.api.put(
            "/data/evdriver/authorization", params=params, json=body
        )
        assert answer.status_code == 200, answer.text

    async def transaction(self, transaction_id: str) -> dict[str, Any]:
        """The Transaction as an operator's script reads it, once it is there."""
        params = {"stationId": self.station_id, "transactionId": transaction_id}

        async def read() -> list[dict[str, Any]]:
            answer = await self.operator.api.get("/data/transactions/transaction", params=params)
            assert answer.status_code == 200, answer.text
            rows: list[dict[str, Any]] = answer.json()
            return rows

        async def there() -> bool:
            return len(await read()) == 1

        await until(there)
        return (await read())[0]

    async def meter_values(self) -> list[dict[str, Any]]:
        """All of the station's meter values, as an operator's script reads them."""
        return await self._rows("/data/transactions/meterValue")

    async def _rows(self, path: str) -> list[dict[str, Any]]:
        answer = await self.operator.api.get(path, params={"stationId": self.station_id})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()
        return rows

    async def connector_states(self) -> dict[tuple[int, int], str]:
        """(EVSE, connector) to the status that the API shows."""
        rows = await self._rows("/data/configuration/connector")
        return {(each["evseId"], each["connectorId"]): each["connectorStatus"] for each in rows}

    async def history(self) -> list[dict[str, Any]]:
        """The lines of the station's history."""
        return await self._rows("/data/reporting/stationEvent")

    async def shown_in_directus(self, count: int) -> dict[tuple[str, str], str]:
        """(component, variable) to value, once Directus shows `count` rows of the station."""

        async def all_there() -> bool:
            return len(await self.operator.rows("VariableAttribute", self.station_id)) >= count

        await until(all_there)
        rows = await self.operator.rows("VariableAttribute", self.station_id)
        return {(row["component"], row["variable"]): row["value"] for row in rows}

    async def while_sending(
        self,
        path: str,
        payload: dict[str, Any],
        play: Callable[[], Coroutine[Any, Any, None]],
    ) -> dict[str, Any]:
        """Sends while the station plays its part; the API's answer, which tells success."""
        sending = asyncio.ensure_future(self.operator.send(self.station_id, path, payload))
        try:
            await play()
            answer = await sending
        finally:
            sending.cancel()
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["success"] is True, body
        return body
