"""The Transaction records: takes ledgers into them, with place and cost.

Knows the records and the price, no message. Reads memory only. What it returns belongs
into one write with the rows of the message that led to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog

from citrine_py.live import Live
from citrine_py.model.costs import Cost
from citrine_py.model.keys import connector_key, token_key, transaction_key
from citrine_py.model.stations import CONNECTOR
from citrine_py.model.transactions import LIVE_TRANSACTION, TRANSACTION, Transaction
from citrine_py.modules.energy import Limits
from citrine_py.modules.ledger import Ledger
from citrine_py.modules.ledger_json import packed, unpacked
from citrine_py.modules.remote_starts import asked_for
from citrine_py.modules.transaction_facts import fields_of, priced
from citrine_py.modules.transaction_rows import place
from citrine_py.ports import Change, Put, Records
from citrine_py.ports_charging import Pricing

log = structlog.get_logger()

CONNECTOR_POWER: Mapping[str, int] = MappingProxyType(
    {
        "cType1": 20_000,
        "cType2": 45_000,
        "sType2": 45_000,
        "sType3": 45_000,
        "s309-1P-16A": 4_000,
        "s309-1P-32A": 8_000,
        "s309-3P-16A": 12_000,
        "s309-3P-32A": 24_000,
        "sBS1361": 4_000,
        "sCEE-7-7": 4_000,
        "Other1PhMax16A": 4_000,
        "Other1PhOver16A": 20_000,
    }
)
"""W that the sockets of alternating current of OCPP's ConnectorEnumType can deliver, with some
room. What cables of direct current can is the setting's to say."""


_STARTER = ("idToken", "idTokenType", "tokenKey")


@dataclass(frozen=True, slots=True)
class Joined:
    """A record with a ledger in it, and the changes that make it so."""

    record: Transaction
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class TransactionRecords:
    """Makes and finds records.

    Attributes:
        limits: what a reading may not exceed.
        pricing: says what each costs.
    """

    records: Records
    limits: Live[Limits]
    pricing: Pricing

    def live(self, station: str, transaction_id: str) -> Transaction | None:
        """The transaction, if it is in memory."""
        return self.records.get(LIVE_TRANSACTION, transaction_key(station, transaction_id))

    def active(self, **equal: Any) -> list[Transaction]:
        """Those that run, of which these fields are equal; the oldest first."""
        found = self.records.select(LIVE_TRANSACTION, **equal, isActive=True)
        return sorted(found, key=lambda each: (each.startedAt is None, each.startedAt, each.id))

    def with_ledger(
        self, before: Transaction, ledger: Ledger, now: datetime, **more: Any
    ) -> Joined:
        """`before`, which may be a mere id with station and transactionId, with this ledger.
        `more` are fields that do not follow from events."""
        station, transaction_id = str(before.station), str(before.transactionId)
        evse_id, connector_id = _told(ledger, "evseId"), _told(ledger, "connectorId")
        evse, made = place(self.records, station, evse_id, connector_id)
        fields = {
            "station": station,
            "transactionId": transaction_id,
            "evse": evse,
            "updatedAt": now,
            **fields_of(ledger, self._limits(station, evse_id, connector_id)),
            **more,
            "bookkeeping": packed(ledger),
        }
        if fields["idToken"] is None:
            fields |= self._starter(before, station, fields["remoteStartId"])
        record = before.model_copy(update=fields)
        fields |= self._cost(before, record, now)
        record = record.model_copy(update=fields)
        return Joined(record, (*made, self._put(before, record, fields)))

    def _starter(self, before: Transaction, station: str, start: int | None) -> dict[str, Any]:
        """Whom we started it for, where the station leaves that out of all that it tells."""
        if before.idToken is not None:
            return {name: getattr(before, name) for name in _STARTER}
        asked = asked_for(self.records, station, start) if start is not None else None
        if asked is None:
            return {}
        return dict(zip(_STARTER, (*asked, token_key(*asked)), strict=True))

    def _put(self, before: Transaction, record: Transaction, fields: dict[str, Any]) -> Put:
        live = self.records.get(LIVE_TRANSACTION, record.id)
        if live is None and before.updatedAt is None:
            # A new one. Should Directus have a row for it all the same, that stays as it is.
            return Put(LIVE_TRANSACTION, record.id, fields, only_over=dict.fromkeys(fields))
        if live is None and record.isActive:
            whole = {name: value for name, value in record.__dict__.items() if name != "id"}
            return Put(LIVE_TRANSACTION, record.id, whole)
        changed = {name: value for name, value in fields.items() if getattr(before, name) != value}
        return Put(TRANSACTION if live is None else LIVE_TRANSACTION, record.id, changed)

    def _limits(self, station: str, evse_id: int | None, connector_id: int | None) -> Limits:
        limits = self.limits.now
        if evse_id is None or connector_id is None:
            return limits
        connector = self.records.get(CONNECTOR, connector_key(station, evse_id, connector_id))
        kind = connector.connectorType if connector is not None else None
        power = min(limits.power, CONNECTOR_POWER.get(kind or "", limits.power))
        return Limits(power, limits.energy)

    # ---- cost --------------------------------------------------------------------------

    def _cost(self, before: Transaction, record: Transaction, now: datetime) -> dict[str, Any]:
        """The cost of a running transaction as it goes; a final one stays unless a late event
        has changed what it is made of."""
        if not record.isActive and before.isActive is False and _same_facts(before, record):
            return {}
        cost: Cost | None
        if record.isActive:
            cost = self.pricing.running(record, record.lastEventAt or now)
        else:
            cost = self.pricing.final(record)
        if cost is None:
            return {}
        return {
            "tariff": cost.tariff,
            "totalCost": cost.total.amount,
            "currency": cost.total.currency,
            "costBreakdown": cost.breakdown,
        }


def ledger_of(record: Transaction | None) -> Ledger:
    """What is known of the events of a record."""
    return unpacked(record.bookkeeping) if record is not None else Ledger()


def unknown(station: str, transaction_id: str) -> Transaction:
    """A transaction of which nothing is known yet."""
    key = transaction_key(station, transaction_id)
    return Transaction(id=key, station=station, transactionId=transaction_id)


def _told(ledger: Ledger, name: str) -> int | None:
    stamped = ledger.told.get(name)
    return stamped[2] if stamped is not None else None


def _same_facts(before: Transaction, record: Transaction) -> bool:
    return priced(before.__dict__) == priced(record.__dict__)


def tell(before: Transaction | None, after: Transaction) -> None:
    """Logs what a station made of a transaction."""
    told: dict[str, Any] = {"station": after.station, "transaction": after.transactionId}
    if after.isActive and (before is None or not before.isActive):
        log.info("transaction.started", **told, evse=after.evseId)
    elif not after.isActive and (before is None or before.isActive):
        log.info("transaction.ended", **told, reason=after.stoppedReason, energy=after.energyWh)
    if after.doubt and (before is None or before.doubt != after.doubt):
        log.warning("transaction.doubt", **told, doubt=after.doubt)
