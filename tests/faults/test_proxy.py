"""The bad line does what it is told, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import WSMsgType, web
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.faults.backend import quiet_ports
from tests.faults.proxy import Fault, Proxy, Request, Storm, calm, http

BODY = "x" * 100_000


class Target:
    """An HTTP server that counts what reaches it."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def plain(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        return web.json_response({"data": BODY})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
        return socket


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
async def line(target: Target) -> AsyncIterator[Proxy]:
    app = web.Application()
    app.router.add_route("GET", "/socket", target.socket)
    app.router.add_route("*", "/{any}", target.plain)
    runner = web.AppRunner(app)
    await runner.setup()
    port, own = quiet_ports(2)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with Proxy(f"http://127.0.0.1:{port}", own) as proxy:
            yield proxy
    finally:
        await runner.cleanup()


async def ask(line: Proxy, **content: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=line.url, trust_env=False) as client:
        return await client.post("/x", json=content)


async def test_when_calm_it_is_as_if_it_were_not_there(line: Proxy, target: Target) -> None:
    answer = await ask(line, a=1)
    assert (answer.status_code, answer.json()) == (200, {"data": BODY})
    assert target.bodies == ['{"a":1}']
    assert not line.faults


async def test_an_answer_that_is_cut_was_worked_on(line: Proxy, target: Target) -> None:
    line.mood = lambda _: Fault("cut", cut=0.5)
    with pytest.raises(httpx.TransportError):
        await ask(line, a=1)
    assert target.bodies == ['{"a":1}']
    assert line.faults == {"cut": 1}


async def test_what_is_lost_on_the_way_was_not_worked_on(line: Proxy, target: Target) -> None:
    line.mood = lambda _: Fault("lost", forwarded=False)
    with pytest.raises(httpx.TransportError):
        await ask(line)
    assert target.bodies == []


@pytest.mark.parametrize("forwarded", [True, False])
async def test_another_answer_stands_in(line: Proxy, target: Target, forwarded: bool) -> None:
    other = http(429, b"slower", Retry_After="7")
    line.mood = lambda _: Fault("429", forwarded=forwarded, answer=other)
    answer = await ask(line)
    assert (answer.status_code, answer.text) == (429, "slower")
    assert answer.headers["Retry-After"] == "7"
    assert len(target.bodies) == forwarded


async def test_when_down_nobody_answers(line: Proxy) -> None:
    line.down = True
    with pytest.raises(httpx.TransportError):
        await ask(line)


async def test_a_websocket_is_a_tunnel_until_it_is_cut(line: Proxy) -> None:
    async with connect(f"{line.url.replace('http', 'ws')}/socket", proxy=None) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        line.cut_websockets()
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_websocket_may_live_short_and_end_in_garbage(line: Proxy) -> None:
    line.mood = lambda _: Fault("short", lives=0.05, garbage=b"\xff\xff\xff")
    async with connect(f"{line.url.replace('http', 'ws')}/socket", proxy=None) as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_websocket_may_be_refused(line: Proxy) -> None:
    line.mood = lambda _: Fault("refused", forwarded=False, answer=http(503))
    with pytest.raises(InvalidStatus):
        await connect(f"{line.url.replace('http', 'ws')}/socket", proxy=None)


def test_a_storm_brings_every_fault_and_the_same_for_the_same_seed() -> None:
    requests = [Request("POST", "/x", websocket, b"") for websocket in [False] * 300 + [True] * 20]
    first, second = Storm(1, 0.5), Storm(1, 0.5)
    faults = [first(each) for each in requests]
    assert faults == [second(each) for each in requests]
    assert {each.name for each in faults} == {
        "none",
        "delayed",
        "lost on the way",
        "cut within the answer",
        "429",
        "500",
        "503",
        "garbage",
        "subscription cut",
        "subscription refused",
    }
    assert calm(requests[0]).name == "none"
