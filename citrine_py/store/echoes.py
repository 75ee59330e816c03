"""What we delivered a moment ago, to tell Directus' late echoes from an operator's edit.

Directus reads a row when it tells of a change, and may tell late or out of
order: an event can carry a value that we have replaced since. Entries live a
while; whoever finds a contradiction reads the row again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from citrine_py.model.collection import Record
from citrine_py.store.changes import Op

_KEPT = 30.0  # seconds; an echo takes milliseconds, on a machine out of breath longer
_CLOSE = 1.0  # seconds within which two events may have overtaken one another

_Row = tuple[str, str]


class Echoes:
    """Our recent deliveries and Directus' recent events, by row."""

    def __init__(self) -> None:
        self._values: OrderedDict[_Row, tuple[float, dict[str, Any]]] = OrderedDict()
        self._deleted: OrderedDict[_Row, tuple[float, bool]] = OrderedDict()
        self._events: OrderedDict[_Row, tuple[float, Record | None]] = OrderedDict()

    def delivered(self, op: Op, now: float) -> None:
        """Directus has taken `op`."""
        row = (op.table, op.key)
        if op.deletes:
            self._values.pop(row, None)
            _put(self._deleted, row, (now, True), now)
            return
        if op.replaces:
            _put(self._deleted, row, (now, False), now)
        elif row in self._deleted:
            self._deleted[row] = (self._deleted[row][0], False)
        _, known = self._values.pop(row, (now, {}))
        _put(self._values, row, (now, {**known, **op.fields}), now)

    def forget(self, table: str, key: str) -> None:
        """The row was read afresh: nothing about it is in doubt."""
        self._values.pop((table, key), None)

    def contradicts(self, table: str, key: str, record: Record, now: float) -> list[str]:
        """The fields in which an event's record differs from what we delivered lately."""
        at, values = self._values.get((table, key), (0.0, {}))
        if now - at > _KEPT:
            return []
        known = type(record).model_fields
        wrong = [n for n, v in values.items() if n in known and getattr(record, n) != v]
        if not wrong:
            self.forget(table, key)
        return wrong

    def still_deleted(self, table: str, key: str, now: float) -> bool:
        """Whether we deleted the row lately and have not made it anew."""
        at, gone = self._deleted.get((table, key), (0.0, False))
        return gone and now - at <= _KEPT

    def deleted_lately(self, table: str, key: str, now: float) -> bool:
        """Whether a delete event may be the echo of our own delete."""
        entry = self._deleted.get((table, key))
        return entry is not None and now - entry[0] <= _KEPT

    def overtaken(self, table: str, key: str, record: Record | None, now: float) -> bool:
        """Notes an event; whether another, different one came just before it."""
        row = (table, key)
        at, last = self._events.pop(row, (now - _CLOSE - 1, None))
        _put(self._events, row, (now, record), now)
        return now - at <= _CLOSE and last != record


def _put(store: OrderedDict[_Row, Any], row: _Row, value: Any, now: float) -> None:
    store[row] = value
    store.move_to_end(row)
    while store:
        first = next(iter(store))
        if now - store[first][0] <= _KEPT:
            break
        del store[first]
