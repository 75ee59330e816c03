"""Reads rows of resident collections into memory: those that changed, or those in doubt.

The endpoint extension tells by Postgres' row versions which rows changed since a
mark. A mark is taken before the rows are read, so what changes meanwhile is told
again the next time. Rows that are gone are not told of: they are missed by
counting. Everything is read only where nothing can be told. When to read is
`loading`'s to decide; what rows change in memory is `mirror`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog

from citrine_py.errors import DirectusError
from citrine_py.store.cache import Cache, Shelf
from citrine_py.store.changes import Op
from citrine_py.store.directus import (
    Changes,
    Directus,
    DirectusFault,
    DirectusRefused,
    DirectusUnavailable,
)
from citrine_py.store.marks import Marks
from citrine_py.store.mirror import Mirror

log = structlog.get_logger()

_CHUNK = 500  # keys in one read
_SOURCE_CHUNK = 200  # of a `source`: they stand in its address


@dataclass
class Caught:
    """What was read to catch up: rows, and the collections that were read whole."""

    rows: int = 0
    whole: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Different:
    """The rows of a collection to read; `keys` None: it is not known which those are."""

    keys: list[str] | None
    mark: str | None
    whole: bool = False


_UNKNOWN = _Different(None, None, whole=True)


class Reader:
    """Reads through Directus what memory lacks.

    Args:
        dropped: is told of our changes that went with rows removed by somebody else.
    """

    def __init__(
        self,
        directus: Directus,
        cache: Cache,
        mirror: Mirror,
        marks: Marks,
        dropped: Callable[[Iterable[Op]], None],
    ) -> None:
        self._directus = directus
        self._cache = cache
        self._mirror = mirror
        self._dropped = dropped
        self._marks = marks
        self._blind = False
        self.rows: Counter[str] = Counter()
        """Rows read, by why: `load`, `change` or `doubt`."""

    async def catch_up(self, caught: Caught) -> None:
        """Brings every collection to where Directus is now, from where it was last time; adds
        what it read to `caught`.

        Raises:
            DirectusError: some collections are not caught up; those go on from the same mark.
        """
        stamp = self._marks.stamp()
        told = await self._different()
        for name, shelf in self._cache.shelves.items():
            different = told.get(name, _UNKNOWN)
            if different.whole:
                caught.whole.add(name)
            if different.keys is None or (different.whole and shelf.collection.source):
                caught.rows += await self._read_at_once(shelf)
            else:
                why = "load" if different.whole else "change"
                caught.rows += await self._read_each(shelf, different.keys, why)
            if different.mark is not None:
                self._marks.put(name, different.mark, stamp)

    async def read_doubts(self) -> bool:
        """Reads some of the rows that are in doubt; whether there are more, or they are so again.

        Raises:
            DirectusError: they stay in doubt.
        """
        name, keys = next(iter(self._mirror.doubts.items()))
        chunk = sorted(keys)[:_CHUNK]
        keys.difference_update(chunk)
        if not keys:
            del self._mirror.doubts[name]
        try:
            await self._read_each(self._cache.shelves[name], chunk, "doubt")
        except DirectusError:
            self._mirror.doubts.setdefault(name, set()).update(chunk)
            raise
        return name in self._mirror.doubts

    # ---- what is different ---------------------------------------------------------------

    async def _different(self) -> dict[str, _Different]:
        """What there is to read of each collection of which that can be told. Rows that are gone
        are dropped already."""
        with ExitStack() as readings:
            reading = {
                name: readings.enter_context(self._mirror.reading(shelf))
                for name, shelf in self._cache.shelves.items()
            }
            known = {name: frozenset(shelf.base) for name, shelf in self._cache.shelves.items()}
            unsure = set(self._mirror.doubts)
            since = {name: self._marks.since(name) for name in known}
            told = await self._ask(since, [name for name, mark in since.items() if mark is None])
            unclear = [
                name
                for name, each in told.items()
                if each.keys is None and (name in unsure or not _complete(known[name], each))
            ]
            if unclear:
                told = {name: each for name, each in told.items() if name not in unclear}
                told |= await self._ask({name: since[name] for name in unclear}, unclear)
            for name, each in told.items():
                if each.keys is not None:
                    gone = sorted(known[name].difference(each.keys))
                    self._dropped(self._mirror.loaded(reading[name], (), gone))
            return {name: _different(known[name], each) for name, each in told.items()}

    async def _ask(
        self, since: Mapping[str, str | None], keys: Sequence[str]
    ) -> dict[str, Changes]:
        """What the endpoint tells; nothing where it cannot be used, and then all is read."""
        try:
            told = await self._directus.changes(since, keys)
        except (DirectusUnavailable, DirectusFault, DirectusRefused) as error:
            if not self._blind:
                log.warning("changes.unknown", reason=str(error), code=error.code)
            self._blind = True
            return {}
        self._blind = False
        return told

    # ---- rows ----------------------------------------------------------------------------

    async def _read_each(self, shelf: Shelf[Any], keys: Sequence[str], why: str) -> int:
        """Reads the rows of these keys; how many there were."""
        count = 0
        size = _CHUNK if shelf.collection.source is None else _SOURCE_CHUNK
        for start in range(0, len(keys), size):
            chunk = keys[start : start + size]
            with self._mirror.reading(shelf) as reading:
                rows = await self._rows(shelf, chunk)
                self._dropped(self._mirror.loaded(reading, rows, chunk))
            count += len(rows)
            self.rows[why] += len(rows)
        return count

    async def _rows(self, shelf: Shelf[Any], keys: Sequence[str]) -> list[dict[str, Any]]:
        collection = shelf.collection
        if collection.source is not None:
            return await self._directus.list_source(collection.source, keys)
        return await self._directus.read(
            collection.directus,
            collection.fields(),
            {collection.key: {"_in": keys}},
            limit=len(keys),
        )

    async def _read_at_once(self, shelf: Shelf[Any]) -> int:
        """Reads all rows in one answer: page by page some could slip through."""
        collection = shelf.collection
        with self._mirror.reading(shelf) as reading:
            if collection.source is not None:
                rows = await self._directus.list_source(collection.source, None)
            else:
                rows = await self._directus.read(collection.directus, collection.fields(), limit=-1)
            self._dropped(self._mirror.loaded(reading, rows, None))
        self.rows["load"] += len(rows)
        return len(rows)


def _complete(known: frozenset[str], told: Changes) -> bool:
    """Whether the rows of Directus are those in memory and those told of, and no others: all of
    them are among these, so it is enough to count."""
    return told.changed is not None and len(known.union(told.changed)) == told.count


def _different(known: frozenset[str], told: Changes) -> _Different:
    rows = set(told.keys or ())
    if told.changed is None:
        return _Different(sorted(rows), told.mark, whole=True)
    return _Different(sorted((rows - known).union(told.changed)), told.mark)
