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
from citrine_py.store.mirror import Mirror

log = structlog.get_logger()

CHUNK = 200
"""Keys in one read; those of a `source` stand in its address."""


@dataclass
class Caught:
    """What a catching up has read: rows, and the collections that were read whole."""

    rows: int = 0
    whole: list[str] = field(default_factory=list)


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
        dropped: Callable[[Iterable[Op]], None],
    ) -> None:
        self._directus = directus
        self._cache = cache
        self._mirror = mirror
        self._dropped = dropped
        self._marks: dict[str, str] = {}
        self._blind = False
        self.rows: Counter[str] = Counter()
        """Rows read, by why: `load`, `change` or `doubt`."""

    async def catch_up(self) -> Caught:
        """Brings every collection to where Directus is now, from where it was last time.

        Raises:
            DirectusError: some collections are not caught up; those go on from the same mark.
        """
        caught = Caught()
        wanted, marks = await self._different()
        for name, shelf in self._cache.shelves.items():
            keys = wanted.get(name)
            if keys is None:
                caught.whole.append(name)
                caught.rows += await self._read_whole(shelf)
            else:
                caught.rows += await self._read_each(shelf, keys, "change")
            if name in marks:
                self._marks[name] = marks[name]
        return caught

    async def read_doubts(self) -> bool:
        """Reads some of the rows that are in doubt; whether there are more, or they are so again.

        Raises:
            DirectusError: they stay in doubt.
        """
        name, keys = next(iter(self._mirror.doubts.items()))
        chunk = sorted(keys)[:CHUNK]
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

    async def _different(self) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Drops the rows that are gone; the keys of those to read, and the marks to go on from.
        A collection without keys has to be read whole."""
        with ExitStack() as readings:
            reading = {
                name: readings.enter_context(self._mirror.reading(shelf))
                for name, shelf in self._cache.shelves.items()
            }
            known = {name: frozenset(shelf.base) for name, shelf in self._cache.shelves.items()}
            unsure = set(self._mirror.doubts)
            told = await self._ask({name: self._marks.get(name) for name in known})
            miscounted = {
                name: self._marks[name]
                for name, each in told.items()
                if each.changed is not None
                and (name in unsure or len(known[name].union(each.changed)) != each.count)
            }
            if miscounted:
                told = {name: each for name, each in told.items() if name not in miscounted}
                told |= await self._ask(miscounted, keys=list(miscounted))
            wanted: dict[str, list[str]] = {}
            for name, each in told.items():
                if each.changed is None:
                    continue
                lacking: frozenset[str] = frozenset()
                if each.keys is not None:
                    gone = known[name].difference(each.keys)
                    self._dropped(self._mirror.loaded(reading[name], (), sorted(gone)))
                    lacking = frozenset(each.keys) - known[name]
                wanted[name] = sorted(lacking.union(each.changed))
        return wanted, {name: each.mark for name, each in told.items()}

    async def _ask(
        self, since: Mapping[str, str | None], keys: Sequence[str] = ()
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
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
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

    async def _read_whole(self, shelf: Shelf[Any]) -> int:
        collection = shelf.collection
        with self._mirror.reading(shelf) as reading:
            rows: list[dict[str, Any]] = []
            if collection.source is not None:
                rows = await self._directus.list_source(collection.source, None)
            else:
                async for page in self._directus.read_all(
                    collection.directus, collection.key, collection.fields()
                ):
                    rows += page
            self._dropped(self._mirror.loaded(reading, rows, None))
        self.rows["load"] += len(rows)
        return len(rows)
