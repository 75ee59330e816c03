"""What blocks ask of each other about what charging costs; see `ports`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from citrine_py.model.money import Money
from citrine_py.model.transactions import SignatureStatus, Transaction
from citrine_py.ports import Payload


@dataclass(frozen=True, slots=True)
class Cost:
    """What a transaction costs, by the tariff of this key; `breakdown` explains it to people."""

    total: Money
    tariff: str
    breakdown: Payload


class MeterSignatures(Protocol):
    def __call__(self, station: str, signed: Payload) -> tuple[SignatureStatus, str | None]:
        """Whether OCPP's SignedMeterValueType is what the meter signed; else why not. The latest
        key of each meter is remembered."""


class Pricing(Protocol):
    """What transactions cost. A transaction without a tariff has no cost."""

    def running(self, transaction: Transaction, until: datetime) -> Cost | None:
        """The cost so far, by the tariff on the record or else the one that applies."""

    def final(self, transaction: Transaction) -> Cost | None:
        """The cost of one that has ended."""
