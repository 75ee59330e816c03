"""Directus as an operator sees it: rows counted, records edited, and changes as they appear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson
from websockets.asyncio.client import ClientConnection, connect

_LOOK_EVERY = 0.05  # seconds
_VISIBLE_WITHIN = 120.0
_SUBSCRIBED_WITHIN = 10.0
_ROWS = 1000  # rows in one call
_KEPT = 2.0  # seconds; Directus closes an idle connection after five
_BUSY = (429, 503)
_TRIES = 50
_BREATH = 0.2  # seconds between tries


class Admin:
    """Calls with an admin's token, for whom Directus checks no permissions."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of an answer; asked again where Directus says that it has too much to do.

        Raises:
            RuntimeError: Directus refused.
        """
        content = None if body is None else orjson.dumps(body)
        for _ in range(_TRIES):
            status, text = await self._once(method, path, content)
            if status not in _BUSY:
                break
            await asyncio.sleep(_BREATH)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text[:500]!r}")
        return orjson.loads(text)["data"] if text else None

    async def _once(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        assert self._session is not None, "enter it first"
        async with self._session.request(method, path, data=content) as response:
            return response.status, await response.read()

    async def make(self, collection: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Makes rows by `/items`."""
        for start in range(0, len(rows), _ROWS):
            await self.call("POST", f"/items/{collection}", list(rows[start : start + _ROWS]))

    async def count(self, collection: str) -> int:
        """How many rows there are."""
        told = await self.call("GET", f"/items/{collection}?aggregate[count]=*")
        return int(told[0]["count"])

    async def holds(self, collection: str, count: int) -> float:
        """Waits until there are so many rows; the monotonic time at which they were seen."""
        async with asyncio.timeout(_VISIBLE_WITHIN):
            while await self.count(collection) < count:
                await asyncio.sleep(_LOOK_EVERY)
        return time.monotonic()


class Watch:
    """When which connector was seen with which timestamp, as an open page would show it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._seen: dict[str, list[tuple[float, str]]] = {}

    async def run(self) -> None:
        """Takes what comes until the connection is closed."""
        async for text in self._socket:
            message = orjson.loads(text)
            if message["type"] == "ping":
                await self._socket.send('{"type":"pong"}')
            if message.get("event") not in ("create", "update"):
                continue
            for row in message["data"]:
                moment = (time.monotonic(), str(row["timestamp"]))
                self._seen.setdefault(row["station"], []).append(moment)

    async def saw(self, station: str, timestamp: str, until: float) -> float:
        """Waits until the station's connector was seen with this timestamp or a later one; when
        that was, in monotonic time, at the latest `until`."""
        while True:
            for at, shown in self._seen.get(station, ()):
                if shown >= timestamp:
                    return at
            if time.monotonic() > until:
                return until
            await asyncio.sleep(0.01)


@asynccontextmanager
async def watch(admin: Admin) -> AsyncIterator[Watch]:
    """Watches the connectors as long as the block lasts."""
    url = admin.url.replace("http", "ws", 1) + "/websocket"
    async with connect(url, proxy=None, ping_interval=None, max_size=None) as socket:
        async with asyncio.timeout(_SUBSCRIBED_WITHIN):
            await _send(socket, {"type": "auth", "access_token": admin.token})
            while orjson.loads(await socket.recv())["type"] != "auth":
                pass
            query = {"fields": ["station", "timestamp"]}
            await _send(socket, {"type": "subscribe", "collection": "Connector", "query": query})
            while orjson.loads(await socket.recv()).get("event") != "init":
                pass
        watching = Watch(socket)
        task = asyncio.create_task(watching.run())
        try:
            yield watching
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _send(socket: ClientConnection, message: Mapping[str, Any]) -> None:
    await socket.send(orjson.dumps(message).decode())
