"""The flusher: takes what is pending to Directus, in rounds, for ever.

Parents go before children, deletes after puts and children first. While
Directus is away it waits and tries again; callers never notice. What one table
or one row gets refused holds up no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from citrine_py.model.collection import Collection, Delivery
from citrine_py.ports import Clock
from citrine_py.store.changes import Op
from citrine_py.store.dead_letters import DeadLetters
from citrine_py.store.delivery import Outcome, TableDelivery
from citrine_py.store.delivery_bulk import BulkDelivery
from citrine_py.store.delivery_items import ItemsDelivery
from citrine_py.store.directus import Directus, DirectusAway, DirectusUnavailable
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending

log = structlog.get_logger()

_ROUND = 1000  # changes of one table in a round, which is begun and settled at one go
_LONGEST_PAUSE = 5.0  # seconds between rounds while Directus is away
_MAY_PASS = ("INVALID_FOREIGN_KEY", "RECORD_NOT_UNIQUE")
"""Refusals to try again: the parent may be on its way, the other row on its way out."""
_FAILURES = 3  # failures of a row until it is set aside; unclear ones only if others go well
_LONGEST_DELAY = 60.0  # seconds between attempts with such a row
_IDLE = 1.0  # seconds until delayed rows are looked at again


class Writer:
    """Delivers `pending` and keeps dead letters, journal and memory in step with the outcome."""

    def __init__(
        self,
        *,
        collections: Iterable[Collection[Any]],
        directus: Directus,
        pending: Pending,
        mirror: Mirror,
        letters: DeadLetters,
        clock: Clock,
        flush_interval: float,
    ) -> None:
        self._tables = sorted(_by_table(collections).values(), key=lambda each: each.rank)
        self._directus = directus
        self._pending = pending
        self._mirror = mirror
        self._letters = letters
        self._clock = clock
        self._interval = flush_interval
        self._wake = asyncio.Event()
        self._round_over = asyncio.Condition()
        self._last_success: dict[str, float] = {}
        self._blocked: dict[str, str] = {}
        self.last_flush: float | None = None
        """Monotonic time of the last round in which something was delivered."""

    def wake(self) -> None:
        """There is something to deliver."""
        self._wake.set()

    def drop(self, ops: Iterable[Op]) -> None:
        """These changes went with a row that somebody removed in Directus."""
        for op in ops:
            self._letters.dropped(op)
            log.info("record.removed_elsewhere", table=op.table, key=op.key)

    async def drained(self, mark: int, seconds: float, tables: Sequence[str] | None = None) -> bool:
        """Waits until the changes up to `mark` are delivered; False if `seconds` passed."""
        try:
            async with asyncio.timeout(seconds), self._round_over:
                await self._round_over.wait_for(lambda: not self._pending.outstanding(mark, tables))
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Delivers for ever."""
        pause = 0.0
        while True:
            await self._sleep_until_work()
            await self._clock.sleep(max(self._interval, pause))
            self._wake.clear()
            try:
                await self.round()
                pause = 0.0
            except DirectusAway as error:
                pause = min(max(2 * pause, 0.2), _LONGEST_PAUSE)
                pause = max(pause, min(error.retry_after or 0.0, 30.0))
            except Exception:  # a fault of ours in one round must not end all delivery
                log.exception("flush.failed")
                pause = _LONGEST_PAUSE
            async with self._round_over:
                self._round_over.notify_all()
            if self._pending.ready(self._clock.monotonic()):
                self._wake.set()

    async def round(self) -> None:
        """Delivers what is pending now.

        Raises:
            DirectusAway: some of it has to be tried again later.
        """
        self._letters.tend()
        taken: dict[str, list[Op]] = {}
        trouble: DirectusAway | None = None
        last_rank: float = float("inf")  # children beyond it wait for their parents
        try:
            for each in self._tables:
                if each.rank > last_rank:
                    break
                ops = self._pending.take(each.directus, _ROUND, self._clock.monotonic())
                taken[each.directus] = ops
                if len(ops) == _ROUND:
                    last_rank = each.rank
                try:
                    await self._deliver(each, [op for op in ops if not op.deletes])
                except DirectusUnavailable as error:
                    trouble, last_rank = error, each.rank
            if last_rank == float("inf"):
                for each in reversed(self._tables):
                    await self._deliver(each, [op for op in taken[each.directus] if op.deletes])
        finally:
            for ops in taken.values():
                for op in ops:
                    self._pending.put_back(op)  # does nothing where there is an outcome
        if trouble is not None:
            raise trouble

    async def _deliver(self, collection: Collection[Any], ops: list[Op]) -> None:
        if not ops:
            return
        delivery = self._delivery(collection)
        try:
            await delivery.deliver(ops)
        except DirectusAway as error:
            self._note_blocked(collection.directus, error)
            raise
        else:
            if self._blocked.pop(collection.directus, None):
                log.info("flush.resumed", table=collection.directus)
        finally:
            self._settle(collection, delivery.outcome)

    def _delivery(self, collection: Collection[Any]) -> TableDelivery:
        if collection.delivery is Delivery.BULK:
            return BulkDelivery(self._directus, collection)
        return ItemsDelivery(self._directus, collection, self._mirror.knows)

    def _settle(self, collection: Collection[Any], outcome: Outcome) -> None:
        now = self._clock.monotonic()
        if outcome.done:
            self._last_success[collection.directus] = self.last_flush = now
        for op, not_applied in outcome.done:
            self._letters.delivered(op)
            self._mirror.acknowledged(op, not_applied)
        for op in outcome.missing:
            self.drop(self._mirror.missing(op))
        for op, reason in outcome.rejected:
            if reason.startswith(_MAY_PASS) and op.failures < _FAILURES:
                self._postpone(op, now)
            else:
                self._set_aside(op, reason)
        for op in outcome.faulty:
            success = self._last_success.get(op.table, op.failed_at)
            if op.failures >= _FAILURES and success > op.failed_at:
                self._set_aside(op, "Directus fails with this row, but not with others")
            else:
                self._postpone(op, now)

    def _set_aside(self, op: Op, reason: str) -> None:
        """Directus will never take `op`: memory goes back to what Directus holds."""
        self._letters.refused(op, reason)
        self._mirror.given_up(op)

    def _postpone(self, op: Op, now: float) -> None:
        """Has a row wait that fails alone, the longer the more often it did."""
        op.failed_at = op.failed_at or now
        op.failures += 1
        op.not_before = now + min(2.0 ** (op.failures - 1), _LONGEST_DELAY)
        self._pending.put_back(op)

    def _note_blocked(self, table: str, error: DirectusAway) -> None:
        reason = error.code or str(error)
        if isinstance(error, DirectusUnavailable) and self._blocked.get(table) != reason:
            self._blocked[table] = reason
            log.error("flush.blocked", table=table, reason=str(error), code=error.code)

    async def _sleep_until_work(self) -> None:
        while not self._wake.is_set():
            try:
                async with asyncio.timeout(_IDLE):
                    await self._wake.wait()
            except TimeoutError:
                if self._pending.ready(self._clock.monotonic()):
                    return


def _by_table(collections: Iterable[Collection[Any]]) -> dict[str, Collection[Any]]:
    """One collection for each table of Directus: the one that is the table itself."""
    tables: dict[str, Collection[Any]] = {}
    for each in collections:
        if each.directus not in tables or not each.table:
            tables[each.directus] = each
    return tables
