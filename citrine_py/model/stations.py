"""Stations and what belongs to them: location, boot, EVSEs, connectors, device model.

Field names are OCPP's. What a charger or an operator sees under a name is stored
under that name.
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

RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]
ConnectorStatus = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]
BootProgress = Literal[
    "ReportRequested",  # GetBaseReport is on its way or accepted, no part yet
    "ReportReceiving",  # parts arrive
    "SettingVariables",
    "Resetting",
    "AwaitingBoot",  # all done; the next BootNotification will be Accepted
    "Done",  # accepted
    "Failed",  # progressInfo says why; the next boot tries again
]
LocalListStatus = Literal[
    "Wanted",  # to be sent
    "Sending",
    "Current",
    "Manual",  # somebody sent one of his own
    "Failed",  # localListInfo says why
    "NotSupported",
]


OperationalStatus = Literal["Operative", "Inoperative"]
AvailabilityProgress = Literal[
    "Wanted",  # to be sent when the station is there
    "Scheduled",  # the station does it when its transaction has ended
    "Done",
    "Refused",  # availabilityInfo says why
]


PasswordProgress = Literal[
    "Wanted",  # to be sent when the station is there
    "Sent",  # on its way, its answer is not here yet
    "Confirmed",
    "Refused",  # passwordInfo says why
]


class Location(Record):
    """Where stations stand."""

    id: str
    name: Operators[str | None] = None
    address: Operators[str | None] = None
    city: Operators[str | None] = None
    postalCode: Operators[str | None] = None
    state: Operators[str | None] = None
    country: Operators[str | None] = None
    coordinates: Operators[dict[str, Any] | None] = None  # GeoJSON Point
    tariff: Operators[str | None] = None  # Tariff.id; for its stations without one of their own
    powerLimit: Operators[float | None] = None
    """kW that its stations may take together; none: no limit (`modules.load_balancing`)."""
    voltage: Operators[float | None] = None  # V between phase and neutral; 230 if not said
    phases: Operators[int | None] = None  # that stations and cars use; 3 if not said


class ChargingStation(Record):
    """A charging station, by the id it connects with."""

    id: str
    name: Operators[str | None] = None
    location: Operators[str | None] = None  # Location.id
    tariff: Operators[str | None] = None  # Tariff.id
    notes: Operators[str | None] = None
    isOnline: Services[bool | None] = None
    registrationStatus: Services[RegistrationStatus | None] = None
    """The answer to its last BootNotification; it may take part while this is Accepted (B01)."""
    listener: Services[str | None] = None
    protocol: Services[str | None] = None
    securityProfile: Services[int | None] = None
    """Of its last connection; a lower one is refused from then on (A05)."""
    allowLowerSecurityProfile: Operators[bool | None] = None
    remoteAddress: Services[str | None] = None
    connectedAt: Services[datetime | None] = None
    lastSeen: Services[datetime | None] = None
    lastBootTime: Services[datetime | None] = None
    lastBootReason: Services[str | None] = None
    model: Services[str | None] = None
    vendorName: Services[str | None] = None
    serialNumber: Services[str | None] = None
    firmwareVersion: Services[str | None] = None
    iccid: Services[str | None] = None
    imsi: Services[str | None] = None
    firmwareStatus: Services[str | None] = None
    firmwareStatusAt: Services[datetime | None] = None
    logStatus: Services[str | None] = None
    logStatusAt: Services[datetime | None] = None
    passwordChangedAt: Services[datetime | None] = None
    passwordProgress: Services[PasswordProgress | None] = None
    """How a password stands that was to be sent when the station is there."""
    passwordInfo: Services[str | None] = None
    wantedAvailability: Shared[OperationalStatus | None] = None
    """What an operator wants it to be (G03, G04)."""
    availabilityProgress: Services[AvailabilityProgress | None] = None
    availabilityInfo: Services[str | None] = None
    localListStatus: Services[LocalListStatus | None] = None
    localListInfo: Services[str | None] = None
    localListVersion: Services[int | None] = None
    """What the station has (D01); 0: none."""
    localListWantedVersion: Services[int | None] = None
    localListEntries: Services[int | None] = None
    localListUpdatedAt: Services[datetime | None] = None
    localListDigest: Services[str | None] = None
    """Of the list that was wanted when the station's was last set (`modules.local_list`)."""


class Boot(Record):
    """What the next BootNotification of a station is answered, and how the last one went."""

    id: str  # the station's id
    station: Services[str | None] = None  # ChargingStation.id, the same
    status: Shared[RegistrationStatus | None] = None
    statusInfo: Operators[dict[str, Any] | None] = None  # OCPP StatusInfoType
    heartbeatInterval: Operators[int | None] = None  # seconds
    bootRetryInterval: Operators[int | None] = None  # seconds
    getBaseReportOnPending: Operators[bool | None] = None
    pendingBootSetVariables: Operators[list[dict[str, Any]] | None] = None
    """What to set while Pending, as VariableSetting rows (`modules.device_model`)."""
    bootWithRejectedVariables: Operators[bool | None] = None
    variablesRejectedOnLastBoot: Shared[list[dict[str, Any]] | None] = None
    lastBootTime: Shared[datetime | None] = None
    lastBootStatus: Services[RegistrationStatus | None] = None
    lastBootReason: Services[str | None] = None
    model: Services[str | None] = None
    vendorName: Services[str | None] = None
    serialNumber: Services[str | None] = None
    firmwareVersion: Services[str | None] = None
    iccid: Services[str | None] = None
    imsi: Services[str | None] = None
    progress: Services[BootProgress | None] = None
    progressInfo: Services[str | None] = None
    progressAt: Services[datetime | None] = None
    reportRequestId: Services[int | None] = None
    reportVariables: Services[int | None] = None  # attributes received by the running report


class Evse(Record):
    """An EVSE of a station."""

    id: str  # keys.evse_key
    station: Services[str | None] = None
    evseId: Services[int | None] = None
    name: Operators[str | None] = None
    wantedAvailability: Shared[OperationalStatus | None] = None
    """What an operator wants it to be (G03, G04)."""
    availabilityProgress: Services[AvailabilityProgress | None] = None
    availabilityInfo: Services[str | None] = None
    iso15118EvseId: Shared[str | None] = None  # the variable of that name, e.g. DE*ABC*E0001


class Connector(Record):
    """A connector of an EVSE with its latest status."""

    id: str  # keys.connector_key
    station: Services[str | None] = None
    evse: Services[str | None] = None  # Evse.id
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    connectorStatus: Services[ConnectorStatus | None] = None
    timestamp: Services[datetime | None] = None  # the station's time of that status
    connectorType: Shared[str | None] = None  # OCPP ConnectorEnumType
    wantedAvailability: Shared[OperationalStatus | None] = None
    """What an operator wants it to be (G03, G04)."""
    availabilityProgress: Services[AvailabilityProgress | None] = None
    availabilityInfo: Services[str | None] = None


_STATION = Query("stationId", "station")

LOCATION = Collection(
    "Location",
    Location,
    "configuration/location",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=0,
    made_by_people=True,
    query=(Query("id", "id"),),
)
CHARGING_STATION = Collection(
    "ChargingStation",
    ChargingStation,
    "configuration/chargingStation",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=1,
    made_by_people=True,
    query=(Query("stationId", "id"),),
    touched=("isOnline", "lastSeen"),
)
BOOT = Collection(
    "Boot",
    Boot,
    "configuration/boot",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=2,
    made_by_people=True,
    query=(Query("stationId", "id", required=True),),
)
EVSE = Collection(
    "Evse",
    Evse,
    "configuration/evse",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=2,
    query=(_STATION, Query("evseId", "evseId", number=True)),
)
CONNECTOR = Collection(
    "Connector",
    Connector,
    "configuration/connector",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=3,
    query=(
        _STATION,
        Query("evseId", "evseId", number=True),
        Query("connectorId", "connectorId", number=True),
    ),
)
COLLECTIONS: tuple[Collection[Any], ...] = (
    LOCATION,
    CHARGING_STATION,
    BOOT,
    EVSE,
    CONNECTOR,
)
