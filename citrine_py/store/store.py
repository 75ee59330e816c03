"""Builds the store's parts, starts them in order and stops them in reverse.

    start: journal, replay, last known state, load, subscribe, flush
    stop:  flush for a while, remember the state, close; the rest stays in the journal

Nothing is decided here but that order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
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
from citrine_py.store.directus import Directus
from citrine_py.store.journal import Change, Journal, Rejected
from citrine_py.store.journal_file import REJECTED_KEPT
from citrine_py.store.loading import Loader
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending
from citrine_py.store.realtime import Realtime
from citrine_py.store.records import StoredRecords
from citrine_py.store.retention import Retention
from citrine_py.store.writer import Writer

log = structlog.get_logger()

JOURNAL_LIMIT = 512 * 1024 * 1024
"""Bytes of undelivered changes that the journal may hold, unless told otherwise."""

_SNAPSHOT_EVERY = 15.0  # seconds
_VIEWS_EVERY = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What the store says of itself, for metrics. Durations in seconds."""

    pending_rows: int
    journal_rows: int
    journal_bytes: int
    journal_filling: float
    journal_commits: int
    rejected: int
    dropped_posts: int
    directus_calls: dict[str, int]
    directus_away: float
    """0 while Directus answers."""
    subscribed: bool
    staleness: float
    """How long an edit in Directus may have gone unseen; 0 while none can."""
    seconds_since_flush: float | None
    records: dict[str, int]
    """Records in memory, by collection."""


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
        evidence_days: the same for those that are evidence.
        journal_limit: bytes.
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
        evidence_days: int = 730,
        journal_limit: int = JOURNAL_LIMIT,
        first_load: float = 5.0,
    ) -> None:
        self._collections = {each.name: each for each in collections}
        self._clock = clock
        self._touch_interval = touch_interval
        self._first_load = first_load
        self._directus = Directus(client, clock)
        self._cache = Cache(collections)
        self._pending = Pending()
        self._mirror = Mirror(self._cache, self._pending, clock)
        self._journal = Journal(folder, journal_limit)
        self._writer = Writer(
            collections=collections,
            directus=self._directus,
            pending=self._pending,
            mirror=self._mirror,
            journal=self._journal,
            clock=clock,
            flush_interval=flush_interval,
        )
        drop = self._writer.drop
        self._loader = Loader(self._directus, self._cache, self._mirror, clock, drop)
        self._realtime = Realtime(
            url=directus_url,
            token=token,
            cache=self._cache,
            mirror=self._mirror,
            loader=self._loader,
            clock=clock,
            dropped=drop,
        )
        self._retention = Retention(
            collections, self._directus, clock, retention_days, evidence_days
        )
        self.records = StoredRecords(
            cache=self._cache,
            pending=self._pending,
            mirror=self._mirror,
            journal=self._journal,
            writer=self._writer,
            directus=self._directus,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Reads the journal and the records. With an earlier state to serve from it waits for
        Directus only a few seconds, else until Directus has answered once.

        Raises:
            StoreUnavailable: the journal cannot be opened.
        """
        undelivered = await self._journal.open()
        known = await self._restore()
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
        log.info("store.started", records=known, undelivered=len(undelivered))

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
    def ready(self) -> bool:
        """Whether Directus answers and memory is current: for health checks."""
        return self._loader.loaded.is_set() and self._directus.away_since is None

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
            journal_bytes=self._journal.bytes,
            journal_filling=self._journal.filling,
            journal_commits=self._journal.commits,
            rejected=self._journal.rejected,
            dropped_posts=self.records.dropped_posts,
            directus_calls=dict(self._directus.calls),
            directus_away=0.0 if away is None else now - away,
            subscribed=self._realtime.up,
            staleness=self._loader.staleness,
            seconds_since_flush=None if flushed is None else now - flushed,
            records={name: len(shelf.live) for name, shelf in self._cache.shelves.items()},
        )

    async def rejected(self, limit: int = 100) -> list[Rejected]:
        """The newest changes that Directus refused for ever."""
        return await self._journal.rejects(limit)

    async def retry_rejected(self) -> int:
        """Has all rejected changes delivered once more; how many."""
        rejected = await self._journal.rejects(REJECTED_KEPT)
        if not rejected:
            return 0
        count = await self.records.retry(reversed(rejected), self._collections)
        await self._journal.forget_rejects(rejected[0].id)
        return count

    # ---- inside --------------------------------------------------------------------------

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
            try:
                self.records.replay(self._collections[change.collection], seq, change)
            except (KeyError, BadRequest) as error:
                reason = f"of an earlier version: {error}"
                log.warning("record.rejected", collection=change.collection, key=change.key,
                            reason=reason)  # fmt: skip
                self._journal.reject(self._clock.now(), change, reason)
                self._journal.done([seq])

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
