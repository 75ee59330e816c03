"""ports.Records: reads from memory, writes to the journal and, later, to Directus.

The facade over cache, journal, pending changes and reads of Directus; it decides
nothing but the order: memory at once, then the journal, then the flusher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, R
from citrine_py.ports import Change, Put
from citrine_py.store import codec, journal
from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op
from citrine_py.store.finding import Finder, ordered
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending
from citrine_py.store.thrift import Thrift
from citrine_py.store.writer import Writer


class StoredRecords:
    """Implements ports.Records."""

    def __init__(
        self,
        *,
        cache: Cache,
        pending: Pending,
        mirror: Mirror,
        thrift: Thrift,
        writer: Writer,
        finder: Finder,
    ) -> None:
        self._cache = cache
        self._pending = pending
        self._mirror = mirror
        self._thrift = thrift
        self._writer = writer
        self._finder = finder
        self._views: dict[str, frozenset[str]] = {}  # one for all changes of a collection

    def get(self, collection: Collection[R], key: str) -> R | None:
        """See ports.Records."""
        return self._cache.shelf(collection).live.get(key)

    def select(self, collection: Collection[R], **equal: Any) -> Sequence[R]:
        """See ports.Records."""
        return self._cache.shelf(collection).select(equal)

    async def find(
        self,
        collection: Collection[R],
        where: Mapping[str, Any],
        *,
        limit: int = 1000,
        offset: int = 0,
        newest_first: str | None = None,
    ) -> Sequence[R]:
        """See ports.Records."""
        if collection.resident:
            found = list(self._cache.shelf(collection).select(dict(where)))
            return ordered(collection, found, newest_first)[offset : offset + limit]
        return await self._finder.find(
            collection, where, limit=limit, offset=offset, newest_first=newest_first
        )

    async def write(self, *changes: Change) -> None:
        """See ports.Records."""
        ops = [self._op(change) for change in changes]
        if not ops:
            return
        seqs, stored = self._thrift.append(_journalled(changes, ops))
        for op, seq in zip(ops, seqs, strict=True):
            op.seqs.append(seq)
            self._add(op)
        stored.add_done_callback(lambda done: self._settle(ops, done))
        await asyncio.shield(stored)

    def post(self, *changes: Change) -> None:
        """See ports.Records."""
        ops = [self._op(change) for change in changes]
        for op in ops:
            op.spare = True
        seqs = self._thrift.append_frames(_journalled(changes, ops))
        if seqs is None:
            return
        for op, seq in zip(ops, seqs, strict=True):
            op.durable = True
            op.seqs.append(seq)
            self._add(op)
        self._writer.wake()

    def touch(self, collection: Collection[Any], key: str, **fields: Any) -> None:
        """See ports.Records."""
        shelf = self._cache.shelf(collection)
        if not set(fields) <= set(collection.touched):
            raise BadRequest(f"{collection.name}: not to be touched: {', '.join(fields)}")
        if key in shelf.live:
            values = codec.checked(collection, key, fields)
            self._pending.touch(collection.directus, key, values)
            self._mirror.refold(collection.directus, key)

    async def settled(self, seconds: float) -> bool:
        """See ports.Records."""
        self.release_touches()
        return await self._writer.drained(self._pending.mark, seconds)

    def release_touches(self) -> None:
        """Has what was touched so far delivered with the next flush."""
        if self._pending.release_touches():
            self._writer.wake()

    def replay(self, collection: Collection[Any], seq: int, change: journal.Change) -> None:
        """Takes up a change that an earlier run has journalled.

        Raises:
            BadRequest: it does not fit the collection any more.
        """
        op = self._made(collection, change.key, change.fields, change.only_over)
        op.durable, op.spare = True, change.spare
        op.seqs.append(seq)
        self._add(op)

    # ---- changes -------------------------------------------------------------------------

    def _op(self, change: Change) -> Op:
        if isinstance(change, Put):
            return self._made(change.collection, change.key, change.fields, change.only_over)
        return self._made(change.collection, change.key, None, None)

    def _made(
        self,
        collection: Collection[Any],
        key: str,
        fields: Mapping[str, Any] | None,
        only_over: Mapping[str, Any] | None,
    ) -> Op:
        if not key:
            raise BadRequest(f"{collection.name}: a key may not be empty")
        if fields is None:
            return Op(collection.directus, key, deletes=True)
        values = codec.checked(collection, key, fields)
        over = codec.checked(collection, key, only_over or {})
        return Op(
            collection.directus,
            key,
            values if collection.resident else codec.packed(values),
            {name: (value,) for name, value in over.items() if name in values},
            views=self._views.setdefault(collection.name, frozenset((collection.name,))),
        )

    def _add(self, op: Op) -> None:
        self._pending.add(op)
        self._mirror.refold(op.table, op.key)

    def _settle(self, ops: Sequence[Op], stored: asyncio.Future[None]) -> None:
        """The journal has the changes, or failed: then memory takes them back."""
        failed = stored.cancelled() or stored.exception() is not None
        for op in ops:
            if failed:
                self._mirror.given_up(op)
            else:
                self._pending.settle(op)
        if not failed:
            self._writer.wake()


def _journalled(changes: Sequence[Change], ops: Sequence[Op]) -> list[journal.Change]:
    return [
        journal.Change(
            change.collection.name,
            op.key,
            None if op.deletes else op.fields,
            {name: values[0] for name, values in op.over.items()} or None,
            op.spare,
        )
        for change, op in zip(changes, ops, strict=True)
    ]
