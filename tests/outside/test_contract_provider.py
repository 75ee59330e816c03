"""A car's request for a contract certificate goes to a provider over HTTP (M01, M02)."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client
from citrine_py.outside.contract_provider import HttpContractProvider
from citrine_py.ports import Payload
from tests.outside.test_client import echo, server

QUESTION: Payload = {
    "stationId": "cp001",
    "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
    "action": "Install",
    "exiRequest": "QUJD",
}
GOOD: Payload = {"status": "Accepted", "exiResponse": "REVG"}


async def ask(answer: Any, *, status: int = 200) -> tuple[Payload | None, web.Request, Any]:
    """What came of a question, the request that the provider saw, and its body."""
    seen: list[tuple[web.Request, Any]] = []

    async def respond(request: web.Request) -> web.Response:
        seen.append((request, await request.json()))
        if isinstance(answer, str):
            return web.Response(text=answer, status=status)
        return web.json_response(answer, status=status)

    client = Client()
    async with server(respond) as url:
        asked = HttpContractProvider(client, Schemas(), url, "secret-token", 5)
        found = await asked.ask(QUESTION)
    await client.stop()
    return found, *seen[0]


async def test_the_answer_is_ocpps_own() -> None:
    found, request, body = await ask(GOOD)
    assert found == GOOD
    assert body == QUESTION
    assert request.headers["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize(
    "answer", [{}, {"status": "Accepted"}, {**GOOD, "more": 1}, [], "yes", '{"status":', 1]
)
async def test_what_does_not_fit_ocpps_schema_is_no_answer(answer: Any) -> None:
    found, *_ = await ask(answer)
    assert found is None


async def test_a_provider_that_fails_or_is_not_there_gives_no_answer() -> None:
    found, *_ = await ask(GOOD, status=503)
    assert found is None
    client = Client()
    async with server(echo) as url:
        pass
    assert await HttpContractProvider(client, Schemas(), url, None, 5).ask(QUESTION) is None
    await client.stop()
