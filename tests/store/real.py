"""A real Directus for the store's tests: what an operator does there, and the line to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect

from citrine_py.model.collections import COLLECTIONS
from citrine_py.runtime import SystemClock
from citrine_py.store.directus import new_client
from citrine_py.store.store import Store
from tests.store.support import eventually


@dataclass
class Real:
    """`admin` and `service` are HTTP clients with the rights of these."""

    url: str
    service_token: str
    admin: httpx.AsyncClient
    service: httpx.AsyncClient

    async def row(self, collection: str, key: str) -> dict[str, Any] | None:
        rows = await self.rows(collection, "id", key)
        return rows[0] if rows else None

    async def rows(self, collection: str, field: str, value: str) -> list[dict[str, Any]]:
        params = {f"filter[{field}][_eq]": value, "limit": "-1"}
        answer = await self.admin.get(f"/items/{collection}", params=params)
        rows: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return rows

    async def edit(self, collection: str, key: str, **fields: Any) -> None:
        answer = await self.admin.patch(f"/items/{collection}/{key}", json=fields)
        answer.raise_for_status()

    async def make(self, collection: str, key: str, **fields: Any) -> None:
        answer = await self.admin.post(f"/items/{collection}", json={"id": key, **fields})
        answer.raise_for_status()

    async def remove(self, collection: str, key: str) -> None:
        (await self.admin.delete(f"/items/{collection}/{key}")).raise_for_status()

    async def update(self, collection: str, *rows: dict[str, Any]) -> httpx.Response:
        """`/citrine/update`, as the store calls it."""
        body = {"collection": collection, "rows": list(rows)}
        return await self.service.post("/citrine/update", json=body)

    async def revisions(self, collection: str, key: str) -> list[dict[str, Any]]:
        """What was written to a row, in order."""
        params = {
            "filter[collection][_eq]": collection,
            "filter[item][_eq]": key,
            "fields": "id,delta,data,activity.user,activity.action",
            "sort": "id",
            "limit": "-1",
        }
        answer = (await self.admin.get("/revisions", params=params)).raise_for_status()
        revisions: list[dict[str, Any]] = answer.json()["data"]
        return revisions

    @asynccontextmanager
    async def told(self, collection: str) -> AsyncIterator[list[dict[str, Any]]]:
        """The rows that Directus tells the service of, as they come."""
        rows: list[dict[str, Any]] = []
        url = self.url.replace("http", "ws", 1) + "/websocket"
        async with connect(url) as socket:
            await socket.send(json.dumps({"type": "auth", "access_token": self.service_token}))
            await socket.recv()
            query = {"fields": ["*"]}
            message = {"type": "subscribe", "collection": collection, "query": query}
            await socket.send(json.dumps(message))
            while json.loads(await socket.recv()).get("event") != "init":
                pass
            listening = asyncio.create_task(_listen(socket, rows))
            try:
                yield rows
            finally:
                listening.cancel()


class Patient(httpx.AsyncHTTPTransport):
    """Asks again where Directus is too busy to begin: it says so on a busy machine."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(100):
            response = await super().handle_async_request(request)
            if response.status_code != 503:
                break
            await response.aread()
            await asyncio.sleep(0.1)
        return response


async def _listen(socket: Any, rows: list[dict[str, Any]]) -> None:
    async for text in socket:
        message = json.loads(text)
        if message.get("event") in ("create", "update"):
            rows += message["data"]


@asynccontextmanager
async def a_store(
    real: Real, folder: Path, *, through: str = "", client: httpx.AsyncClient | None = None
) -> AsyncIterator[Store]:
    """A started store with its subscription up, which goes by the address `through`."""
    store = Store(
        COLLECTIONS,
        directus_url=through or real.url,
        token=real.service_token,
        client=client or new_client(real.url, real.service_token),
        folder=folder,
        clock=SystemClock(),
        flush_interval=0.05,
        touch_interval=0.3,
        retention_days=30,
    )
    await store.start()
    try:
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)
        yield store
    finally:
        await store.stop()


class Line:
    """A way to Directus that can be cut. While it is, new connections fail too."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True
        for each in self._open:
            each.transport.abort()

    def mend(self) -> None:
        self.is_cut = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Line]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self.cut()
            server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._open |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        self._open -= {writer, far_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
