"""Charging profiles (K): what stations are to keep their charging within, and what they told.

In memory: whether two profiles are in each other's way, and what is to be sent to a station
that comes back, is decided on them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import (
    Collection,
    Delivery,
    Operators,
    Query,
    Record,
    Services,
    Shared,
)

ChargingProfilePurpose = Literal[
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
    "ChargingStationExternalConstraints",
]
ChargingProfileKind = Literal["Absolute", "Recurring", "Relative"]
RecurrencyKind = Literal["Daily", "Weekly"]
ChargingRateUnit = Literal["A", "W"]
ChargingProfileState = Literal[
    "Wanted",  # to be sent when the station is there
    "Sent",  # its answer is not here yet
    "Confirmed",  # the station has it
    "Refused",  # statusInfo says why
    "Removing",  # to be cleared on the station when it is there
    "Cleared",  # the station has it no more
    "Ended",  # its transaction or its time is over
]
ON_STATION: tuple[ChargingProfileState, ...] = ("Sent", "Confirmed")
IN_FORCE: tuple[ChargingProfileState, ...] = ("Wanted", *ON_STATION)
ProfileSource = Literal[
    "Operator",  # a row made in Directus
    "Request",  # a message sent by the API or a flow
    "Location",  # the share of a location's limit
    "Car",  # what a car said that it needs (K15)
    "EMS",  # OCPP's ChargingLimitSourceEnumType, as the station told
    "SO",
    "CSO",
    "Other",
]
OURS: frozenset[str] = frozenset({"Operator", "Request", "Location", "Car"})


class ChargingProfile(Record):
    """One charging profile of a station, or one limit that somebody else has set there."""

    id: str  # Directus' own where people made the row, else of keys
    station: Operators[str | None] = None
    evseId: Shared[int | None] = None
    """0, or none: the whole station."""
    chargingProfilePurpose: Shared[ChargingProfilePurpose | None] = None
    transactionId: Operators[str | None] = None  # of a TxProfile
    stackLevel: Shared[int | None] = None
    chargingProfileKind: Shared[ChargingProfileKind | None] = None
    recurrencyKind: Operators[RecurrencyKind | None] = None
    validFrom: Operators[datetime | None] = None
    validTo: Operators[datetime | None] = None
    chargingRateUnit: Shared[ChargingRateUnit | None] = None
    limit: Shared[float | None] = None
    """In the unit; of the first period, or the only one where no periods are given."""
    chargingSchedulePeriod: Operators[list[dict[str, Any]] | None] = None
    """OCPP's ChargingSchedulePeriodType: {startPeriod, limit, numberPhases, phaseToUse}."""
    startSchedule: Shared[datetime | None] = None
    duration: Operators[int | None] = None  # seconds
    minChargingRate: Operators[float | None] = None
    notes: Operators[str | None] = None

    chargingProfileId: Services[int | None] = None
    """OCPP's id, unique on the station."""
    moreSchedules: Services[list[dict[str, Any]] | None] = None
    """OCPP's second and third ChargingScheduleType, where a car was offered several."""
    source: Services[ProfileSource | None] = None
    status: Services[ChargingProfileState | None] = None
    statusInfo: Services[str | None] = None
    """What the station said, or why it could not be asked."""
    isGridCritical: Services[bool | None] = None  # of an external limit
    location: Services[str | None] = None  # Location.id whose limit this is a share of
    remoteStartId: Services[int | None] = None  # it went along with a RequestStartTransaction
    chargingNeeds: Services[dict[str, Any] | None] = None  # OCPP's ChargingNeedsType
    evSchedule: Services[dict[str, Any] | None] = None
    """What the car means to do: OCPP's ChargingScheduleType with `timeBase` and our `status`."""
    sentAt: Services[datetime | None] = None
    reportedAt: Services[datetime | None] = None  # the station last told of it
    timestamp: Services[datetime | None] = None
    """When its status last changed."""


CHARGING_PROFILE = Collection(
    "ChargingProfile",
    ChargingProfile,
    "smartcharging/chargingProfile",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("evseId", "evseId", number=True),
        Query("chargingProfileId", "chargingProfileId", number=True),
        Query("chargingProfilePurpose", "chargingProfilePurpose"),
        Query("transactionId", "transactionId"),
        Query("status", "status"),
        Query("source", "source"),
    ),
    made_by_people=True,
    newest_by="timestamp",
    edited_by_api=False,
)

COLLECTIONS: tuple[Collection[Any], ...] = (CHARGING_PROFILE,)
