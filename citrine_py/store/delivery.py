"""One round of a table's changes on their way to Directus, in batches.

A batch that Directus refuses is split until the bad row is alone; only that row
is set aside. Repeating any call does no harm. When to deliver is `writer`'s to
decide; the two ways to do it are `delivery_items` and `delivery_bulk`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias

from citrine_py.model.collection import Collection
from citrine_py.store.changes import Op
from citrine_py.store.codec import dumps
from citrine_py.store.directus import (
    Directus,
    DirectusFault,
    DirectusRefused,
    DirectusUnavailable,
)

BATCH_ROWS = 500
BULK_ROWS = 5000
BATCH_BYTES = 600_000
"""Below Directus' default limit of a megabyte for a request."""

Send: TypeAlias = Callable[[Sequence[Op]], Awaitable[None]]
Alone: TypeAlias = Callable[[Op, DirectusRefused], Awaitable[None]]


class Outcome:
    """What became of the changes. One that is in no list was not delivered."""

    def __init__(self) -> None:
        self.done: list[tuple[Op, tuple[str, ...]]] = []
        """Delivered, with the conditional fields that did not apply."""
        self.missing: list[Op] = []
        """Changes of rows that somebody removed."""
        self.rejected: list[tuple[Op, str]] = []
        """Refused for ever, and why."""
        self.faulty: list[Op] = []
        """Failed alone, for no clear reason: a fault of Directus, or FORBIDDEN."""
        self._settled: set[int] = set()

    def finish(self, op: Op, not_applied: Iterable[str] = ()) -> None:
        self.done.append((op, tuple(not_applied)))
        self._settled.add(id(op))

    def miss(self, op: Op) -> None:
        self.missing.append(op)
        self._settled.add(id(op))

    def reject(self, op: Op, reason: str) -> None:
        self.rejected.append((op, reason))
        self._settled.add(id(op))

    def fault(self, op: Op) -> None:
        self.faulty.append(op)
        self._settled.add(id(op))

    def open(self, ops: Iterable[Op]) -> list[Op]:
        """Those of `ops` about which nothing is decided."""
        return [op for op in ops if id(op) not in self._settled]


class TableDelivery(ABC):
    """One round. `outcome` holds what was reached also when `deliver` raises."""

    def __init__(self, directus: Directus, collection: Collection[Any]) -> None:
        self._directus = directus
        self._collection = collection
        self._table = collection.directus
        self._key = collection.key
        self.outcome = Outcome()

    async def deliver(self, ops: Sequence[Op]) -> None:
        """Delivers puts, then deletes; at most one change for each row.

        Raises:
            DirectusAway: the rest has to be tried again later.
        """
        removed = [op for op in ops if op.deletes]
        puts = [op for op in ops if not op.deletes]
        await self._remove([op for op in puts if op.replaces])
        await self._put(puts)
        await self._remove(removed)
        for op in self.outcome.open(removed):
            self.outcome.finish(op)

    @abstractmethod
    async def _put(self, ops: Sequence[Op]) -> None:
        """Makes or changes rows."""

    @abstractmethod
    async def _call_delete(self, keys: list[str]) -> None:
        """Removes rows; may be refused where one of them is not there."""

    async def _remove(self, ops: Sequence[Op]) -> None:
        async def send(chunk: Sequence[Op]) -> None:
            await self._call_delete([op.key for op in chunk])

        async def refused(op: Op, error: DirectusRefused) -> None:
            if error.status != 403 or await self._exists(op.key):
                await self._reject(op, error)

        await self._in_batches(ops, send, refused)

    async def _in_batches(
        self, ops: Iterable[Op], send: Send, alone: Alone, rows: int = BATCH_ROWS
    ) -> None:
        for batch in batches(self.outcome.open(ops), rows):
            await self._split(batch, send, alone)

    async def _split(self, ops: Sequence[Op], send: Send, alone: Alone) -> None:
        """Sends a batch; one that is refused goes in halves, a single row to `alone`."""
        try:
            await send(ops)
        except DirectusRefused as error:
            if error.status == 403:
                await self._probe()
            if len(ops) == 1:
                await alone(ops[0], error)
                return
        except DirectusFault:
            await self._probe()
            if len(ops) == 1:
                self.outcome.fault(ops[0])
                return
        else:
            return
        middle = len(ops) // 2
        await self._split(ops[:middle], send, alone)
        await self._split(ops[middle:], send, alone)

    async def _probe(self) -> None:
        """Tells a bad row from a Directus that is unwell.

        Raises:
            DirectusAway: not even reading the table works, so the row is not to blame.
        """
        try:
            await self._directus.read(self._table, (self._key,), limit=1)
        except DirectusRefused as error:
            raise DirectusUnavailable(str(error), error.status, error.code) from error

    async def _exists(self, key: str) -> bool:
        rows = await self._directus.read(self._table, (self._key,), {self._key: {"_eq": key}})
        return bool(rows)

    async def _reject(self, op: Op, error: DirectusRefused) -> None:
        """Sets a row aside. FORBIDDEN is unclear: a missing right, or a key of a wrong form."""
        if error.status != 403:
            self.outcome.reject(op, f"{error.code or error.status}: {error}")
            return
        self.outcome.fault(op)
        if not self.outcome.done:  # do not try every row in vain
            raise DirectusUnavailable(str(error), error.status, error.code)

    def _row(self, op: Op, fields: dict[str, Any]) -> dict[str, Any]:
        return {self._key: op.key, **fields}


def batches(ops: Iterable[Op], rows: int) -> Iterable[list[Op]]:
    """Cuts changes into batches that Directus takes in one request, of up to `rows`."""
    batch: list[Op] = []
    size = 0
    for op in ops:
        weight = len(dumps([op.fields, op.over])) + 64
        if batch and (len(batch) == rows or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(op)
        size += weight
    if batch:
        yield batch
