"""Vendors' own messages over real HTTP (P02)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client
from citrine_py.outside.vendors import HttpVendor
from citrine_py.ports import Call, Payload
from tests.outside.test_client import server

MESSAGE: Payload = {"vendorId": "org.example", "messageId": "shade", "data": {"shade": "green"}}
CALL = Call("cp001", "DataTransfer", MESSAGE, "m1", "2.0.1", "s1", datetime(2026, 1, 1, tzinfo=UTC))


async def ask(answer: Any, *, status: int = 200) -> tuple[Payload, web.Request, Any]:
    """What the station is answered, the request that the server saw, and its body."""
    seen: list[tuple[web.Request, Any]] = []

    async def respond(request: web.Request) -> web.Response:
        seen.append((request, await request.json()))
        if isinstance(answer, str):
            return web.Response(text=answer, status=status)
        return web.json_response(answer, status=status)

    client = Client()
    async with server(respond) as url:
        found = await HttpVendor(client, Schemas(), url, "secret-token", 5)(CALL)
    await client.stop()
    return found, *seen[0]


async def test_the_servers_answer_is_the_stations() -> None:
    said = {"status": "Accepted", "data": [1, 2]}
    found, request, body = await ask(said)
    assert found == said
    assert body == {"stationId": "cp001", **MESSAGE}
    assert request.headers["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize(
    ("answer", "status"),
    [("no JSON", 200), ({"status": "Perhaps"}, 200), ([], 200), ({"status": "Accepted"}, 500)],
)
async def test_without_a_fitting_answer_the_station_is_told_rejected(
    answer: Any, status: int
) -> None:
    found, *_ = await ask(answer, status=status)
    assert found == {"status": "Rejected", "statusInfo": {"reasonCode": "NoAnswer"}}
    Schemas().check_response("2.0.1", "DataTransfer", found)
