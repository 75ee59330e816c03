"""Who is told of what happens with stations (webhooks), and what people's programs keep here.

Both are CitrineOS' and have its field names.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from citrine_py.model.collection import Collection, Delivery, Operators, Query, Record, Services


class Subscription(Record):
    """An address that is told when a station comes and goes, and of its messages."""

    id: str
    stationId: Operators[str | None] = None
    """ChargingStation.id; None: all stations."""
    url: Operators[str | None] = None
    onConnect: Operators[bool | None] = None
    onClose: Operators[bool | None] = None
    onMessage: Operators[bool | None] = None  # from the station
    sentMessage: Operators[bool | None] = None  # to the station
    messageRegexFilter: Operators[str | None] = None
    """Only messages in whose JSON text something matches; RE2's syntax."""
    problem: Services[str | None] = None
    """Why it is not in force."""
    lastDeliveredAt: Services[datetime | None] = None
    failures: Services[int | None] = None
    """Tries in vain since then."""
    lastFailure: Services[str | None] = None
    lastFailureAt: Services[datetime | None] = None


class UserPreference(Record):
    """A value that a program of somebody's keeps, by a key of its own."""

    id: str
    """CitrineOS' `key`."""
    value: Operators[str | None] = None  # JSON; what is none counts as a text


SUBSCRIPTION = Collection(
    "Subscription",
    Subscription,
    "ocpprouter/subscription",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(Query("id", "id", required=True), Query("stationId", "stationId")),
    made_by_people=True,
    touched=("lastDeliveredAt", "failures", "lastFailure", "lastFailureAt"),
)

USER_PREFERENCE = Collection(
    "UserPreference",
    UserPreference,
    "ocpprouter/userPreferences",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=1,
    query=(Query("key", "id", required=True),),
    made_by_people=True,
)

COLLECTIONS: tuple[Collection[Any], ...] = (SUBSCRIPTION, USER_PREFERENCE)
