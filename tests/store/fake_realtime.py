"""The websocket of the Directus in memory, on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosed

Listener = Callable[[str, str, list[Any]], None]


class RealtimeServer:
    """Directus' websocket. `cut` drops the connections; `refuse` turns new ones away."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners
        self.running: Server | None = None
        self.refuse = False
        self.sockets: set[ServerConnection] = set()
        self.subscribed: dict[str, list[str]] = {}
        self.pongs = 0

    @property
    def url(self) -> str:
        assert self.running is not None
        host, port = next(iter(self.running.sockets)).getsockname()[:2]
        return f"http://{host}:{port}"

    async def cut(self) -> None:
        cut = set(self.sockets)
        for socket in cut:
            socket.transport.abort()
        while cut & self.sockets:
            await asyncio.sleep(0.005)

    async def ping(self) -> None:
        await self.say({"type": "ping"})

    async def say(self, *messages: dict[str, Any]) -> None:
        for socket in self.sockets:
            for message in messages:
                await socket.send(json.dumps(message))

    async def converse(self, socket: ServerConnection) -> None:
        if self.refuse:
            return
        subscribed: dict[str, list[str]] = {}
        outgoing: asyncio.Queue[str] = asyncio.Queue()

        def listener(table: str, event: str, data: list[Any]) -> None:
            if table in subscribed:
                outgoing.put_nowait(json.dumps(_message(table, event, data, subscribed[table])))

        self._listeners.append(listener)
        self.sockets.add(socket)
        sender = asyncio.create_task(self._send(socket, outgoing))
        try:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "auth":
                    ok = message["access_token"] == "token"
                    status = "ok" if ok else "error"
                    outgoing.put_nowait(json.dumps({"type": "auth", "status": status}))
                elif message["type"] == "subscribe":
                    subscribed[message["uid"]] = message["query"]["fields"]
                    self.subscribed = subscribed
                    init = {"type": "subscription", "event": "init", "data": []}
                    outgoing.put_nowait(json.dumps({**init, "uid": message["uid"]}))
                elif message["type"] == "pong":
                    self.pongs += 1
        except ConnectionClosed:
            return
        finally:
            self._listeners.remove(listener)
            self.sockets.discard(socket)
            sender.cancel()

    async def _send(self, socket: ServerConnection, outgoing: asyncio.Queue[str]) -> None:
        while True:
            await socket.send(await outgoing.get())


def _message(table: str, event: str, data: list[Any], fields: list[str]) -> dict[str, Any]:
    if event == "again":
        return {"type": "citrine", "collection": table, "keys": data}
    if event != "delete":
        data = [{name: row.get(name) for name in fields} for row in data]
    return {"type": "subscription", "event": event, "data": data, "uid": table}
