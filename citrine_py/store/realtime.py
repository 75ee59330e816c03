"""Directus' realtime subscription: tells the mirror of every change within milliseconds.

Owns the websocket and its reconnecting. Knows the messages of Directus'
websocket, and nothing of what a row means.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import orjson
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from citrine_py.ports import Clock
from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op
from citrine_py.store.loading import Loader
from citrine_py.store.mirror import Mirror
from citrine_py.store.on_demand import OnDemand

log = structlog.get_logger()

_OPEN_TIMEOUT = 10.0  # seconds for the handshake, the sign-in and the subscriptions
_CLOSE_TIMEOUT = 0.5  # seconds; events that nobody reads any more may stand before the farewell
_LONGEST_PAUSE = 5.0
_SILENCE = 20.0  # seconds without a message after which Directus is asked for one, or given up
_FRAME_LIMIT = 64 * 1024 * 1024  # bytes; a batch update comes as one message

Message: TypeAlias = dict[str, Any]


class SubscriptionRefused(Exception):
    """Directus does not let us subscribe (yet)."""


class Realtime:
    """The subscription to the tables of which records are in memory."""

    def __init__(
        self,
        *,
        url: str,
        token: str,
        cache: Cache,
        on_demand: OnDemand,
        mirror: Mirror,
        loader: Loader,
        clock: Clock,
        dropped: Callable[[Iterable[Op]], None],
    ) -> None:
        self._url = url.rstrip("/").replace("http", "ws", 1) + "/websocket"
        self._token = token
        self._mirror = mirror
        self._loader = loader
        self._clock = clock
        self._dropped = dropped
        self._queries = _queries(cache, on_demand)
        self.up = False
        self.events = 0

    async def run(self) -> None:
        """Connects, reads, and connects again, for ever."""
        self._lost()  # when a fault of ours ended an earlier run
        pause = 0.1
        trouble = ""
        while True:
            lost_after = self._clock.monotonic()
            try:
                async with connect(
                    self._url,
                    open_timeout=_OPEN_TIMEOUT,
                    close_timeout=_CLOSE_TIMEOUT,
                    max_size=_FRAME_LIMIT,
                    compression=None,
                    ping_interval=None,  # Directus answers no websocket pings, only its own
                    proxy=None,
                ) as socket:
                    await self._converse(socket)
            except (OSError, WebSocketException, TimeoutError, SubscriptionRefused) as error:
                reason = f"{type(error).__name__}: {error}"
            if self._lost():
                pause, trouble = 0.1, ""
                log.warning("realtime.lost", reason=reason)
            elif reason != trouble:
                trouble = reason
                log.info("realtime.waiting", reason=reason)
            lived = self._clock.monotonic() - lost_after
            await self._clock.sleep(max(0.0, pause * (0.5 + random.random()) - lived))  # noqa: S311
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _lost(self) -> bool:
        was_up, self.up = self.up, False
        if was_up:
            self._loader.unsubscribed()
        return was_up

    async def _converse(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(_OPEN_TIMEOUT):
            await self._sign_in(socket)
            await self._subscribe(socket)
        self.up = True
        self._loader.subscribed()
        log.info("realtime.subscribed", collections=sorted(self._queries))
        while True:
            self._take(await self._receive_alive(socket))

    async def _receive_alive(self, socket: ClientConnection) -> Message:
        """The next message; asks for a sign of life where none comes.

        Raises:
            TimeoutError: Directus gave none.
        """
        try:
            async with asyncio.timeout(_SILENCE):
                return await self._receive(socket)
        except TimeoutError:
            await _send(socket, {"type": "ping"})
        async with asyncio.timeout(_SILENCE):
            return await self._receive(socket)

    async def _sign_in(self, socket: ClientConnection) -> None:
        await _send(socket, {"type": "auth", "access_token": self._token})
        while True:
            message = await self._receive(socket)
            if message.get("type") == "auth":
                if message.get("status") != "ok":
                    raise SubscriptionRefused("Directus does not accept our token")
                return

    async def _subscribe(self, socket: ClientConnection) -> None:
        waiting = set(self._queries)
        for table, fields in self._queries.items():
            await _send(
                socket,
                {
                    "type": "subscribe",
                    "collection": table,
                    "query": {"fields": fields},
                    "uid": table,
                },
            )
        while waiting:
            message = await self._receive(socket)
            if message.get("status") == "error":
                error = message.get("error", {})
                raise SubscriptionRefused(f"{message.get('uid')}: {error.get('message')}")
            if message.get("event") == "init":
                waiting.discard(str(message.get("uid")))
            else:
                self._take(message)

    async def _receive(self, socket: ClientConnection) -> Message:
        """The next message that is not a ping; pings are answered."""
        while True:
            try:
                message = orjson.loads(await socket.recv())
            except orjson.JSONDecodeError:
                continue
            if not isinstance(message, dict):
                continue
            if message.get("type") == "ping":
                await _send(socket, {"type": "pong"})
                continue
            return message

    def _take(self, message: Message) -> None:
        if message.get("type") == "citrine":
            self._told_again(str(message.get("collection")), message.get("keys"))
            return
        if message.get("status") == "error":  # Directus could not read what it was to tell
            self._loader.missed()
            return
        event, table, data = message.get("event"), str(message.get("uid")), message.get("data")
        if message.get("type") != "subscription" or table not in self._queries:
            return
        rows = data if isinstance(data, list) else []
        self.events += 1
        try:
            if event == "delete":
                self._dropped(self._mirror.deleted(table, [str(key) for key in rows]))
            elif event in ("create", "update"):
                for row in rows:
                    if isinstance(row, Mapping):
                        self._mirror.changed(table, row)
        except Exception:  # one odd row must not cost the subscription
            log.exception("realtime.failed", collection=table, change=event)
            self._loader.missed()  # what it said is read instead

    def _told_again(self, table: str, keys: Any) -> None:
        """Our hook extension says that a transaction is over: what Directus told of these rows
        may have been from before."""
        if table not in self._queries:
            return
        if isinstance(keys, list):
            self._mirror.doubt_all(table, [str(key) for key in keys])
        else:
            self._loader.missed()


def _queries(cache: Cache, on_demand: OnDemand) -> dict[str, list[str]]:
    """The fields to ask for, by table: of one without a whole view, what its rows are told by."""
    queries: dict[str, dict[str, None]] = {
        table: dict.fromkeys(fields) for table, fields in on_demand.tables.items()
    }
    for shelf in cache.shelves.values():
        collection = shelf.collection
        fields = queries.setdefault(collection.directus, {collection.key: None})
        told = (name for name, _ in collection.only) if collection.source else collection.fields()
        fields.update(dict.fromkeys(told))
    return {table: list(fields) for table, fields in queries.items()}


async def _send(socket: ClientConnection, message: Message) -> None:
    await socket.send(orjson.dumps(message).decode())
