"""Events of transactions that are not in memory: joined in behind their answers.

Such an event may be the first that comes of a transaction (its Started was lost), or a late
one of a transaction that ended long ago: only Directus knows. Its rows are written at once,
without a link to a Transaction; that marks them as not joined in yet, through a restart
too. A job then reads the record, joins, and links them. While Directus is away it waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from citrine_py.errors import DirectusError, StoreUnavailable
from citrine_py.model.transactions import (
    TRANSACTION,
    TRANSACTION_EVENT,
    Transaction,
    TransactionEvent,
)
from citrine_py.modules.ledger import Event
from citrine_py.modules.transaction_records import TransactionRecords, ledger_of, tell, unknown
from citrine_py.modules.transaction_rows import Message, joining
from citrine_py.ports import Clock, Jobs, Records

log = structlog.get_logger()

_AGAIN = 5.0  # seconds until it is tried again
_PAGE = 1000
_MOST = 100_000  # events taken up at the start


@dataclass(frozen=True, slots=True)
class LateEvents:
    """Joins events into records that have to be read first."""

    records: Records
    transactions: TransactionRecords
    clock: Clock
    jobs: Jobs
    _waiting: dict[str, dict[str, Message]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """Takes an event whose rows are written. Awaits nothing."""
        self._waiting.setdefault(message.transaction, {})[message.key] = message
        job = f"transaction event {message.key}"
        self.jobs.start(job, lambda: self._join(message.transaction))

    async def resume(self) -> None:
        """Takes up the events that an earlier run has left. Returns when Directus was read."""
        left: list[TransactionEvent] = []
        while len(left) < _MOST:
            try:
                page = await self.records.find(
                    TRANSACTION_EVENT, {"transaction": None}, limit=_PAGE, offset=len(left)
                )
            except DirectusError:
                await self.clock.sleep(_AGAIN)
                continue
            left += page
            if len(page) < _PAGE:
                break
        for row in left:
            if row.station is not None and row.payload is not None:
                received = row.receivedAt or self.clock.now()
                told = (row.idTokenStatus, row.groupIdToken or "")
                self.add(Message(row.station, row.payload, received, *told))
        if left:
            log.info("transaction.events_taken_up", count=len(left))

    async def _join(self, key: str) -> None:
        while self._waiting.get(key):
            try:
                await self._once(key)
            except (DirectusError, StoreUnavailable) as error:
                log.info("transaction.events_wait", transaction=key, reason=str(error))
                await self.clock.sleep(_AGAIN)

    async def _once(self, key: str) -> None:
        """Joins what waits for one transaction.

        Raises:
            DirectusError: the record cannot be read now; everything waits on.
            StoreUnavailable: it cannot be written now; everything waits on.
        """
        read = await self.records.find(TRANSACTION, {"id": key}, limit=1)
        taken = list(self._waiting.get(key, {}).values())
        if not taken:
            return
        first = taken[0]
        live = self.transactions.live(first.station, first.transaction_id)
        before = live or (read[0] if read else unknown(first.station, first.transaction_id))
        await self._write(before, taken, self.clock.now())

    async def _write(self, before: Transaction, taken: Sequence[Message], now: datetime) -> None:
        ledger = ledger_of(before)
        for message in taken:
            ledger = ledger.with_event(Event.of(message.payload, message.group))
        joined = self.transactions.with_ledger(before, ledger, now)
        links = [put for message in taken for put in joining(message)]
        await self.records.write(*joined.changes, *links)
        waiting = self._waiting.get(before.id, {})
        for message in taken:
            waiting.pop(message.key, None)
        if not waiting:
            self._waiting.pop(before.id, None)
        tell(before, joined.record)
        log.info("transaction.events_joined", station=before.station,
                 transaction=before.transactionId, count=len(taken))  # fmt: skip
