"""Reservations of EVSEs (H). Read on demand: no decision for a station needs them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services

ReservationState = Literal[
    "Requested",  # asked for; the station's answer is not here yet
    "Active",
    "Refused",  # statusInfo says why
    "Used",  # a transaction came of it
    "Expired",
    "Removed",  # the station gave it up
    "Cancelled",
]


class Reservation(Record):
    """A reservation on a station: for an EVSE, for a type of connector, or for any EVSE."""

    id: str  # keys.reservation_key
    station: Services[str | None] = None
    reservationId: Services[int | None] = None
    """OCPP's id, unique on the station."""
    status: Services[ReservationState | None] = None
    statusInfo: Services[str | None] = None
    """What the station said: its status and its reason."""
    idToken: Services[str | None] = None
    idTokenType: Services[str | None] = None
    groupIdToken: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorType: Services[str | None] = None
    expiryDateTime: Services[datetime | None] = None
    transactionId: Services[str | None] = None
    """OCPP's id of the transaction that used it."""
    timestamp: Services[datetime | None] = None
    """When its status last changed."""


RESERVATION = Collection(
    "Reservation",
    Reservation,
    "evdriver/reservation",
    resident=False,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("reservationId", "reservationId", number=True),
        Query("status", "status"),
    ),
    retained_by="timestamp",
)

COLLECTIONS: tuple[Collection[Any], ...] = (RESERVATION,)
