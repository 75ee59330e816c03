"""N: events that a station reports, and how its log uploads go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from citrine_py.model.keys import derived
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import parse
from citrine_py.modules.availability import availability_changes
from citrine_py.modules.passwords import is_password
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Change, Clock, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnNotifyEvent:
    """NotifyEvent (N07): each eventData is kept; a connector's AvailabilityState also counts
    as its status (G01)."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        changes: list[Change] = []
        for event in call.payload["eventData"]:
            changes.append(_event(call.station, event))
            changes += availability_changes(self.records, call.station, event)
        await self.records.write(*changes)
        return {}


def _event(station: str, event: Payload) -> Put:
    component, variable = event["component"], event["variable"]
    evse = component.get("evse") or {}
    secret = is_password(component["name"], variable["name"])
    fields: dict[str, Any] = {
        "station": station,
        "timestamp": parse(event["timestamp"]),
        "kind": "Event",
        "type": event["trigger"],
        "info": event.get("techInfo"),
        "component": component["name"],
        "variable": variable["name"],
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "actualValue": None if secret else event["actualValue"],
        "payload": redact("NotifyEvent", event),
    }
    key = derived("StationEvent", station, "Event", event["eventId"], event["timestamp"])
    return Put(STATION_EVENT, key, fields)


@dataclass(frozen=True, slots=True)
class OnLogStatusNotification:
    """LogStatusNotification (N01): the latest on the station, each as an event."""

    records: Records
    clock: Clock

    async def __call__(self, call: Call) -> Payload:
        now, status = self.clock.now(), call.payload["status"]
        station = {"logStatus": status, "logStatusAt": now}
        await self.records.write(
            Put(CHARGING_STATION, call.station, station),
            told(call, "Log", status, now),
        )
        return {}


def told(call: Call, kind: str, event_type: str, at: Any, info: str | None = None) -> Put:
    """The event that a message without a time of its own makes."""
    key = derived("StationEvent", call.station, kind, call.session, call.message_id)
    fields = {
        "station": call.station,
        "timestamp": at,
        "kind": kind,
        "type": event_type,
        "info": info,
        "payload": redact(call.action, call.payload),
    }
    return Put(STATION_EVENT, key, fields)
