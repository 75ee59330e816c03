"""E01-E10, J01, J02: TransactionEvent and MeterValues.

Whatever a TransactionEvent says, it is answered: a refusal would make the station send it
for ever. It is stored once and joined into its Transaction by way of the `ledger`, so that
order, repetition and delay make no difference. The answer needs nothing but memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from citrine_py.model.keys import token_key
from citrine_py.model.transactions import Transaction
from citrine_py.modules.late_events import LateEvents
from citrine_py.modules.ledger import Event, moment
from citrine_py.modules.remote_starts import begun
from citrine_py.modules.reservations import ended
from citrine_py.modules.transaction_records import TransactionRecords, ledger_of, tell, unknown
from citrine_py.modules.transaction_rows import Message, event_rows, meter_value_rows
from citrine_py.ports import Call, Change, Clock, Payload, Records
from citrine_py.ports_charging import MeterSignatures
from citrine_py.ports_tokens import IdTokens

NEW_WITHIN = timedelta(hours=24)
"""A Started event not older than this, of a transaction that is not in memory, begins a new
one. What is older may belong to one that has left memory; less than `LIVE_DAYS`."""


@dataclass(frozen=True, slots=True)
class OnTransactionEvent:
    """Answers TransactionEvent.

    Attributes:
        tokens: says what an idToken is worth.
        verify: checks signed meter values.
    """

    records: Records
    transactions: TransactionRecords
    tokens: IdTokens
    late: LateEvents
    verify: MeterSignatures

    async def __call__(self, call: Call) -> Payload:
        told = call.payload
        info = await self._token_info(call)
        status, group = (info["status"], _group_of(info)) if info else (None, "")
        message = Message(call.station, told, call.received, status, group)
        event = Event.of(told, group)
        over = (
            *begun(self.records, call),
            *_used_reservation(call, message.transaction_id),
        )
        before = self.transactions.live(call.station, message.transaction_id)
        if before is None and not _begins(event, call):
            await self.records.write(*over, *event_rows(message, self.verify, joined=False))
            self.late.add(message)
            return _answer(told, info, None)
        known = before or unknown(call.station, message.transaction_id)
        ledger = ledger_of(before).with_event(event)
        joined = self.transactions.with_ledger(known, ledger, call.received)
        rows = event_rows(message, self.verify, joined=True)
        await self.records.write(*joined.changes, *over, *rows)
        tell(before, joined.record)
        return _answer(told, info, joined.record)

    async def _token_info(self, call: Call) -> Payload | None:
        """What the token in the request is worth; None where there is none in it."""
        token = call.payload.get("idToken")
        if token is None:
            return None
        return await self.tokens.info(
            call.station,
            token,
            evse_id=call.payload.get("evse", {}).get("id"),
            transaction_id=call.payload["transactionInfo"]["transactionId"],
        )


def _group_of(info: Payload) -> str:
    """The group of a token by what it was answered; empty if it has none."""
    return str(info.get("groupIdToken", {}).get("idToken", ""))


def _begins(event: Event, call: Call) -> bool:
    return event.type == "Started" and call.received - moment(event.at) <= NEW_WITHIN


def _used_reservation(call: Call, transaction_id: str) -> tuple[Change, ...]:
    """The end of the reservation that the event says the transaction uses (H01)."""
    reservation_id = call.payload.get("reservationId")
    if reservation_id is None:
        return ()
    used = ended(call.station, reservation_id, "Used", call.received, transaction_id=transaction_id)
    return (used,)


def _answer(told: Payload, info: Payload | None, record: Transaction | None) -> Payload:
    """With the running cost as totalCost until the transaction has ended, then the final one. One
    that is left out says that there is no tariff, not that it is free."""
    answer: Payload = {}
    if record is not None and record.totalCost is not None and told["eventType"] != "Started":
        answer["totalCost"] = float(record.totalCost)
    if info is not None:
        answer["idTokenInfo"] = info
    return answer


@dataclass(frozen=True, slots=True)
class OnMeterValues:
    """Keeps what a station measures outside of transactions (J01)."""

    records: Records
    verify: MeterSignatures

    async def __call__(self, call: Call) -> Payload:
        rows = meter_value_rows(call.station, call.payload, call.received, self.verify)
        await self.records.write(*rows)
        return {}


@dataclass(frozen=True, slots=True)
class RemoteStarts:
    """Implements ports_charging.RemoteStarts."""

    records: Records
    clock: Clock
    transactions: TransactionRecords

    async def began(self, station: str, transaction_id: str, remote_start_id: int) -> None:
        """See ports_charging.RemoteStarts. One that is not in memory will tell it itself."""
        before = self.transactions.live(station, transaction_id)
        if before is None:
            return
        ledger = ledger_of(before).with_remote_start(remote_start_id)
        heard = before.updatedAt or self.clock.now()
        joined = self.transactions.with_ledger(before, ledger, heard)
        await self.records.write(*joined.changes)


@dataclass(frozen=True, slots=True)
class RunningTransactions:
    """Implements ports_tokens.ActiveTransactions."""

    transactions: TransactionRecords

    def of_token(self, id_token: str, token_type: str) -> list[str]:
        """See ports_tokens.ActiveTransactions."""
        found = self.transactions.active(tokenKey=token_key(id_token, token_type))
        return [each.id for each in found]
