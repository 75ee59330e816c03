"""Monitors on variables of stations (N). In memory, for an event names only its monitor."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services

MonitorType = Literal[
    "UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"
]


class VariableMonitoring(Record):
    """A monitor, as the station has set or reported it."""

    id: str  # keys.monitoring_key
    station: Services[str | None] = None
    monitorId: Services[int | None] = None
    """OCPP's id, unique on the station."""
    component: Services[str | None] = None
    componentInstance: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    variable: Services[str | None] = None
    variableInstance: Services[str | None] = None
    type: Services[MonitorType | None] = None
    value: Services[float | None] = None
    """A threshold, a difference, or seconds between periodic events."""
    severity: Services[int | None] = None  # OCPP: 0 danger ... 9 debug
    transaction: Services[bool | None] = None  # only while one runs
    timestamp: Services[datetime | None] = None
    """When the station last told of it."""


VARIABLE_MONITORING = Collection(
    "VariableMonitoring",
    VariableMonitoring,
    "monitoring/variableMonitoring",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("id", "monitorId", number=True),
        Query("component", "component"),
        Query("variable", "variable"),
    ),
)

COLLECTIONS: tuple[Collection[Any], ...] = (VARIABLE_MONITORING,)
