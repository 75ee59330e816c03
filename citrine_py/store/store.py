"""Builds the store's parts, starts them in order and stops them in reverse.

    start: journal, replay, last known state, load, subscribe, flush
    stop:  flush for a while, remember the state, close; the rest stays in the journal

Nothing is decided here but that order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
import structlog

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, R
from citrine_py.ports import Clock
from citrine_py.store.cache import Cache
from citrine_py.store.codec import dumps
from citrine_py.store.dead_letters import DeadLetters
from citrine_py.store.directus import Directus
from citrine_py.store.finding import Finder
from citrine_py.store.journal import Change, Journal
from citrine_py.store.loading import Loader
from citrine_py.store.marks import Marks
from citrine_py.store.mirror import Mirror
from citrine_py.store.on_demand import OnDemand
from citrine_py.store.pending import Pending
from citrine_py.store.reading import Reader
from citrine_py.store.realtime import Realtime
from citrine_py.store.records import StoredRecords
from citrine_py.store.retention import Retention
from citrine_py.store.stats import StoreStats
from citrine_py.store.thrift import Thrift
from citrine_py.store.writer import Writer

log = structlog.get_logger()

JOURNAL_LIMIT = 256 * 1024 * 1024
"""Bytes that undelivered changes may take, unless told otherwise."""

ON_DEMAND_RECORDS = 10_000
"""Records of large collections that are kept after a read, unless told otherwise."""

_SNAPSHOT_EVERY = 15.0  # seconds
_VIEWS_EVERY = 3600.0  # seconds


class Store:
    """The store. `records` is what everybody else uses.

    Args:
        collections: all of them, parents before children.
        directus_url: without a path.
        token: of the service's own account, for the subscription.
        client: for calls to Directus, see `directus.new_client`; closed by `stop`.
        folder: of the journal.
        flush_interval: seconds that changes gather before a flush.
        touch_interval: seconds between writes of touched fields.
        retention_days: age at which rows of collections with `retained_by` go.
        retention_exceptions: other ages, by the collection's name.
        journal_limit: bytes that undelivered changes may take, in memory and on disk alike.
        on_demand_records: of large collections, kept in memory for the next who asks.
        first_load: seconds that a start waits for Directus when there is an earlier state.
    """

    def __init__(
        self,
        collections: Sequence[Collection[Any]],
        *,
        directus_url: str,
        token: str,
        client: httpx.AsyncClient,
        folder: Path,
        clock: Clock,
        flush_interval: float,
        touch_interval: float,
        retention_days: int,
        retention_exceptions: Mapping[str, int] | None = None,
        journal_limit: int = JOURNAL_LIMIT,
        on_demand_records: int = ON_DEMAND_RECORDS,
        first_load: float = 5.0,
    ) -> None:
        self._collections = {each.name: each for each in collections}
        self._clock = clock
        self._touch_interval = touch_interval
        self._first_load = first_load
        self._directus = Directus(client, clock)
        self._cache = Cache(collections)
        self._pending = Pending()
        self._on_demand = OnDemand(collections, on_demand_records, self._fresh)
        self._mirror = Mirror(self._cache, self._on_demand, self._pending, clock)
        self._journal = Journal(folder, journal_limit)
        self._letters = DeadLetters(
            collections, self._cache, self._pending, self._mirror, self._journal, clock=clock
        )
        self._writer = Writer(
            collections=collections,
            directus=self._directus,
            pending=self._pending,
            mirror=self._mirror,
            letters=self._letters,
            clock=clock,
            flush_interval=flush_interval,
        )
        self._letters.watch(self._writer.wake)
        marks = Marks(clock)
        self._reader = Reader(self._directus, self._cache, self._mirror, marks, self._writer.drop)
        self._loader = Loader(self._reader, marks, self._mirror, clock)
        self._realtime = self._subscription(directus_url, token)
        self._retention = Retention(
            collections,
            self._directus,
            clock,
            days=retention_days,
            exceptions=retention_exceptions,
            pruned=self._on_demand.forget,
        )
        self._thrift = Thrift(self._journal, self._pending, self._mirror)
        self.records = self._records()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Reads the journal and the records. With an earlier state to serve from it waits for
        Directus only a few seconds, else until Directus has answered once.

        Raises:
            StoreUnavailable: the journal cannot be opened.
        """
        undelivered = await self._journal.open()
        await self._letters.restore()
        known = await self._restore()
        count = self._journal.rows
        self._replay(undelivered)
        self._begin("realtime", self._realtime.run)
        self._begin("loader", self._loader.run)
        try:
            async with asyncio.timeout(self._first_load if known else None):
                await self._loader.loaded.wait()
        except TimeoutError:
            log.warning("store.serves_last_known_state", records=known)
        self._begin("writer", self._write)
        self._begin("touches", self._release_touches)
        self._begin("retention", self._retention.run)
        self._begin("snapshot", self._snapshots)
        self._begin("views", self._refresh_views)
        log.info("store.started", records=known, undelivered=count)

    async def stop(self, seconds: float = 5.0) -> None:
        """Flushes for up to `seconds`; what Directus has not got by then stays in the journal."""
        if self._tasks:
            await self.records.settled(seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._remember()
        await self._journal.close()
        await self._directus.close()
        log.info("store.stopped", undelivered=self._journal.rows)

    @property
    def trouble(self) -> str | None:
        """Why changes are refused, in words; None while they are taken."""
        if self._journal.failure is not None:
            return f"cannot be written: {self._journal.failure}"
        return "full until Directus has taken some of it" if self._thrift.full else None

    @property
    def ready(self) -> bool:
        """Whether Directus answers and memory is current: for health checks."""
        return self._loader.loaded.is_set() and self._directus.away_since is None

    def _fresh(self) -> bool:
        return self._realtime.up and self._loader.stale_since is None

    def watch(
        self, collection: Collection[R], callback: Callable[[str, R | None, R | None], None]
    ) -> None:
        """Calls `callback(key, old, new)` whenever a record of a resident collection changes in
        Directus by another hand than ours."""
        self._mirror.watch(collection, callback)

    def stats(self) -> StoreStats:
        """The figures of this moment."""
        now = self._clock.monotonic()
        away, flushed = self._directus.away_since, self._writer.last_flush
        return StoreStats(
            pending_rows=len(self._pending),
            journal_rows=self._journal.rows,
            journal_bytes=self._journal.room.used,
            journal_filling=self._journal.room.filling,
            journal_commits=self._journal.commits,
            dead_letters=len(self._letters),
            rejected=self._letters.refusals,
            dropped_posts=self._thrift.dropped,
            refused_writes=self._thrift.refused,
            directus_calls=dict(self._directus.calls),
            directus_away=0.0 if away is None else now - away,
            subscribed=self._realtime.up,
            staleness=self._loader.staleness,
            seconds_since_flush=None if flushed is None else now - flushed,
            found_in_memory=self._on_demand.hits,
            read_on_demand=self._on_demand.misses,
            on_demand_records=self._on_demand.records,
            records={name: len(shelf.live) for name, shelf in self._cache.shelves.items()},
            rows_read=dict(self._reader.rows),
        )

    # ---- inside --------------------------------------------------------------------------

    def _subscription(self, url: str, token: str) -> Realtime:
        return Realtime(
            url=url,
            token=token,
            cache=self._cache,
            on_demand=self._on_demand,
            mirror=self._mirror,
            loader=self._loader,
            clock=self._clock,
            dropped=self._writer.drop,
        )

    def _records(self) -> StoredRecords:
        return StoredRecords(
            cache=self._cache,
            pending=self._pending,
            mirror=self._mirror,
            thrift=self._thrift,
            writer=self._writer,
            finder=Finder(self._directus, self._pending, self._writer, self._on_demand),
        )

    def _begin(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            while True:
                try:
                    await job()
                except Exception:  # one bad surprise must not end a part of the store for good
                    log.exception("store.failed", part=name)
                    await self._clock.sleep(1.0)

        self._tasks.append(asyncio.create_task(run(), name=f"store {name}"))

    async def _write(self) -> None:
        await self._loader.loaded.wait()  # else it is not known which rows Directus has
        self._writer.wake()
        await self._writer.run()

    async def _release_touches(self) -> None:
        while True:
            await self._clock.sleep(self._touch_interval)
            self.records.release_touches()

    async def _restore(self) -> int:
        rows = await self._journal.snapshot()
        for collection, key, data in rows:
            self._mirror.restored(collection, key, orjson.loads(data))
        self._forget_dirt()
        return len(rows)

    def _replay(self, undelivered: Iterable[tuple[int, Change]]) -> None:
        for seq, change in undelivered:
            collection = self._collections.get(change.collection)
            if collection is None:
                why = f"there is no collection {change.collection}"
                self._letters.unfit(seq, change, change.collection, why)
                continue
            try:
                self.records.replay(collection, seq, change)
            except BadRequest as error:
                self._letters.unfit(seq, change, collection.directus, str(error))

    async def _refresh_views(self) -> None:
        while True:
            await self._clock.sleep(_VIEWS_EVERY)
            self._mirror.doubt_views()

    async def _snapshots(self) -> None:
        while True:
            await self._clock.sleep(_SNAPSHOT_EVERY)
            self._remember()

    def _remember(self) -> None:
        """Has the journal keep the rows that changed in Directus since the last time."""
        for name, shelf in self._cache.shelves.items():
            rows: list[tuple[str, str, bytes | None]] = []
            for key in shelf.dirty:
                record = shelf.base.get(key)
                rows.append((name, key, None if record is None else dumps(record.__dict__)))
            if rows:
                self._journal.remember(rows)
        self._forget_dirt()

    def _forget_dirt(self) -> None:
        for shelf in self._cache.shelves.values():
            shelf.dirty.clear()
