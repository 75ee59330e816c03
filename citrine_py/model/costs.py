"""What pricing reads of a charging session, and what it says that the session costs: line by
line, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from citrine_py.model.money import Money, plain


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line: `quantity` of `unit` at `price` each. All lines together are the total."""

    what: str
    quantity: Decimal
    unit: str  # kWh, min, or empty for what is paid once
    price: Decimal  # net or gross, as the tariff's prices are
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session comes to. `total` is with tax and rounded; zero says that it is free."""

    total: Money
    net: Decimal
    tax: Decimal
    lines: tuple[CostLine, ...]

    def breakdown(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON, for people; money as decimal texts. `terms` are those of the tariff."""
        return {
            "currency": self.total.currency,
            "net": f"{self.net:f}",
            "tax": f"{self.tax:f}",
            "total": f"{self.total.amount:f}",
            "lines": [
                {
                    "what": line.what,
                    "quantity": plain(line.quantity),
                    "unit": line.unit,
                    "price": plain(line.price),
                    "net": f"{line.net:f}",
                    "tax": f"{line.tax:f}",
                    "gross": f"{line.gross:f}",
                }
                for line in self.lines
            ],
            "tariff": dict(terms),
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a session, now or finally.

    Attributes:
        total: with tax; OCPP's totalCost.
        tariff: id of the tariff that was used.
        breakdown: how the total comes about, for people, and the tariff's terms as they were:
            kept with the session they hold for it, whatever is edited later.
    """

    total: Money
    tariff: str
    breakdown: dict[str, Any]


class PricedSession(Protocol):
    """What pricing reads of a transaction.

    A segment is `{from, to, state, energyWh}`: two times, OCPP's chargingState between them
    (None: not known) and the energy taken meanwhile. They follow each other in time;
    the shorter they are, the better is known at which time of day the energy was taken.
    """

    @property
    def station(self) -> str | None: ...

    @property
    def evseId(self) -> int | None: ...  # noqa: N802

    @property
    def connectorId(self) -> int | None: ...  # noqa: N802

    @property
    def startedAt(self) -> datetime | None: ...  # noqa: N802

    @property
    def endedAt(self) -> datetime | None: ...  # noqa: N802

    @property
    def energyWh(self) -> float | None: ...  # noqa: N802

    @property
    def chargingSeconds(self) -> float | None: ...  # noqa: N802

    @property
    def idleSeconds(self) -> float | None: ...  # noqa: N802

    @property
    def segments(self) -> Sequence[Mapping[str, Any]] | None: ...

    @property
    def tariff(self) -> str | None:
        """The id of the tariff with which it began, once that is known."""

    @property
    def costBreakdown(self) -> Mapping[str, Any] | None:  # noqa: N802
        """`Cost.breakdown` of the last cost, whose terms go on to hold."""


class OpenTransaction(PricedSession, Protocol):
    """A transaction that goes on."""

    @property
    def transactionId(self) -> str | None: ...  # noqa: N802
