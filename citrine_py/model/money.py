"""Amounts of money: decimals with a currency, never floats."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency of ISO 4217."""

    amount: Decimal
    currency: str
