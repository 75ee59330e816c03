"""Reads of what is not in memory: from Directus, or kept from the last time.

On what Directus holds it lays our changes that are still on their way. Never holds
up anybody but who asks: a slow Directus has a few reads at a time, and however many
changes are on their way, they are looked through in slices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from citrine_py.model.collection import Collection, R
from citrine_py.store import codec
from citrine_py.store.changes import fold
from citrine_py.store.directus import PAGE, Directus
from citrine_py.store.on_demand import OnDemand, Question
from citrine_py.store.pending import Pending
from citrine_py.store.writer import Writer

_OWN_WRITES = 2.0  # seconds that a read waits for our own writes to be in Directus
_AT_ONCE = 4  # reads, of the connections that Directus' client has
_SLICE = 2000  # changes looked through before others have their turn
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Finder:
    """Answers `find` for collections that are not resident."""

    def __init__(
        self, directus: Directus, pending: Pending, writer: Writer, on_demand: OnDemand
    ) -> None:
        self._directus = directus
        self._pending = pending
        self._writer = writer
        self._on_demand = on_demand
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def find(
        self,
        collection: Collection[R],
        where: Mapping[str, Any],
        *,
        limit: int,
        offset: int,
        newest_first: str | None,
    ) -> Sequence[R]:
        """See ports.Records."""
        table = collection.directus
        question = Question(collection.name, table, tuple(where.items()), limit, newest_first)
        mark = self._pending.mark
        ours = await self._under_way(question, collection.key)
        known = None if offset else self._on_demand.answer(question)
        # With a full answer and changes on their way, a row beyond its last may have to come in.
        if known is not None and (len(known) < limit or not ours):
            return self._overlaid(collection, question, cast(Sequence[R], known), ours)
        await self._writer.drained(mark, _OWN_WRITES, (table,))
        async with self._turns:
            with self._on_demand.asking(question) as asking:
                found = await self._read(collection, question, offset)
                if not offset:
                    self._on_demand.keep(asking, found)
        return self._overlaid(collection, question, found, ours)

    async def _read(self, collection: Collection[R], question: Question, offset: int) -> list[R]:
        tests = [{name: _test(value)} for name, value in question.where]
        sort = [f"-{question.newest_first}"] if question.newest_first else []
        found: list[R] = []
        read = 0
        while read < question.limit:
            page = min(PAGE, question.limit - read)
            rows = await self._directus.read(
                collection.directus,
                collection.fields(),
                {"_and": tests} if tests else None,
                sort=[*sort, collection.key],
                limit=page,
                offset=offset + read,
            )
            records = (codec.to_record(collection, row) for row in rows)
            found += [record for record in records if record is not None]
            read += len(rows)
            if len(rows) < page:
                break
        return found

    async def _under_way(self, question: Question, key_field: str) -> list[str]:
        """Keys of rows that our changes on their way may bring among the answers."""
        one = dict(question.where).get(key_field)
        keys = self._pending.keys(question.table) if one is None else [one]
        found: list[str] = []
        for start in range(0, len(keys), _SLICE):
            if start:
                await asyncio.sleep(0)
            for key in keys[start : start + _SLICE]:
                ops = self._pending.ops(question.table, key)
                if any(not question.excludes({**op.fields, key_field: key}) for op in ops):
                    found.append(key)
        return found

    def _overlaid(
        self, collection: Collection[R], question: Question, held: Sequence[R], ours: Iterable[str]
    ) -> list[R]:
        """What Directus holds, with our changes that are on their way now."""
        where = dict(question.where)
        records = {str(getattr(record, collection.key)): record for record in held}
        changed = False
        for key in [*records, *(key for key in ours if key not in records)]:
            ops = self._pending.ops(collection.directus, key)
            old = records.get(key)
            new = fold(collection, key, old, ops) if ops else old
            if new is not None and ops and not fits(new, where):
                new = None
            if new is old:
                continue
            changed = True
            if new is None:
                del records[key]
            else:
                records[key] = new
        result = list(records.values())
        if changed:
            result = ordered(collection, result, question.newest_first)
        return result[: question.limit]


def fits(record: Any, where: Mapping[str, Any]) -> bool:
    """Whether a record's fields equal these."""
    return all(getattr(record, name) == value for name, value in where.items())


def ordered(collection: Collection[R], records: list[R], newest_first: str | None) -> list[R]:
    """By key, or by a time, newest first and those without one last."""
    records.sort(key=lambda record: str(getattr(record, collection.key)))
    if newest_first:
        records.sort(key=lambda record: getattr(record, newest_first) or _EARLIEST, reverse=True)
    return records


def _test(value: Any) -> dict[str, Any]:
    return {"_null": True} if value is None else {"_eq": value}
