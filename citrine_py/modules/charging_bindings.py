"""Transactions and what they cost put together, for `bindings`: their rules, handlers and
senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from citrine_py.live import Live
from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.cost_updates import CostUpdates
from citrine_py.modules.energy import Limits
from citrine_py.modules.late_events import LateEvents
from citrine_py.modules.requests import Sender
from citrine_py.modules.transaction_records import TransactionRecords
from citrine_py.modules.transaction_status import Patience, TransactionStatus
from citrine_py.modules.transactions import OnMeterValues, OnTransactionEvent
from citrine_py.ports_charging import MeterSignatures
from citrine_py.ports_tokens import IdTokens


@dataclass(frozen=True, slots=True)
class TransactionRules:
    """What the settings say about transactions."""

    limits: Live[Limits] = field(default_factory=lambda: Live(Limits()))
    patience: Live[Patience] = field(default_factory=lambda: Live(Patience()))
    cost_interval: Live[float] = field(default_factory=lambda: Live(60.0))
    """Seconds between two rounds of CostUpdated."""


@dataclass(frozen=True, slots=True)
class Charging:
    """The rules of transactions and costs."""

    status: TransactionStatus
    cost_updates: CostUpdates
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(
    common: Common,
    transactions: TransactionRecords,
    id_tokens: IdTokens,
    *,
    verify: MeterSignatures,
    rules: TransactionRules,
) -> Charging:
    """Gives every rule of transactions its needs."""
    records, clock, jobs = common.records, common.clock, common.jobs
    late = LateEvents(records, transactions, clock, jobs)
    status = TransactionStatus(
        records, common.stations, clock, jobs, transactions, late, rules.patience
    )
    cost_updates = CostUpdates(
        records,
        common.stations,
        jobs,
        clock,
        transactions.pricing,
        transactions,
        rules.cost_interval,
    )
    return Charging(
        status,
        cost_updates,
        MappingProxyType(
            {
                "MeterValues": OnMeterValues(records, verify),
                "TransactionEvent": OnTransactionEvent(
                    records, transactions, id_tokens, late, verify
                ),
            }
        ),
        MappingProxyType({"GetTransactionStatus": status.send}),
    )
