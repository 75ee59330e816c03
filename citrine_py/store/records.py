"""ports.Records: reads from memory, writes to the journal and, later, to Directus.

The facade over cache, journal, pending changes and Directus; it decides nothing
but the order: memory at once, then the journal, then the flusher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from citrine_py.errors import BadRequest, StoreUnavailable
from citrine_py.model.collection import Collection, R
from citrine_py.ports import Change, Put
from citrine_py.store import codec, journal
from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op, fold
from citrine_py.store.directus import PAGE, Directus
from citrine_py.store.journal import Journal
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending
from citrine_py.store.writer import Writer

log = structlog.get_logger()

_OWN_WRITES = 2.0  # seconds that a read waits for our own writes to be in Directus
_POSTS_UP_TO = 0.8  # filling of the journal from which the message log is dropped
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class StoredRecords:
    """Implements ports.Records."""

    def __init__(
        self,
        *,
        cache: Cache,
        pending: Pending,
        mirror: Mirror,
        journal: Journal,
        writer: Writer,
        directus: Directus,
    ) -> None:
        self._cache = cache
        self._pending = pending
        self._mirror = mirror
        self._journal = journal
        self._writer = writer
        self._directus = directus
        self._dropping = False
        self.dropped_posts = 0

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
            return _ordered(collection, found, newest_first)[offset : offset + limit]
        await self._writer.drained(self._pending.mark, _OWN_WRITES, (collection.directus,))
        found = await self._read(collection, where, limit, offset, newest_first)
        return self._overlaid(collection, where, found)[:limit]

    async def write(self, *changes: Change) -> None:
        """See ports.Records."""
        ops = [self._op(change) for change in changes]
        if not ops:
            return
        seqs, stored = self._journal.append(_journalled(changes, ops))
        for op, seq in zip(ops, seqs, strict=True):
            op.seqs.append(seq)
            self._add(op)
        stored.add_done_callback(lambda done: self._settle(ops, done))
        await asyncio.shield(stored)

    def post(self, *changes: Change) -> None:
        """See ports.Records."""
        ops = [self._op(change) for change in changes]
        if self._journal.filling > _POSTS_UP_TO:
            self._drop_posts(len(ops), "the journal is nearly full")
            return
        try:
            seqs = self._journal.append_soon(_journalled(changes, ops))
        except StoreUnavailable as error:
            self._drop_posts(len(ops), str(error))
            return
        if self._dropping:
            self._dropping = False
            log.info("journal.taking_posts", dropped=self.dropped_posts)
        for op, seq in zip(ops, seqs, strict=True):
            op.durable = True
            op.seqs.append(seq)
            self._add(op)
        self._writer.wake()

    def _drop_posts(self, count: int, reason: str) -> None:
        self.dropped_posts += count
        if not self._dropping:
            self._dropping = True
            log.error("journal.dropping_posts", reason=reason)

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
        op.durable = True
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
            values,
            {name: (value,) for name, value in over.items() if name in values},
            views=frozenset((collection.name,)),
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

    # ---- reads from Directus -------------------------------------------------------------

    async def _read(
        self,
        collection: Collection[R],
        where: Mapping[str, Any],
        limit: int,
        offset: int,
        newest_first: str | None,
    ) -> list[R]:
        tests = [{name: _test(value)} for name, value in where.items()]
        sort = ([f"-{newest_first}"] if newest_first else []) + [collection.key]
        found: list[R] = []
        read = 0
        while read < limit:
            page = min(PAGE, limit - read)
            rows = await self._directus.read(
                collection.directus,
                collection.fields(),
                {"_and": tests} if tests else None,
                sort=sort,
                limit=page,
                offset=offset + read,
            )
            records = (codec.to_record(collection, row) for row in rows)
            found += [record for record in records if record is not None]
            read += len(rows)
            if len(rows) < page:
                break
        return found

    def _overlaid(
        self, collection: Collection[R], where: Mapping[str, Any], found: Iterable[R]
    ) -> list[R]:
        """What was found, with our changes that are still on their way."""
        under_way = {key: list(ops) for key, ops in self._pending.rows(collection.directus)}
        result: list[R] = []
        for record in found:
            key = str(getattr(record, collection.key))
            now = fold(collection, key, record, under_way.pop(key, ()))
            if now is not None and _fits(now, where):
                result.append(now)
        for key, ops in under_way.items():
            new = fold(collection, key, None, ops)
            if new is not None and _fits(new, where):
                result.append(new)
        return result


def _journalled(changes: Sequence[Change], ops: Sequence[Op]) -> list[journal.Change]:
    return [
        journal.Change(
            change.collection.name,
            op.key,
            None if op.deletes else op.fields,
            {name: values[0] for name, values in op.over.items()} or None,
        )
        for change, op in zip(changes, ops, strict=True)
    ]


def _test(value: Any) -> dict[str, Any]:
    return {"_null": True} if value is None else {"_eq": value}


def _fits(record: Any, where: Mapping[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in where.items())


def _ordered(collection: Collection[R], records: list[R], newest_first: str | None) -> list[R]:
    records.sort(key=lambda record: str(getattr(record, collection.key)))
    if newest_first:
        records.sort(key=lambda record: getattr(record, newest_first) or _EARLIEST, reverse=True)
    return records
