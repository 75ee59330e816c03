"""What stations told us over time: statuses, events, every frame. Read on demand, pruned by age."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services
from citrine_py.model.stations import ConnectorStatus

EventKind = Literal[
    "Event",
    "Security",
    "Firmware",
    "Log",
    "DataTransfer",
    "Authorization",
    "Reservation",
    "Charging",
]
Direction = Literal["in", "out"]
MessageType = Literal["CALL", "CALLRESULT", "CALLERROR", "Unreadable"]


class StatusNotification(Record):
    """One StatusNotification of a connector; the latest stands on the Connector."""

    id: str
    station: Services[str | None] = None
    connector: Services[str | None] = None  # Connector.id
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    connectorStatus: Services[ConnectorStatus | None] = None
    timestamp: Services[datetime | None] = None  # the station's
    receivedAt: Services[datetime | None] = None  # ours: a station's clock may be wrong by years


class StationEvent(Record):
    """One line of a station's history: an event, a security event, a firmware or log status,
    a data transfer, a token that was refused, a reservation's end. `payload` has the
    message's own words."""

    id: str
    station: Services[str | None] = None
    timestamp: Services[datetime | None] = None  # the station's time where it gave one
    receivedAt: Services[datetime | None] = None
    kind: Services[EventKind | None] = None
    type: Services[str | None] = None  # security event's type, status, trigger, vendorId
    info: Services[str | None] = None
    severity: Services[int | None] = None  # OCPP: 0 danger ... 9 debug
    monitorId: Services[int | None] = None  # VariableMonitoring.monitorId
    component: Services[str | None] = None
    variable: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    actualValue: Services[str | None] = None
    payload: Services[dict[str, Any] | None] = None


class OcppMessage(Record):
    """One frame, in (from the station) or out (to it), with its secrets struck out."""

    id: str
    station: Services[str | None] = None
    timestamp: Services[datetime | None] = None
    direction: Services[Direction | None] = None
    type: Services[MessageType | None] = None
    action: Services[str | None] = None  # of the call, for answers too
    messageId: Services[str | None] = None
    payload: Services[Any] = None  # a CALLERROR's: errorCode, errorDescription, errorDetails
    protocol: Services[str | None] = None


_STATION = Query("stationId", "station", required=True)

STATUS_NOTIFICATION = Collection(
    "StatusNotification",
    StatusNotification,
    "monitoring/statusNotification",
    resident=False,
    delivery=Delivery.BULK,
    rank=5,
    query=(
        _STATION,
        Query("evseId", "evseId", number=True),
        Query("connectorId", "connectorId", number=True),
    ),
    retained_by="receivedAt",
    newest_by="timestamp",
)
STATION_EVENT = Collection(
    "StationEvent",
    StationEvent,
    "reporting/stationEvent",
    resident=False,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(_STATION, Query("kind", "kind"), Query("type", "type")),
    retained_by="receivedAt",
    newest_by="timestamp",
)
OCPP_MESSAGE = Collection(
    "OcppMessage",
    OcppMessage,
    "ocpprouter/ocppMessage",
    resident=False,
    delivery=Delivery.BULK,
    rank=6,
    query=(
        _STATION,
        Query("action", "action"),
        Query("direction", "direction"),
        Query("messageId", "messageId"),
    ),
    retained_by="timestamp",
)

COLLECTIONS: tuple[Collection[Any], ...] = (STATUS_NOTIFICATION, STATION_EVENT, OCPP_MESSAGE)
