"""A listener on a free port with small neighbours, and stations that speak raw frames."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from citrine_py.edge.config import CallLimits, ListenerConfig
from citrine_py.edge.listener import Listener
from citrine_py.edge.registry import Registry
from citrine_py.edge.stats import EdgeStats
from citrine_py.live import Live
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Call, Knock, Payload, Refused, SessionInfo

T0 = "2026-01-01T00:00:00.000Z"
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
BOOTED = {"currentTime": T0, "interval": 60, "status": "Accepted"}


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Doorkeeper:
    """Lets everybody in but those it is told to refuse."""

    refusals: dict[str, Refused] = field(default_factory=dict)
    knocks: list[Knock] = field(default_factory=list)
    fails: bool = False

    async def admit(self, knock: Knock) -> Refused | None:
        self.knocks.append(knock)
        if self.fails:
            raise RuntimeError("the journal is " + "gone"[:4])
        return self.refusals.get(knock.station)


@dataclass
class Answers:
    """Answers BootNotification and Heartbeat; `before` may wait or raise."""

    calls: list[Call] = field(default_factory=list)
    before: Callable[[Call], Awaitable[None]] | None = None

    async def answer(self, call: Call) -> Payload:
        self.calls.append(call)
        if self.before is not None:
            await self.before(call)
        if call.action == "BootNotification":
            return dict(BOOTED)
        if call.action == "Heartbeat":
            return {"currentTime": T0}
        raise CallError("NotImplemented", f"no {call.action} here")


@dataclass
class Attendance:
    """Notes who came and went, in order; `slow` delays the notes."""

    events: list[tuple[str, str]] = field(default_factory=list)
    seen_frames: int = 0
    slow: float = 0
    fails: bool = False

    async def connected(self, session: SessionInfo) -> None:
        await asyncio.sleep(self.slow)
        if self.fails:
            raise RuntimeError("cannot record")
        self.events.append(("connected", session.id))

    async def gone(self, session: SessionInfo, reason: str) -> None:
        await asyncio.sleep(self.slow)
        if self.fails:
            raise RuntimeError("cannot record")
        self.events.append(("gone", session.id))

    def seen(self, session: SessionInfo) -> None:
        self.seen_frames += 1


@dataclass
class Frames:
    kept: list[tuple[str, str, str | None]] = field(default_factory=list)

    def frame(self, session: SessionInfo, direction: Any, text: str, action: str | None) -> None:
        self.kept.append((direction, text, action))


class Ids:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"id-{next(self._numbers)}"


@dataclass
class Edge:
    listener: Listener
    registry: Registry
    admission: Doorkeeper
    dispatch: Answers
    presence: Attendance
    frames: Frames
    stats: EdgeStats

    @property
    def port(self) -> int:
        return self.listener.port

    def station(self, name: str = "cp001", **options: Any) -> connect:
        options.setdefault("subprotocols", ["ocpp2.0.1"])
        options.setdefault("compression", None)
        scheme = "wss" if "ssl" in options else "ws"
        return connect(f"{scheme}://127.0.0.1:{self.port}/{name}", **options)


@asynccontextmanager
async def edge(
    limits: CallLimits | None = None, stop: bool = True, **config: Any
) -> AsyncIterator[Edge]:
    """A listener at work. `config` goes into its ListenerConfig."""
    parts = Doorkeeper(), Answers(), Attendance(), Frames(), EdgeStats()
    admission, dispatch, presence, frames, stats = parts
    registry = Registry(stats)
    base = ListenerConfig("open", "127.0.0.1", 0, allow_unknown=True, close_timeout=0.5)
    listener = Listener(
        replace(base, **config),
        admission=admission,
        dispatch=dispatch,
        presence=presence,
        frames=frames,
        registry=registry,
        schemas=Schemas(),
        clock=Clock(),
        new_id=Ids(),
        limits=limits or CallLimits(timeout=Live(5.0), grace=2),
        stats=stats,
    )
    await listener.start()
    try:
        yield Edge(listener, registry, admission, dispatch, presence, frames, stats)
    finally:
        if stop:
            await listener.stop()


async def ask(socket: ClientConnection, action: str, payload: Any, message_id: str = "1") -> Any:
    """Sends a CALL and returns the next frame that comes."""
    await socket.send(json.dumps([2, message_id, action, payload]))
    return await hear(socket)


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Waits until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


async def http(port: int, request: str) -> tuple[int, dict[str, str], str]:
    """One raw HTTP exchange: status, headers (lower case), body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.replace("\n", "\r\n").encode("latin-1"))
    async with asyncio.timeout(5):
        answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split()[1]), headers, body


def upgrade(path: str, *headers: str, subprotocol: str | None = "ocpp2.0.1") -> str:
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\n".join([*lines, "", ""])
