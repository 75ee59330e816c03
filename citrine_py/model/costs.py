"""What a charging session costs, line by line, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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
class Cost:
    """The cost of a session, now or finally.

    Attributes:
        total: with tax, rounded; OCPP's totalCost. Zero says that it is free.
        tariff: id of the tariff that was used.
        terms: that tariff as it was then, so that an edit of it changes no session that began
            before.
    """

    total: Money
    net: Decimal
    tax: Decimal
    tariff: str
    lines: tuple[CostLine, ...]
    terms: Mapping[str, Any]

    def breakdown(self) -> dict[str, Any]:
        """As JSON, for people and for the Transaction's costBreakdown; money as decimal texts."""
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
            "tariff": dict(self.terms),
        }
