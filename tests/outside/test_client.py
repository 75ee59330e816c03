"""Calls to outside: short, without redirects, and not to where nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from citrine_py.outside.client import LONGEST_ANSWER, Client, OutsideError

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """A server on a free port that answers every POST so; its address."""
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ask"
    finally:
        await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made = Client()
    yield made
    await made.stop()


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@pytest.mark.parametrize("way", ["post", "post_stranger"])
async def test_a_post_is_answered(client: Client, way: str) -> None:
    async with server(echo) as url:
        assert await getattr(client, way)(url, b"hello", {}, 5) == b"hello"


async def failing(_request: web.Request) -> web.Response:
    return web.Response(status=500)


async def moving(_request: web.Request) -> web.Response:
    return web.Response(status=307, headers={"Location": "/elsewhere"})


async def talking(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * (LONGEST_ANSWER + 1))


@pytest.mark.parametrize(
    ("answer", "told"), [(failing, "500"), (moving, "307"), (talking, "more than 65536 bytes")]
)
async def test_what_is_no_answer_is_said_so(client: Client, answer: Answer, told: str) -> None:
    async with server(answer) as url:
        with pytest.raises(OutsideError, match=told):
            await client.post(url, b"", {}, 5)


async def test_a_server_that_does_not_answer_is_not_waited_for(client: Client) -> None:
    stuck = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await stuck.wait()
        return web.Response()

    async with server(wait) as url:
        with pytest.raises(OutsideError, match=r"no answer within 0\.2 s"):
            await client.post(url, b"", {}, 0.2)
        stuck.set()


async def test_a_server_that_is_not_there_is_said_so(client: Client) -> None:
    async with server(echo) as url:
        pass
    with pytest.raises(OutsideError, match="cannot be asked"):
        await client.post(url, b"", {}, 5)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://[fd00:ec2::254]/",
        "http://2852039166/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "ocsp.example.com",
        "http://[",
        "http://",
    ],
)
async def test_a_stranger_sends_us_nowhere_that_he_must_not(client: Client, url: str) -> None:
    with pytest.raises(OutsideError):
        await client.post_stranger(url, b"", {}, 5)
