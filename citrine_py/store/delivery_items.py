"""Changes through Directus' `/items`: flows, realtime and revisions apply.

For what operators edit too: a conditional field is written only over the value
on which it was decided, and a row that somebody removed is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from citrine_py.model.collection import Collection
from citrine_py.store.changes import Op
from citrine_py.store.codec import dumps, to_record
from citrine_py.store.delivery import TableDelivery
from citrine_py.store.directus import Directus, DirectusRefused

_SAME = 5  # rows with the same values from which one call for all of them is worth it


class ItemsDelivery(TableDelivery):
    """One round by `/items`.

    Args:
        knows: whether Directus has a row; None where that is not known.
    """

    def __init__(
        self,
        directus: Directus,
        collection: Collection[Any],
        knows: Callable[[str, str], bool | None],
    ) -> None:
        super().__init__(directus, collection)
        self._knows = knows
        self._path = f"/items/{self._table}"

    async def _put(self, ops: Sequence[Op]) -> None:
        made, changed = [], []
        for op in self.outcome.open(ops):
            new = op.replaces or self._knows(self._table, op.key) is not True
            if new and not op.views:
                self.outcome.finish(op)  # it alters a row, and there is none
            elif new:
                made.append(op)
            else:
                changed.append(op)
        await self._in_batches(made, self._create, self._create_refused)
        await self._update(changed)

    async def _create(self, ops: Sequence[Op]) -> None:
        rows = [self._row(op, op.for_new_row()) for op in ops]
        try:
            await self._directus.call("create", "POST", self._path, rows, fields=self._key)
        except DirectusRefused as error:
            there = await self._there(ops) if error.code == "RECORD_NOT_UNIQUE" else set()
            if len(ops) == 1 or not there:
                raise
            await self._update([op for op in ops if op.key in there])
            new = [op for op in ops if op.key not in there]
            await self._in_batches(new, self._create, self._create_refused)
            return
        for op in ops:
            self.outcome.finish(op, (name for name in op.over if None not in op.over[name]))

    async def _there(self, ops: Sequence[Op]) -> set[str]:
        """The keys of the rows that Directus has: after a crash they may be many."""
        where = {self._key: {"_in": [op.key for op in ops]}}
        rows = await self._directus.read(self._table, (self._key,), where, limit=len(ops))
        return {str(row[self._key]) for row in rows}

    async def _create_refused(self, op: Op, error: DirectusRefused) -> None:
        if error.code == "RECORD_NOT_UNIQUE" and await self._exists(op.key):
            await self._update([op])
        else:
            await self._reject(op, error)

    async def _update(self, ops: Sequence[Op]) -> None:
        passed = {id(op) for op in ops if not op.plain}

        async def send_rows(chunk: Sequence[Op]) -> None:
            await self._patch([self._row(op, op.plain) for op in chunk])
            passed.update(map(id, chunk))

        async def send_same(chunk: Sequence[Op]) -> None:
            await self._patch({"keys": [op.key for op in chunk], "data": chunk[0].plain})
            passed.update(map(id, chunk))

        single: list[Op] = []
        for group in _alike(op for op in ops if op.plain):
            if len(group) < _SAME:
                single += group
            else:
                await self._in_batches(group, send_same, self._update_refused)
        await self._in_batches(single, send_rows, self._update_refused)
        await self._conditions([op for op in ops if id(op) in passed])

    async def _update_refused(self, op: Op, error: DirectusRefused) -> None:
        if error.status == 403 and not await self._exists(op.key):
            self.outcome.miss(op)
        else:
            await self._reject(op, error)

    async def _conditions(self, ops: Sequence[Op]) -> None:
        """Sets conditional fields where Directus holds what was decided on."""
        left = {id(op): set(op.over) for op in ops}
        changes: dict[bytes, tuple[str, tuple[Any, ...], Any, list[Op]]] = {}
        for op in ops:
            for name, expected in op.over.items():
                value = op.fields[name]
                label = dumps([name, expected, value])
                changes.setdefault(label, (name, expected, value, []))[3].append(op)
        for name, expected, value, group in changes.values():

            async def send(
                chunk: Sequence[Op],
                name: str = name,
                expected: tuple[Any, ...] = expected,
                value: Any = value,
            ) -> None:
                applied = await self._set_where(name, expected, value, [op.key for op in chunk])
                for op in chunk:
                    if op.key in applied:
                        left[id(op)].discard(name)

            await self._in_batches(group, send, self._reject)
        for op in self.outcome.open(ops):
            self.outcome.finish(op, left[id(op)])

    async def _set_where(
        self, name: str, expected: tuple[Any, ...], value: Any, keys: list[str]
    ) -> set[str]:
        """Sets a field of those rows that hold one of `expected` in it; their keys."""
        if all(each is None or isinstance(each, str | int) for each in expected):
            tests: list[dict[str, Any]] = [
                {name: {"_in": [each for each in expected if each is not None]}}
            ]
            if None in expected:
                tests.append({name: {"_null": True}})
            where = {"_and": [{self._key: {"_in": keys}}, {"_or": tests}]}
            query = {"filter": where, "limit": -1}
            rows = await self._patch({"query": query, "data": {name: value}})
            return {str(row[self._key]) for row in rows or ()}
        matching = await self._holding(name, expected, keys)
        if matching:
            await self._patch({"keys": matching, "data": {name: value}})
        return set(matching)

    async def _holding(self, name: str, expected: tuple[Any, ...], keys: list[str]) -> list[str]:
        """The keys of rows that hold one of `expected`, compared here where no filter of Directus
        can: JSON, times, fractions."""
        rows = await self._directus.read(
            self._table, (self._key, name), {self._key: {"_in": keys}}, limit=len(keys)
        )
        records = (to_record(self._collection, row) for row in rows)
        return [
            str(getattr(record, self._key))
            for record in records
            if record is not None and getattr(record, name) in expected
        ]

    async def _call_delete(self, keys: list[str]) -> None:
        await self._directus.call("delete", "DELETE", self._path, keys)

    async def _patch(self, body: Any) -> Any:
        return await self._directus.call("update", "PATCH", self._path, body, fields=self._key)


def _alike(ops: Iterable[Op]) -> list[list[Op]]:
    """Groups changes that set the same values."""
    groups: dict[bytes, list[Op]] = {}
    for op in ops:
        groups.setdefault(dumps(op.plain), []).append(op)
    return list(groups.values())
