"""G: what state connectors are in, and that the station is alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citrine_py.model.keys import connector_key, derived
from citrine_py.model.operations import STATUS_NOTIFICATION
from citrine_py.model.stations import CONNECTOR
from citrine_py.model.times import iso, parse
from citrine_py.modules.device_model import evse_and_connector
from citrine_py.ports import Call, Change, Clock, Payload, Put, Records

_STATES = {"Available", "Occupied", "Reserved", "Unavailable", "Faulted"}


@dataclass(frozen=True, slots=True)
class OnHeartbeat:
    """Heartbeat (G02): the station's clock is ours. That it was seen is noted for every
    message, so there is nothing to write."""

    clock: Clock

    async def __call__(self, _call: Call) -> Payload:
        return {"currentTime": iso(self.clock.now())}


@dataclass(frozen=True, slots=True)
class OnStatusNotification:
    """StatusNotification (G01): the connector's latest state, and its history."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        payload = call.payload
        await self.records.write(
            *status_changes(
                self.records,
                call.station,
                (payload["evseId"], payload["connectorId"]),
                payload["connectorStatus"],
                parse(payload["timestamp"]),
            )
        )
        return {}


def status_changes(
    records: Records, station: str, place: tuple[int, int], status: str, at: datetime
) -> list[Change]:
    """Changes for the state at a time of the connector at `place` (EVSE, connector). One that comes late is history only."""
    evse_id, connector_id = place
    connector = connector_key(station, evse_id, connector_id)
    changes = evse_and_connector(records, station, evse_id, connector_id)
    known = records.get(CONNECTOR, connector)
    if known is None and not any(each.key == connector for each in changes):
        return []  # one connector too many, see device_model
    if known is None or known.timestamp is None or known.timestamp <= at:
        fields = {"station": station, "connectorStatus": status, "timestamp": at}
        changes.append(Put(CONNECTOR, connector, fields))
    history = {
        "station": station,
        "connector": connector,
        "evseId": evse_id,
        "connectorId": connector_id,
        "connectorStatus": status,
        "timestamp": at,
    }
    key = derived("StatusNotification", station, evse_id, connector_id, iso(at), status)
    return [*changes, Put(STATUS_NOTIFICATION, key, history)]


def availability_changes(records: Records, station: str, event: Mapping[str, Any]) -> list[Change]:
    """The connector's state out of NotifyEvent's eventData, where it tells one (G01, N07)."""
    component, variable = event["component"], event["variable"]
    evse = component.get("evse") or {}
    told = event["actualValue"]
    if (
        component["name"].casefold() != "connector"
        or variable["name"].casefold() != "availabilitystate"
        or evse.get("connectorId") is None
        or told not in _STATES
    ):
        return []
    at = parse(event["timestamp"])
    return status_changes(records, station, (evse["id"], evse["connectorId"]), told, at)
