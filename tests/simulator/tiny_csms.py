"""A CSMS of a few lines on a real websocket: answers what it is told to, and can ask."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

NOW = "2026-01-01T00:00:00.000Z"


class TinyCsms:
    """`boots` are the answers to BootNotification in turn, the last one for ever."""

    def __init__(self) -> None:
        self.port = 0
        self.password: str | None = None
        self.boots: list[dict[str, Any]] = [boot("Accepted")]
        self.refuse: Callable[[str], str | None] = lambda _action: None
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.users: list[str | None] = []
        self.socket: ServerConnection | None = None
        self.hang_up_on: str | None = None
        self._answers: dict[str, asyncio.Future[list[Any]]] = {}
        self._numbers = count()
        self._news = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def actions(self) -> list[str]:
        return [action for action, _ in self.received]

    def payloads(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.received if name == action]

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(done)

    async def ask(self, action: str, payload: dict[str, Any]) -> list[Any]:
        """The whole frame of the station's answer."""
        assert self.socket is not None
        message_id = f"ask-{next(self._numbers)}"
        self._answers[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(10):
            return await self._answers[message_id]

    def check(self, _socket: ServerConnection, request: Request) -> Response | None:
        header = request.headers.get("Authorization")
        pair = base64.b64decode(header.split()[1]).decode() if header else None
        self.users.append(pair)
        station = request.path.rpartition("/")[2]
        if self.password is not None and pair != f"{station}:{self.password}":
            return _socket.respond(HTTPStatus.UNAUTHORIZED, "wrong password\n")
        return None

    async def converse(self, socket: ServerConnection) -> None:
        self.socket = socket
        async for text in socket:
            frame = json.loads(text)
            if frame[0] == 2:
                await self._answer(socket, frame)
            elif frame[1] in self._answers:
                self._answers.pop(frame[1]).set_result(frame)
            async with self._news:
                self._news.notify_all()

    async def _answer(self, socket: ServerConnection, frame: list[Any]) -> None:
        _, message_id, action, payload = frame
        self.received.append((action, payload))
        code = self.refuse(action)
        if code is not None:
            await socket.send(json.dumps([4, message_id, code, "", {}]))
            return
        answer: dict[str, Any] = {}
        if action == "BootNotification":
            answer = self.boots[0] if len(self.boots) == 1 else self.boots.pop(0)
        elif action == "Heartbeat":
            answer = {"currentTime": NOW}
        await socket.send(json.dumps([3, message_id, answer]))


def boot(status: str, interval: int = 60) -> dict[str, Any]:
    return {"currentTime": NOW, "interval": interval, "status": status}


@asynccontextmanager
async def tiny_csms() -> AsyncIterator[TinyCsms]:
    csms = TinyCsms()
    async with serve(
        csms.converse,
        "127.0.0.1",
        0,
        process_request=csms.check,
        subprotocols=[Subprotocol("ocpp2.0.1")],
    ) as server:
        csms.port = next(iter(server.sockets)).getsockname()[1]
        yield csms
