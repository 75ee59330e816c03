"""A line between the service and Directus that goes wrong where it is told to.

Takes one HTTP request a connection and hands it on; a websocket becomes a plain
tunnel. Before each it asks `mood` what to do with it. Knows HTTP as far as that
needs, and nothing of Directus.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TypeAlias
from urllib.parse import urlsplit

HEAD_LIMIT = 64 * 1024
GATEWAY_PAGE = b"<html><body><h1>It works!</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, before anything is done with it."""

    method: str
    path: str
    websocket: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a request. The default: nothing.

    Attributes:
        name: for counting.
        delay: seconds before it is handed on.
        forwarded: whether Directus gets it at all.
        answer: what the service gets in place of Directus' answer.
        cut: part of the answer after which the line breaks, 0 to 1; None: it does not.
        lives: seconds until a websocket is cut; None: it is not.
        garbage: bytes that a websocket ends with.
    """

    name: str = "none"
    delay: float = 0.0
    forwarded: bool = True
    answer: bytes | None = None
    cut: float | None = None
    lives: float | None = None
    garbage: bytes = b""


Mood: TypeAlias = Callable[[Request], Fault]

NO_FAULT = Fault()


def calm(_request: Request) -> Fault:
    """Nothing goes wrong."""
    return NO_FAULT


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} Faulty", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Proxy:
    """Listens on a port of its own while the block lives.

    Attributes:
        mood: asked about each request.
        down: nobody listens, as far as the service can tell.
        faults: how often each befell a request.
    """

    def __init__(self, target: str, port: int) -> None:
        split = urlsplit(target)
        self._host, self._target_port = split.hostname, split.port
        self._port = port
        self.url = f"http://127.0.0.1:{port}"
        self.mood: Mood = calm
        self.down = False
        self.faults: Counter[str] = Counter()
        self.websockets = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._tunnels: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self._port, limit=HEAD_LIMIT, reuse_address=True
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut_websockets(self) -> None:
        """Breaks every websocket."""
        for writer in self._tunnels:
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self.down:
                await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # either side broke off: so does the other
        finally:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        request = await _request(head, reader)
        fault = self.mood(request)
        if fault is not NO_FAULT:
            self.faults[fault.name] += 1
        await asyncio.sleep(fault.delay)
        if not fault.forwarded:
            await _send(writer, fault.answer or b"", 1.0 if fault.cut is None else fault.cut)
            return
        upstream = await asyncio.open_connection(self._host, self._target_port, limit=HEAD_LIMIT)
        try:
            if request.websocket:
                upstream[1].write(head)
                await self._tunnel((reader, writer), upstream, fault)
                return
            upstream[1].write(_closing(head) + request.body)
            answer = await upstream[0].read(-1)
            await _send(writer, fault.answer or answer, 1.0 if fault.cut is None else fault.cut)
        finally:
            upstream[1].transport.abort()

    async def _tunnel(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        fault: Fault,
    ) -> None:
        self.websockets += 1
        self._tunnels.add(client[1])
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(fault.lives):
                    await asyncio.gather(
                        _pump(client[0], upstream[1]), _pump(upstream[0], client[1])
                    )
            await _send(client[1], fault.garbage, 1.0)
        finally:
            self._tunnels.discard(client[1])


async def _request(head: bytes, reader: asyncio.StreamReader) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers.get("upgrade") == "websocket", body)


def _closing(head: bytes) -> bytes:
    """The head of a request after whose answer the connection ends."""
    lines = head.decode("latin-1").split("\r\n")
    kept = [line for line in lines[:-2] if not line.lower().startswith("connection:")]
    return "\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1")


async def _send(writer: asyncio.StreamWriter, data: bytes, part: float) -> None:
    """Sends the beginning of an answer and hangs up; what was sent still arrives."""
    writer.write(data[: int(len(data) * part)])
    await writer.drain()
    if writer.can_write_eof() and part == 1.0:
        writer.write_eof()
        await asyncio.sleep(0)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    raise ConnectionError("closed")


class Storm:
    """A mood: any request may meet any fault.

    Args:
        share: part of the requests that meet one.
    """

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)
        self._share = share

    def __call__(self, request: Request) -> Fault:
        if request.websocket:
            return self._websocket()
        if self._random.random() >= self._share:
            return NO_FAULT
        return self._random.choice(self._faults())

    def _faults(self) -> list[Fault]:
        late = self._random.uniform(0.05, 0.5)
        part = self._random.uniform(0.0, 0.95)
        happened = self._random.random() < 0.5
        broken = self._random.choice(
            [http(200, GATEWAY_PAGE), http(200, b"{"), b"\x00\xffnot HTTP\r\n\r\n", http(200),
             http(200, b"{}"), http(302, Location="http://127.0.0.1:9/"), http(200, b"null")]
        )  # fmt: skip
        return [
            Fault("delayed", delay=late),
            Fault("lost on the way", forwarded=False),
            Fault("cut within the answer", cut=part),
            Fault("429", forwarded=False, answer=http(429, Retry_After="1")),
            Fault("500", forwarded=happened, answer=http(500, b"oops")),
            Fault("503", forwarded=happened, answer=http(503)),
            Fault("garbage", forwarded=happened, answer=broken),
        ]

    def _websocket(self) -> Fault:
        garbage = self._random.choice([b"", b"\xff\xff\xff garbage", b"\x81\x05{oops"])
        lives = self._random.uniform(0.2, 3.0)
        return self._random.choice(
            [
                Fault("subscription cut", lives=lives, garbage=garbage),
                Fault("subscription refused", forwarded=False, answer=http(503)),
            ]
        )
