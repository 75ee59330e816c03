"""Changes with everything that Directus does about them: flows, realtime, rights, revisions.

For what operators edit too: a conditional field is written only over the value
on which it was decided, and a row that somebody removed is not made again. Rows
are made through `/items`; they are changed through our endpoint extension,
which decides and writes in one transaction and tells of it when that is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from citrine_py.model.collection import Collection
from citrine_py.store.changes import Op
from citrine_py.store.delivery import BULK_ROWS, TableDelivery
from citrine_py.store.directus import Directus, DirectusAway, DirectusRefused


class ItemsDelivery(TableDelivery):
    """One round by `/items`, `/citrine/update` and `/citrine/touch`.

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
        self._touched = frozenset(collection.touched)

    async def _put(self, ops: Sequence[Op]) -> None:
        made, changed, touched = [], [], []
        for op in self.outcome.open(ops):
            new = op.replaces or self._knows(self._table, op.key) is not True
            if new and not op.views:
                self.outcome.finish(op)  # it alters a row, and there is none
            elif new:
                made.append(op)
            elif not op.views and self._touched.issuperset(op.fields):
                touched.append(op)
            else:
                changed.append(op)
        await self._in_batches(made, self._create, self._create_refused)
        await self._in_batches(changed, self._update, self._reject)
        await self._in_batches(touched, self._touch, self._reject, BULK_ROWS)

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
            await self._in_batches([op], self._update, self._reject)
        else:
            await self._reject(op, error)

    async def _update(self, ops: Sequence[Op]) -> None:
        rows = [{"key": op.key, "set": op.fields, "over": op.over} for op in ops]
        await self._change("update", ops, rows)

    async def _touch(self, ops: Sequence[Op]) -> None:
        await self._change("touch", ops, [self._row(op, op.fields) for op in ops])

    async def _change(self, what: str, ops: Sequence[Op], rows: list[dict[str, Any]]) -> None:
        body = {"collection": self._table, "rows": rows}
        told = await self._directus.call(what, "POST", f"/citrine/{what}", body)
        try:
            missing = set(told["missing"])
            left = {each["key"]: tuple(each["fields"]) for each in told.get("notApplied", ())}
        except (TypeError, KeyError, AttributeError) as error:
            raise DirectusAway("Directus answered something else than an outcome") from error
        for op in ops:
            if op.key in missing:
                self.outcome.miss(op)
            else:
                self.outcome.finish(op, left.get(op.key, ()))

    async def _call_delete(self, keys: list[str]) -> None:
        await self._directus.call("delete", "DELETE", self._path, keys)
