"""Real-time authorization over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.authorization import HttpAuthorization
from citrine_py.outside.client import Client
from citrine_py.ports import Payload
from tests.outside.test_client import echo, server

QUESTION: Payload = {
    "stationId": "cp001",
    "idToken": {"idToken": "AB12", "type": "ISO14443"},
    "idTokenInfo": {"status": "Unknown"},
}


async def ask(answer: Any, *, status: int = 200) -> tuple[Payload | None, web.Request, Any]:
    """What came of a question, the request that the server saw, and its body."""
    seen: list[tuple[web.Request, Any]] = []

    async def respond(request: web.Request) -> web.Response:
        seen.append((request, await request.json()))
        if isinstance(answer, str):
            return web.Response(text=answer, status=status)
        return web.json_response(answer, status=status)

    client = Client()
    async with server(respond) as url:
        asked = HttpAuthorization(client, Schemas(), url, "secret-token", 5)
        found = await asked.ask(QUESTION)
    await client.stop()
    return found, *seen[0]


@pytest.mark.parametrize("bare", [True, False])
async def test_the_answer_is_ocpps_id_token_info_bare_or_named(bare: bool) -> None:
    info = {"status": "Accepted", "groupIdToken": {"idToken": "G", "type": "Central"}}
    found, request, body = await ask(info if bare else {"idTokenInfo": info})
    assert found == info
    assert body == QUESTION
    assert request.headers["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize(
    "answer", [{}, {"status": "Fine"}, {"idTokenInfo": None}, [], "yes", '{"status":', 1]
)
async def test_what_does_not_fit_ocpps_schema_is_no_answer(answer: Any) -> None:
    found, *_ = await ask(answer)
    assert found is None


async def test_a_server_that_fails_gives_no_answer() -> None:
    found, *_ = await ask({"status": "Accepted"}, status=503)
    assert found is None


async def test_a_server_that_is_not_there_gives_no_answer() -> None:
    client = Client()
    async with server(echo) as url:
        pass
    assert await HttpAuthorization(client, Schemas(), url, None, 5).ask(QUESTION) is None
    await client.stop()
