"""Reads resident collections from Directus: all at once, or the rows that are in doubt.

Decides when to read; what the rows change is `mirror`'s. While the subscription
is down it reads everything again and again, at an interval that follows the
cost, so that an operator's edit still counts soon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from citrine_py.errors import DirectusError
from citrine_py.ports import Clock
from citrine_py.store.cache import Cache, Shelf
from citrine_py.store.changes import Op
from citrine_py.store.directus import Directus
from citrine_py.store.mirror import Mirror

log = structlog.get_logger()

_GATHER = 0.005  # seconds in which doubts gather into one read
_CHUNK = 200  # keys in one read
_POLL = 1.0  # seconds between reads of everything while the subscription is down
_LONGEST_PAUSE = 5.0  # seconds between attempts while Directus is away
_POLL_SHARE = 10  # and at least this many times the length of the last one


class Loader:
    """Keeps reading until memory is known to be current.

    Args:
        dropped: is told of our changes that went with rows removed by somebody else.
    """

    def __init__(
        self,
        directus: Directus,
        cache: Cache,
        mirror: Mirror,
        clock: Clock,
        dropped: Callable[[Iterable[Op]], None],
    ) -> None:
        self._directus = directus
        self._cache = cache
        self._mirror = mirror
        self._clock = clock
        self._dropped = dropped
        self._wanted = True
        self._polling = True
        self._took = 0.0
        self.loaded = asyncio.Event()
        """Everything was read at least once."""
        self.stale_since: float | None = clock.monotonic()
        """When memory was last known to be current; None while it is."""

    @property
    def staleness(self) -> float:
        """Seconds for which an edit in Directus may have gone unseen."""
        return 0.0 if self.stale_since is None else self._clock.monotonic() - self.stale_since

    def subscribed(self) -> None:
        """Events come in from now on: read all once more."""
        self._wanted, self._polling = True, False
        self._mirror.missed()
        self._mirror.doubted.set()

    def unsubscribed(self) -> None:
        """Events may be missed from now on."""
        if self.stale_since is None:
            self.stale_since = self._clock.monotonic()
        self._wanted = self._polling = True
        self._mirror.missed()
        self._mirror.doubted.set()

    async def run(self) -> None:
        """Reads what is wanted or in doubt, for ever."""
        pause = 0.1
        while True:
            try:
                await self._step()
                pause = 0.1
            except DirectusError as error:
                log.debug("load.failed", reason=str(error))
                self._wanted = True
                await self._nudged(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _step(self) -> None:
        self._mirror.doubted.clear()
        if self._wanted or self._mirror.all_doubted:
            self._wanted = self._mirror.all_doubted = False
            await self._load_all()
        elif self._mirror.doubts:
            await self._read_doubts()
        elif self._polling:
            await self._nudged(max(_POLL, self._took * _POLL_SHARE))
            self._wanted = self._wanted or self._polling
        else:
            await self._mirror.doubted.wait()
            await self._clock.sleep(_GATHER)

    async def _nudged(self, seconds: float) -> None:
        """Waits, but not longer than until there is something new to read."""
        try:
            async with asyncio.timeout(seconds):
                await self._mirror.doubted.wait()
        except TimeoutError:
            pass

    async def _load_all(self) -> None:
        started = self._clock.monotonic()
        subscribed = not self._polling
        for shelf in self._cache.shelves.values():
            await self._load(shelf)
        self._took = self._clock.monotonic() - started
        first = not self.loaded.is_set()
        self.loaded.set()
        stale = self.staleness
        if subscribed and not self._polling:
            self.stale_since = None
        else:
            self.stale_since = started
        if first or (subscribed and stale > 0):
            rows = sum(len(shelf.base) for shelf in self._cache.shelves.values())
            log.info(
                "records.loaded", rows=rows, seconds=round(self._took, 3), stale=round(stale, 3)
            )

    async def _load(self, shelf: Shelf[Any]) -> None:
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

    async def _read_doubts(self) -> None:
        name, keys = next(iter(self._mirror.doubts.items()))
        chunk = sorted(keys)[:_CHUNK]
        keys.difference_update(chunk)
        if not keys:
            del self._mirror.doubts[name]
        shelf = self._cache.shelves[name]
        collection = shelf.collection
        with self._mirror.reading(shelf) as reading:
            if collection.source is not None:
                rows = await self._directus.list_source(collection.source, chunk)
            else:
                rows = await self._directus.read(
                    collection.directus,
                    collection.fields(),
                    {collection.key: {"_in": chunk}},
                    limit=len(chunk),
                )
            self._dropped(self._mirror.loaded(reading, rows, chunk))
        if name in self._mirror.doubts:
            await self._clock.sleep(_GATHER)  # a row that is being written: not in a tight loop
