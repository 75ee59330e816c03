"""Keeps memory equal to Directus: the rules for what a row from Directus may change.

Rows come as events, as reads and as acknowledgements of our own writes, in any
order. Each sets the base of a record; our undelivered changes are laid on top
again. Where two sources contradict each other, neither is believed: the row is
in doubt and `loading` reads it again. No I/O in here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import structlog

from citrine_py.model.collection import Collection, R
from citrine_py.ports import Clock
from citrine_py.store import codec
from citrine_py.store.cache import Cache, Shelf
from citrine_py.store.changes import Op, apply
from citrine_py.store.echoes import Echoes
from citrine_py.store.on_demand import OnDemand
from citrine_py.store.pending import Pending

log = structlog.get_logger()

_MOST_DOUBTS = 10_000  # rows of a collection; to read them all is quicker then

Watcher: TypeAlias = Callable[[str, Any, Any], None]


class Reading:
    """A read of rows that is under way; `disturbed` are the keys whose row changed meanwhile."""

    def __init__(self, shelf: Shelf[Any]) -> None:
        self.shelf = shelf
        self.disturbed: set[str] = set()


class Mirror:
    """Joins the cache, the changes under way and what Directus tells."""

    def __init__(self, cache: Cache, on_demand: OnDemand, pending: Pending, clock: Clock) -> None:
        self._cache = cache
        self._on_demand = on_demand
        self._pending = pending
        self._clock = clock
        self._echoes = Echoes()
        self._readings: set[Reading] = set()
        self._watchers: dict[str, list[Watcher]] = {}
        self.doubts: dict[str, set[str]] = {}
        """By collection, the keys of rows to read again."""
        self.all_doubted = False
        """There were too many to keep."""
        self.doubted = asyncio.Event()

    def watch(self, collection: Collection[R], watcher: Watcher) -> None:
        """Calls `watcher(key, old, new)` for each change of a record that was not ours."""
        self._cache.shelf(collection)  # it must be resident
        self._watchers.setdefault(collection.name, []).append(watcher)

    def refold(self, table: str, key: str) -> None:
        """Our own changes of a row have changed."""
        self._cache.refold(table, key, self._pending.ops(table, key))

    def knows(self, table: str, key: str) -> bool | None:
        """Whether Directus has the row; None where that is not kept in memory."""
        shelf = self._cache.whole(table)
        if shelf is not None:
            return key in shelf.base
        known = any(key in view.base for view in self._cache.views(table))
        return True if known else None

    # ---- events --------------------------------------------------------------------------

    def missed(self) -> None:
        """Events were missed: what is not read again now must not be believed."""
        self._on_demand.forget()

    def changed(self, table: str, row: Mapping[str, Any]) -> None:
        """Directus tells of a row that was made or changed."""
        self._on_demand.told(table, row)
        for shelf in self._cache.views(table):
            key = str(row.get(shelf.collection.key))
            self._disturb(shelf, key)
            if shelf.collection.source is not None:
                if key in shelf.base or shelf.collection.may_take(row):
                    self.doubt(shelf, key)
                continue
            record = codec.to_record(shelf.collection, row)
            if record is not None:
                self._event(shelf, key, record)

    def _event(self, shelf: Shelf[R], key: str, record: R) -> None:
        table, now = shelf.collection.directus, self._clock.monotonic()
        flight = self._pending.flight(table, key)
        overtaken = self._echoes.overtaken(table, key, record, now)
        base = shelf.base.get(key)
        known = record == shelf.live.get(key) or _explained(record, base, flight)
        if overtaken and not known:
            self.doubt(shelf, key)
        if self._echoes.still_deleted(table, key, now):
            self.doubt(shelf, key)
            return
        if flight is not None and _differs(record, flight.fields):
            flight.contested = True
        wrong = self._echoes.contradicts(table, key, record, now)
        if wrong:
            self.doubt(shelf, key)
            base = shelf.base.get(key)
            if base is not None:
                record = record.model_copy(update={name: getattr(base, name) for name in wrong})
        self._set(shelf, key, record)

    def deleted(self, table: str, keys: Sequence[str]) -> list[Op]:
        """Directus tells of removed rows; returns our changes that went with them."""
        dropped: list[Op] = []
        now = self._clock.monotonic()
        self._on_demand.removed(table, keys)
        for key in keys:
            flight = self._pending.flight(table, key)
            ours = self._echoes.deleted_lately(table, key, now) or (
                flight is not None and (flight.deletes or flight.replaces)
            )
            overtaken = self._echoes.overtaken(table, key, None, now)
            for shelf in self._cache.views(table):
                self._disturb(shelf, key)
                if ours or overtaken:
                    self.doubt(shelf, key)
            if not ours:
                dropped += self._removed(table, key)
        return dropped

    def _removed(self, table: str, key: str) -> list[Op]:
        """Somebody else removed the row: with it go our changes to it."""
        dropped: list[Op] = []
        flight = self._pending.flight(table, key)
        if flight is not None:
            flight.contested = True
        remade = any(op.deletes or op.replaces for op in self._pending.ops(table, key))
        if self.knows(table, key) is not False and not remade:
            dropped = self._pending.drop_waiting(table, key)
        for shelf in self._cache.views(table):
            self._set(shelf, key, None)
            self._doubt_mentions(shelf.collection.rank, key)
        return dropped

    def _doubt_mentions(self, rank: int, key: str) -> None:
        """The database may have removed or changed the children too, without an event."""
        for shelf in self._cache.shelves.values():
            if shelf.collection.rank > rank:
                for child in shelf.mentioning(key):
                    self.doubt(shelf, child)

    # ---- reads ---------------------------------------------------------------------------

    @contextmanager
    def reading(self, shelf: Shelf[Any]) -> Iterator[Reading]:
        """Encloses a read and the call of `loaded` with its rows."""
        reading = Reading(shelf)
        self._readings.add(reading)
        try:
            yield reading
        finally:
            self._readings.discard(reading)

    def loaded(
        self, reading: Reading, rows: Iterable[Mapping[str, Any]], keys: Iterable[str] | None
    ) -> list[Op]:
        """Takes what was read of `keys` (None: of all rows); rows not among it are gone.
        Returns our changes that went with those."""
        shelf = reading.shelf
        collection = shelf.collection
        found: set[str] = set()
        for row in rows:
            record = codec.to_record(collection, row)
            if record is None:
                continue
            key = str(getattr(record, collection.key))
            found.add(key)
            if key in reading.disturbed:
                self.doubt(shelf, key)
                continue
            self._echoes.forget(collection.directus, key)
            self._set(shelf, key, record)
        dropped: list[Op] = []
        asked = list(shelf.base) if keys is None else keys
        for key in [key for key in asked if key not in found]:
            if key in reading.disturbed:
                self.doubt(shelf, key)
            elif key in shelf.base:
                dropped += self._lost(shelf, key)
        return dropped

    def _lost(self, shelf: Shelf[Any], key: str) -> list[Op]:
        if shelf.collection.source is None:
            return self._removed(shelf.collection.directus, key)
        self._set(shelf, key, None)  # the row may be there, without what this view is for
        return []

    def doubt(self, shelf: Shelf[Any], key: str) -> None:
        """Has the row read again; with very many others, everything."""
        keys = self.doubts.setdefault(shelf.collection.name, set())
        keys.add(key)
        if len(keys) > _MOST_DOUBTS:
            del self.doubts[shelf.collection.name]
            self.all_doubted = True
        self.doubted.set()

    def doubt_all(self, table: str, keys: Iterable[str]) -> None:
        """Has these rows read again in every view: what was told of them may be from before,
        and what is told of them next may have been overtaken."""
        now = self._clock.monotonic()
        for key in keys:
            self._echoes.overtaken(table, key, None, now)
            self._on_demand.changed(table, key, {})
            for shelf in self._cache.views(table):
                self.doubt(shelf, key)

    def doubt_views(self) -> None:
        """Has the rows of collections with a source read again: one that its source does not
        list any more, because time has passed, leaves memory."""
        for shelf in self._cache.shelves.values():
            if shelf.collection.source is not None:
                for key in shelf.base:
                    self.doubt(shelf, key)

    def restored(self, collection: str, key: str, row: Mapping[str, Any]) -> None:
        """A row of the last known state, before Directus was asked."""
        shelf = self._cache.shelves.get(collection)
        record = codec.to_record(shelf.collection, row) if shelf else None
        if shelf is not None and record is not None:
            shelf.set_base(key, record)
            self.refold(shelf.collection.directus, key)

    # ---- outcomes of our own writes ------------------------------------------------------

    def acknowledged(self, op: Op, not_applied: Sequence[str] = ()) -> None:
        """Directus has taken `op`, but for the conditional fields `not_applied`."""
        taken = op
        if not_applied or op.over:
            fields = {n: v for n, v in op.fields.items() if n not in not_applied}
            taken = Op(
                op.table, op.key, fields, deletes=op.deletes, replaces=op.replaces, views=op.views
            )
        self._pending.remove(op)
        self._on_demand.ours(taken)
        gone = op.deletes or op.replaces
        if gone or self._cache.whole(op.table):
            self._echoes.delivered(taken, self._clock.monotonic())
        for shelf in self._cache.views(op.table):
            old = shelf.base.get(op.key)
            new = apply(shelf.collection, op.key, old, taken)
            if old is None and new is None and not gone and not op.contested:
                continue  # a row of the table that is none of this view
            self._disturb(shelf, op.key)
            shelf.set_base(op.key, new)
            if op.contested or not_applied or op.replaces:  # made anew: an edit may have followed
                self.doubt(shelf, op.key)
        self.refold(op.table, op.key)

    def missing(self, op: Op) -> list[Op]:
        """Directus does not have the row that `op` changes: somebody removed it. Returns the
        changes that go with it, `op` among them."""
        self._pending.remove(op)
        self._on_demand.removed(op.table, (op.key,))
        return [op, *self._removed(op.table, op.key)]

    def given_up(self, op: Op) -> None:
        """`op` was taken back, or set aside: memory goes back to what Directus holds."""
        self._pending.remove(op)
        if op.sent:
            self._on_demand.ours(op)
        for shelf in self._cache.views(op.table):
            if op.sent or op.contested:
                self.doubt(shelf, op.key)
        self.refold(op.table, op.key)

    # ---- inside --------------------------------------------------------------------------

    def _set(self, shelf: Shelf[R], key: str, record: R | None) -> None:
        table = shelf.collection.directus
        shelf.set_base(key, record)
        old, new = shelf.refold(key, self._pending.ops(table, key))
        if old != new:
            for watcher in self._watchers.get(shelf.collection.name, ()):
                self._tell(watcher, shelf.collection.name, key, old, new)

    def _tell(self, watcher: Watcher, collection: str, key: str, old: Any, new: Any) -> None:
        try:
            watcher(key, old, new)
        except Exception:  # a watcher's fault must not stop what feeds the cache
            log.exception("watch.failed", collection=collection, key=key)

    def _disturb(self, shelf: Shelf[Any], key: str) -> None:
        for reading in self._readings:
            if reading.shelf is shelf:
                reading.disturbed.add(key)


def _explained(record: Any, base: Any, flight: Op | None) -> bool:
    """Whether a row is what Directus held, with none, some or all of the change in flight: that
    may go in several calls, each of which is told."""
    if base is None:
        return False
    new = flight.fields if flight is not None else {}
    return all(
        value == getattr(base, name) or (name in new and new[name] == value)
        for name, value in record.__dict__.items()
    )


def _differs(record: Any, fields: Mapping[str, Any]) -> bool:
    known = type(record).model_fields
    return any(name in known and getattr(record, name) != v for name, v in fields.items())
