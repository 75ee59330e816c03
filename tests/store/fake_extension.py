"""Our endpoint extension on the Directus in memory: the same answers, from the same lists.

Row versions are copies here: a mark names one, and what differs from it has changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from citrine_py.model.collection import Collection, Delivery

if TYPE_CHECKING:
    from tests.store.fake_directus import FakeDirectus

Row = dict[str, Any]
Rows = dict[str, Row]


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class FakeExtension:
    """`forget` is what a restart of Postgres does to all marks.

    `holds` tells, by the name of a collection with a source, which rows of its table it has.
    """

    def __init__(
        self,
        directus: FakeDirectus,
        collections: Sequence[Collection[Any]],
        holds: Mapping[str, Callable[[Row], Any]],
    ) -> None:
        self._directus = directus
        self._holds = holds
        self._tables = {each.name: each for each in collections if not each.table}
        self._resident = {each.name: each for each in collections if each.resident}
        self._sources = {
            each.source.removeprefix("/citrine/"): each.name for each in collections if each.source
        }
        self._marks: dict[str, dict[str, Rows]] = {}
        self._count = 0

    def forget(self) -> None:
        self._marks.clear()

    def serve(self, request: httpx.Request, body: Any, told: list[Any]) -> Any:
        what = request.url.path.removeprefix("/citrine/")
        if what in self._sources:
            rows = self._rows(self._sources[what])
            keys = request.url.params.get("keys")
            return [row for row in rows.values() if not keys or row["id"] in keys.split(",")]
        if what == "changes":
            return self._changes(body["since"], body["keys"])
        name = body["collection"]
        if name not in self._directus.tables:
            raise Refusal(403, "FORBIDDEN")
        return getattr(self, f"_{what}")(name, self._tables[name], body, told)

    def _upsert(self, name: str, collection: Any, body: Any, told: list[Any]) -> None:
        assert collection.delivery is Delivery.BULK
        table = self._directus.tables[name]
        for row in body["rows"]:
            self._directus.check(name, row)
            table.setdefault(row["id"], {"id": row["id"]}).update(row)

    def _touch(self, name: str, collection: Any, body: Any, told: list[Any]) -> Row:
        table = self._directus.tables[name]
        missing = []
        for row in body["rows"]:
            assert set(row) - {"id"} <= set(collection.touched)
            if row["id"] in table:
                self._directus.check(name, row)
                table[row["id"]].update(row)
            else:
                missing.append(row["id"])
        return {"missing": missing}

    def _update(self, name: str, collection: Any, body: Any, told: list[Any]) -> Row:
        assert collection.delivery is Delivery.ITEMS
        table = self._directus.tables[name]
        missing, not_applied = [], []
        for row in body["rows"]:
            held = table.get(row["key"])
            if held is None:
                missing.append(row["key"])
                continue
            data, left = decided(held, row["set"], row["over"])
            if left:
                not_applied.append({"key": row["key"], "fields": left})
            if data:
                try:
                    self._directus.check(name, {"id": row["key"], **data})
                except Refusal as refusal:
                    code = "ROW_FORBIDDEN" if refusal.status == 403 else refusal.code
                    raise Refusal(refusal.status, code) from None
                held.update(data)
                told.append((name, "update", [row["key"]]))
        return {"missing": missing, "notApplied": not_applied}

    def _delete(self, name: str, collection: Any, body: Any, told: list[Any]) -> None:
        for key in body["keys"]:
            self._directus.tables[name].pop(key, None)

    def _prune(self, name: str, collection: Any, body: Any, told: list[Any]) -> Row:
        table = self._directus.tables[name]
        old = [k for k, row in table.items() if (row.get(body["field"]) or "~") < body["before"]]
        for key in old[: body["limit"]]:
            del table[key]
        return {"deleted": len(old[: body["limit"]])}

    # ---- what changed --------------------------------------------------------------------

    def _changes(self, since: dict[str, str | None], keys: list[str]) -> Row:
        now = {name: self._rows(name) for name in self._resident}
        self._count += 1
        mark = str(self._count)
        self._marks[mark] = copy.deepcopy(now)
        answer: Row = {}
        for name, asked in since.items():
            old = self._marks.get(asked or "")
            told: Row = {"mark": mark, "changed": None, "count": len(now[name])}
            if old is not None:
                told["changed"] = [k for k, row in now[name].items() if old[name].get(k) != row]
            if name in keys:
                told["keys"] = list(now[name])
            answer[name] = told
        return answer

    def _rows(self, name: str) -> Rows:
        collection = self._resident[name]
        rows = self._directus.tables[collection.directus]
        if collection.source is None:
            return rows
        if collection.only:
            return {key: row for key, row in rows.items() if collection.takes(row)}
        holds = self._holds[name]
        return {key: row for key, row in rows.items() if holds(row)}


def decided(held: Row, values: Row, over: dict[str, list[Any]]) -> tuple[Row, list[str]]:
    """What is written to a row, and the fields that are not."""
    data, left = {}, []
    for name, value in values.items():
        if name not in over:
            data[name] = value
        elif equal(held.get(name), value):
            continue
        elif any(equal(held.get(name), each) for each in over[name]):
            data[name] = value
        else:
            left.append(name)
    return data, left


def equal(held: Any, expected: Any) -> bool:
    """As Directus holds a time, it has no one form."""
    try:
        return datetime.fromisoformat(held) == datetime.fromisoformat(expected)
    except (TypeError, ValueError):
        return bool(held == expected)
