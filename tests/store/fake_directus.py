"""A Directus in memory: what the store uses of its REST API and websocket, and every way to fail.

Behaves as 11.17 was seen to: all or none per call, FORBIDDEN for rows that are
not there, RECORD_NOT_UNIQUE, INVALID_FOREIGN_KEY, events after each write
through /items. What is beside /items is `fake_extension`'s.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.server import serve

from citrine_py.model.collection import Collection
from tests.store.fake_extension import FakeExtension, Refusal
from tests.store.fake_realtime import Listener, RealtimeServer

Row = dict[str, Any]
Fault = Callable[[httpx.Request], httpx.Response | None]


class FakeDirectus:
    """`tables` are the rows; `before` and `after` may answer or raise in place of a call.
    `holds`: see `FakeExtension`."""

    def __init__(
        self,
        collections: Sequence[Collection[Any]],
        holds: Mapping[str, Callable[[Row], Any]],
        parents: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self.tables: dict[str, dict[str, Row]] = {each.directus: {} for each in collections}
        self.parents = parents or {}
        self.before: Fault | None = None
        self.after: Fault | None = None
        self.bad: Callable[[str, Row], Refusal | None] = lambda table, row: None
        self.requests: list[tuple[str, str, Any]] = []
        self.listeners: list[Listener] = []
        self.latency = 0.0
        self.extension = FakeExtension(self, collections, holds)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url="http://directus", transport=httpx.MockTransport(self._handle)
        )

    # ---- what an operator does -----------------------------------------------------------

    def edit(self, table: str, key: str, **fields: Any) -> None:
        """An operator makes or changes a row."""
        known = key in self.tables[table]
        self.tables[table].setdefault(key, {"id": key}).update(fields)
        self._tell(table, "update" if known else "create", [key])

    def edit_list(self, table: str, keys: list[str], **fields: Any) -> None:
        """An operator changes rows in one transaction: Directus tells of them before its end,
        our hook extension tells the keys after it."""
        known = [key for key in keys if key in self.tables[table]]
        self._tell(table, "update", known)
        for key in known:
            self.tables[table][key].update(fields)
        self._tell(table, "again", known)

    def remove(self, table: str, key: str) -> None:
        """An operator deletes a row; children go with it, without an event."""
        self.tables[table].pop(key, None)
        for child, (field, parent) in self.parents.items():
            if parent == table:
                rows = self.tables[child]
                for each in [k for k, row in rows.items() if row.get(field) == key]:
                    del rows[each]
        self._tell(table, "delete", [key])

    # ---- HTTP ----------------------------------------------------------------------------

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.requests.append((request.method, request.url.path, body))
        await asyncio.sleep(self.latency)
        if self.before and (answer := self.before(request)):
            return answer
        table = _table_of(request.url.path, body)
        saved = copy.deepcopy(self.tables.get(table)) if request.method != "SEARCH" else None
        told: list[tuple[str, str, list[str]]] = []
        try:
            data = self._serve(request, body, told)
        except Refusal as refusal:
            if saved is not None:
                self.tables[table] = saved
            error = {"message": refusal.code, "extensions": {"code": refusal.code}}
            return httpx.Response(refusal.status, json={"errors": [error]})
        for table, event, keys in told:
            self._tell(table, event, keys)
        if self.after and (answer := self.after(request)):
            return answer
        return httpx.Response(200, json={"data": copy.deepcopy(data)})

    def _serve(self, request: httpx.Request, body: Any, told: list[Any]) -> Any:
        path = request.url.path
        if path.startswith("/citrine/"):
            return self.extension.serve(request, body, told)
        table = path.removeprefix("/items/")
        if table not in self.tables:
            raise Refusal(403, "FORBIDDEN")
        if request.method == "SEARCH":
            return self._search(table, body["query"])
        if request.method == "POST":
            keys = [self._create(table, row) for row in body]
            told += [(table, "create", [key]) for key in keys]
        elif request.method == "PATCH":
            keys = self._patch(table, body)
            told += [(table, "update", [key]) for key in keys]
        else:
            keys = list(body)
            for key in keys:
                if self.tables[table].pop(key, None) is None:
                    raise Refusal(403, "FORBIDDEN")
            told.append((table, "delete", keys))
        return [{"id": key} for key in keys]

    def check(self, table: str, row: Row) -> None:
        refusal = self.bad(table, row)
        if refusal:
            raise refusal
        if table in self.parents:
            field, parent = self.parents[table]
            if row.get(field) is not None and row[field] not in self.tables[parent]:
                raise Refusal(400, "INVALID_FOREIGN_KEY")

    def _create(self, table: str, row: Row) -> str:
        self.check(table, row)
        if row["id"] in self.tables[table]:
            raise Refusal(400, "RECORD_NOT_UNIQUE")
        self.tables[table][row["id"]] = dict(row)
        return str(row["id"])

    def _patch(self, table: str, body: Any) -> list[str]:
        if isinstance(body, list):
            changes = {row["id"]: row for row in body}
        elif "keys" in body:
            changes = dict.fromkeys(body["keys"], body["data"])
        else:
            rows = self._search(table, {"limit": -1, **body["query"]})
            changes = {row["id"]: body["data"] for row in rows}
        for key, change in changes.items():
            if key not in self.tables[table]:
                raise Refusal(403, "FORBIDDEN")
            self.check(table, change)
            self.tables[table][key].update(change)
        return list(changes)

    def _search(self, table: str, query: Row) -> list[Row]:
        rows = [row for row in self.tables[table].values() if fits(row, query.get("filter"))]
        for field in reversed(query.get("sort", [])):
            name = field.removeprefix("-")
            rows.sort(key=lambda row: str(row.get(name) or ""), reverse=field.startswith("-"))
        offset, limit = query.get("offset", 0), query.get("limit", 100)
        rows = rows[offset:] if limit == -1 else rows[offset : offset + limit]
        return [{f: row.get(f) for f in query.get("fields", row)} for row in rows]

    # ---- realtime ------------------------------------------------------------------------

    def _tell(self, table: str, event: str, keys: list[str]) -> None:
        data: list[Any] = keys
        if event in ("create", "update"):
            rows = self.tables[table]
            data = [copy.deepcopy(rows[key]) for key in keys if key in rows]
        for listener in list(self.listeners):
            listener(table, event, data)

    @asynccontextmanager
    async def realtime(self, port: int = 0) -> AsyncIterator[RealtimeServer]:
        """Its websocket, on a real socket."""
        server = RealtimeServer(self.listeners)
        async with serve(server.converse, "127.0.0.1", port) as running:
            server.running = running
            yield server


def _table_of(path: str, body: Any) -> str:
    """The collection that a call is about."""
    return str(body["collection"]) if isinstance(body, dict) and "collection" in body else path[7:]


def fits(row: Row, where: Row | None) -> bool:
    """Directus' filters, as far as the store uses them."""
    for name, test in (where or {}).items():
        if name == "_and":
            ok = all(fits(row, each) for each in test)
        elif name == "_or":
            ok = any(fits(row, each) for each in test)
        else:
            ok = all(holds(row.get(name), operator, value) for operator, value in test.items())
        if not ok:
            return False
    return True


def holds(value: Any, operator: str, operand: Any) -> bool:
    match operator:
        case "_eq":
            return bool(value == operand)
        case "_null":
            return (value is None) is operand
        case "_in":
            return value in operand
        case _:
            raise Refusal(400, "INVALID_QUERY")
