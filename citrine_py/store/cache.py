"""Resident collections in memory: what Directus holds, and what it will hold.

A shelf keeps each record twice, as the same object while nothing is under way:
`base`, the row as Directus holds it to our knowledge, and `live`, the row with
our undelivered changes on it, which is what everybody reads. Knows no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic

from citrine_py.model.collection import Collection, R
from citrine_py.store.changes import Op, fold


class Shelf(Generic[R]):
    """The records of one resident collection. An index is made when a field is first asked for."""

    def __init__(self, collection: Collection[R]) -> None:
        self.collection = collection
        self.base: dict[str, R] = {}
        self.live: dict[str, R] = {}
        self.dirty: set[str] = set()
        """Keys whose base has changed since the last snapshot."""
        self._indices: dict[str, dict[Any, dict[str, None]]] = {}

    def __repr__(self) -> str:
        return f"<Shelf {self.collection.name} {len(self.live)}>"

    def set_base(self, key: str, record: R | None) -> None:
        """What Directus holds. `refold` must follow."""
        if record is not None:
            self.base[key] = record
        elif self.base.pop(key, None) is None:
            return  # as before: a row of the table that is not in this view
        self.dirty.add(key)

    def refold(self, key: str, ops: Iterable[Op]) -> tuple[R | None, R | None]:
        """Lays the changes `ops` on the base again; the record before and after."""
        old = self.live.get(key)
        new = fold(self.collection, key, self.base.get(key), ops)
        if new is old:
            return old, new
        if new is None:
            del self.live[key]
        else:
            self.live[key] = new
        for field, index in self._indices.items():
            _move(index, key, getattr(old, field, None), getattr(new, field, None), new is not None)
        return old, new

    def select(self, equal: dict[str, Any]) -> Sequence[R]:
        """The live records whose fields equal these."""
        return [
            record
            for record in self._candidates(equal)
            if all(getattr(record, name) == value for name, value in equal.items())
        ]

    def mentioning(self, text: str) -> list[str]:
        """Keys of the base records that have `text` as a field's value."""
        return [key for key, record in self.base.items() if text in record.__dict__.values()]

    def _candidates(self, equal: dict[str, Any]) -> Iterable[R]:
        key = equal.get(self.collection.key)
        if isinstance(key, str):
            return [self.live[key]] if key in self.live else []
        for name, value in equal.items():
            if value is not None and isinstance(value, str | int):
                return [self.live[key] for key in self._index(name).get(value, ())]
        return self.live.values()

    def _index(self, field: str) -> dict[Any, dict[str, None]]:
        index = self._indices.get(field)
        if index is None:
            index = self._indices[field] = {}
            for key, record in self.live.items():
                _move(index, key, None, getattr(record, field), present=True)
        return index


def _move(index: dict[Any, dict[str, None]], key: str, old: Any, new: Any, present: bool) -> None:
    """Keeps an index current; None is not indexed."""
    if old == new and present:
        if new is not None and _hashable(new):
            index.setdefault(new, {})[key] = None
        return
    if old is not None and _hashable(old):
        bucket = index.get(old, {})
        bucket.pop(key, None)
        if not bucket:
            index.pop(old, None)
    if present and new is not None and _hashable(new):
        index.setdefault(new, {})[key] = None


def _hashable(value: Any) -> bool:
    return not isinstance(value, dict | list)


class Cache:
    """All shelves, by collection and by Directus' table."""

    def __init__(self, collections: Iterable[Collection[Any]]) -> None:
        self.shelves: dict[str, Shelf[Any]] = {
            each.name: Shelf(each) for each in collections if each.resident
        }
        self._tables: dict[str, list[Shelf[Any]]] = {}
        for shelf in self.shelves.values():
            self._tables.setdefault(shelf.collection.directus, []).append(shelf)

    def shelf(self, collection: Collection[R]) -> Shelf[R]:
        """The shelf of a resident collection.

        Raises:
            KeyError: it is not resident; a mistake in the code that asks.
        """
        return self.shelves[collection.name]

    def views(self, table: str) -> Sequence[Shelf[Any]]:
        """The shelves that are fed by `table`."""
        return self._tables.get(table, ())

    def whole(self, table: str) -> Shelf[Any] | None:
        """The shelf that holds every row of `table`, if there is one."""
        return next((s for s in self.views(table) if s.collection.source is None), None)

    def refold(self, table: str, key: str, ops: Sequence[Op]) -> None:
        """Brings all views of a row up to date with the changes under way."""
        for shelf in self.views(table):
            shelf.refold(key, ops)
