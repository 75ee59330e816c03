"""N01, N07: events that stations tell, and how their log uploads go.

Every event is a StationEvent of its own. One about a connector's AvailabilityState
is also that connector's state (`availability`). How grave an event is, is told by the
monitor that it names (`monitoring`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from citrine_py.model.keys import monitoring_key
from citrine_py.model.monitoring import VARIABLE_MONITORING
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import parse
from citrine_py.modules.availability import connector_changes, told_by_event
from citrine_py.modules.history import line_key, told_status
from citrine_py.modules.job_progress import LOG
from citrine_py.modules.station_jobs import moved
from citrine_py.modules.variables import put_attribute
from citrine_py.modules.wished_values import compared
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Change, Payload, Put, Records


def put_event(call: Call, event: Payload, number: int, severity: int | None = None) -> Put:
    """The StationEvent of an EventData, its secrets struck out. `severity`: its monitor's."""
    told = redact(call.action, event)
    evse = told["component"].get("evse", {})
    fields = {
        "station": call.station,
        "timestamp": parse(told["timestamp"]),
        "receivedAt": call.received,
        "kind": "Event",
        "type": told["trigger"],
        "info": told.get("techInfo") or told.get("techCode"),
        "severity": severity,
        "monitorId": told.get("variableMonitoringId"),
        "component": told["component"]["name"],
        "variable": told["variable"]["name"],
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "actualValue": told["actualValue"],
        "payload": told,
    }
    return Put(STATION_EVENT, line_key("StationEvent", call, told, number), fields)


def told_values(call: Call) -> Iterator[Put]:
    """The actual values that a NotifyEvent tells, as VariableAttribute rows."""
    for event in call.payload["eventData"]:
        told = {"value": event["actualValue"], "generatedAt": parse(event["timestamp"])}
        yield put_attribute(call.station, event, "Actual", told)


@dataclass(frozen=True, slots=True)
class OnNotifyEvent:
    """Keeps the events of a NotifyEvent. Its parts (tbc, seqNo) need no putting together."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        changes: list[Change] = []
        for number, event in enumerate(call.payload["eventData"]):
            changes.append(put_event(call, event, number, self._severity(call.station, event)))
            state = told_by_event(event, number)
            if state is not None:
                changes += connector_changes(self.records, call, state)
        await self.records.write(*changes, *compared(self.records, told_values(call)))
        return {}

    def _severity(self, station: str, event: Payload) -> int | None:
        number = event.get("variableMonitoringId")
        if number is None:
            return None
        monitor = self.records.get(VARIABLE_MONITORING, monitoring_key(station, number))
        return monitor.severity if monitor is not None else None


@dataclass(frozen=True, slots=True)
class OnLogStatusNotification:
    """Keeps how a log upload goes, on the job that asked for it too."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        latest = {"logStatus": call.payload["status"], "logStatusAt": call.received}
        await self.records.write(
            Put(CHARGING_STATION, call.station, latest),
            told_status(call, "Log"),
            *moved(self.records, call, "GetLog", LOG),
        )
        return {}
