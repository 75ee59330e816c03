"""E14: asking stations how a transaction stands, and what follows from the answer.

A transaction of a station that rebooted, vanished or fell silent must not run for ever in
our records. When its station is back it is asked; one that the station does not know, or
of which nothing more will come, is closed, with a doubt that says so. What the station
tells later counts all the same: its Ended event replaces our closing, and any event from
after it shows that the transaction runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from citrine_py.errors import StationError, StationIncoherent, StationRefused
from citrine_py.live import Live
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import iso
from citrine_py.model.transactions import LIVE_TRANSACTION, Transaction
from citrine_py.modules.late_events import LateEvents
from citrine_py.modules.transaction_records import TransactionRecords, ledger_of, tell
from citrine_py.ports import Clock, Jobs, Payload, Put, Records, SessionInfo, Stations

log = structlog.get_logger()

_SWEEP = 60.0  # seconds between looks at what runs
GONE = "the station says that it does not run and that nothing more will come"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long we wait.

    Attributes:
        ask_after: seconds that a station that came back has to send what it has queued
            before it is asked.
        silence: seconds without an event after which a connected station is asked.
        close_after: seconds without an event after which a transaction is closed, when its
            station is away or cannot say.
    """

    ask_after: float = 30
    silence: float = 6 * 3600
    close_after: float = 72 * 3600


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """Sender of GetTransactionStatus, and the watch over what runs."""

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
    transactions: TransactionRecords
    late: LateEvents
    patience: Live[Patience]

    # ---- asking ------------------------------------------------------------------------

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """E14. Without a transactionId the station only says whether messages wait (E14.FR.06)."""
        reply = await self.stations.call(station, "GetTransactionStatus", payload, seconds=seconds)
        now = self.clock.now()
        told = {"messagesInQueue": reply["messagesInQueue"], "statusAskedAt": now}
        transaction_id = payload.get("transactionId")
        if transaction_id is None:
            await self._note_all(station, told)
            return reply
        record = self.transactions.live(station, transaction_id)
        if record is None:
            return reply
        over = reply.get("ongoingIndicator") is False and not reply["messagesInQueue"]
        if over and record.isActive:
            await self._close(record, now, GONE, **told)
        else:
            await self.records.write(Put(LIVE_TRANSACTION, record.id, told))
        return reply

    async def _note_all(self, station: str, told: dict[str, Any]) -> None:
        concerned = [
            each
            for each in self.records.select(LIVE_TRANSACTION, station=station)
            if each.isActive or each.missingSeqNos
        ]
        await self.records.write(*(Put(LIVE_TRANSACTION, each.id, told) for each in concerned))

    async def _close(self, record: Transaction, now: datetime, why: str, **more: Any) -> None:
        ledger = ledger_of(record).with_closing(now, why)
        joined = self.transactions.with_ledger(record, ledger, now, **more)
        await self.records.write(*joined.changes)
        tell(record, joined.record)

    # ---- the watch ---------------------------------------------------------------------

    def start(self) -> None:
        """Begins the watch; for the start of the service."""
        self.jobs.start("transactions", self._watch)

    async def _watch(self) -> None:
        await self.late.resume()
        while True:
            await self.sweep()
            await self.clock.sleep(_SWEEP)

    def connected(self, session: SessionInfo) -> None:
        """The station is back: it is asked about what ran when it left."""
        station = session.station
        if self.transactions.active(station=station):
            self.jobs.start(f"transactions {station}", lambda: self._ask_returned(station))

    async def _ask_returned(self, station: str) -> None:
        back = self.clock.now()
        await self.clock.sleep(self.patience.now.ask_after)
        for each in self.transactions.active(station=station):
            if each.updatedAt is None or each.updatedAt < back:
                await self._ask(each)

    async def sweep(self) -> None:
        """Asks about transactions that are silent, closes those of which nobody can tell. A
        station that says that one runs is believed, however long it takes."""
        now, patience = self.clock.now(), self.patience.now
        silence = timedelta(seconds=min(patience.silence, patience.close_after))
        for each in self.transactions.active():
            heard = each.updatedAt or now
            if now - max(heard, each.statusAskedAt or heard) < silence or await self._ask(each):
                continue
            if now - heard >= timedelta(seconds=patience.close_after):
                await self._give_up(each, heard)

    async def _give_up(self, record: Transaction, heard: datetime) -> None:
        current = self.records.get(LIVE_TRANSACTION, record.id)
        if current is None or not current.isActive or current.updatedAt != record.updatedAt:
            return
        station = self.records.get(CHARGING_STATION, str(record.station))
        where = "here" if station is not None and station.isOnline else "away"
        why = f"the station is {where} and nothing was heard of it since {iso(heard)}"
        await self._close(current, self.clock.now(), why)

    async def _ask(self, record: Transaction) -> bool:
        """Whether the station says that the transaction runs, or that messages wait."""
        station, transaction_id = str(record.station), str(record.transactionId)
        if self.stations.session(station) is None:
            return False
        try:
            reply = await self.send(station, {"transactionId": transaction_id}, None)
        except (StationRefused, StationIncoherent) as error:
            log.info("transaction.status_unknown", station=station,
                     transaction=transaction_id, reason=str(error))  # fmt: skip
            asked = {"statusAskedAt": self.clock.now()}
            await self.records.write(Put(LIVE_TRANSACTION, record.id, asked))
            return False
        except StationError:
            return False
        running = reply.get("ongoingIndicator") is True
        return running or bool(reply["messagesInQueue"])
