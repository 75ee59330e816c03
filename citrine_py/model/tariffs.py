"""Tariffs: what charging costs, when and where.

Fields that CitrineOS has are called as there. Which of several tariffs applies is
`modules.tariffs`' to decide, what its prices come to `modules.costs`'; `model.rates`
reads it strictly.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from citrine_py.model.collection import Collection, Delivery, Operators, Query, Record, Services


class Tariff(Record):
    """Prices in one currency, and where and when they apply. Money is a decimal number."""

    id: str
    name: Operators[str | None] = None
    currency: Operators[str | None] = None  # ISO 4217
    pricePerKwh: Operators[Decimal | None] = None
    pricePerMin: Operators[Decimal | None] = None  # of charging
    pricePerMinIdle: Operators[Decimal | None] = None  # connected, charged and not leaving
    idleGraceMinutes: Operators[int | None] = None  # free ones, before idle minutes cost
    pricePerSession: Operators[Decimal | None] = None
    paymentFee: Operators[Decimal | None] = None  # once a session, as the price per session
    authorizationAmount: Operators[Decimal | None] = None
    """What a payment terminal reserves on a card; told to drivers, no part of the cost."""
    minimumCost: Operators[Decimal | None] = None  # of a session in which energy flowed
    maximumCost: Operators[Decimal | None] = None
    taxRate: Operators[Decimal | None] = None  # percent
    pricesIncludeTax: Operators[bool | None] = None  # None: they do
    periods: Operators[Any] = None
    """Other prices at times of day, a list of `rates.PERIOD_FIELDS`; the first that fits holds."""
    timeZone: Operators[str | None] = None  # IANA name; that of the place, for `periods`
    validFrom: Operators[datetime | None] = None
    validUntil: Operators[datetime | None] = None
    stationId: Operators[str | None] = None  # ChargingStation.id; applies there
    location: Operators[str | None] = None  # Location.id; applies there
    isDefault: Operators[bool | None] = None  # applies wherever no other does
    connectorType: Operators[str | None] = None  # OCPP ConnectorEnumType; applies to no other
    sendCostUpdated: Operators[bool | None] = None  # the running cost, to stations that show it
    problem: Services[str | None] = None
    """Why it cannot be read, and so is not applied."""


TARIFF = Collection(
    "Tariff",
    Tariff,
    "transactions/tariff",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=2,
    made_by_people=True,
    query=(Query("id", "id"),),
)

COLLECTIONS: tuple[Collection[Any], ...] = (TARIFF,)
