"""G01, G02: connectors' states, and heartbeats.

The latest state stands on the Connector, history in StatusNotification. A station
tells states by StatusNotification or by NotifyEvent about AvailabilityState (G01);
the latter comes here by way of `diagnostics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from citrine_py.model.keys import connector_key
from citrine_py.model.operations import STATUS_NOTIFICATION
from citrine_py.model.stations import CONNECTOR, EVSE, Connector, ConnectorStatus
from citrine_py.model.times import iso, parse
from citrine_py.modules.change_availability import settled
from citrine_py.modules.history import line_key
from citrine_py.modules.variables import put_places
from citrine_py.ports import Call, Change, Clock, Payload, Put, Records

CLOCK_SKEW = timedelta(minutes=5)
"""How far a station's clock may be ahead before its times no longer decide what is newer."""

_STATES = frozenset(get_args(ConnectorStatus))


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """What a station tells of one connector. `number` tells apart several in one message."""

    evse_id: int
    connector_id: int
    status: str
    timestamp: datetime
    number: int | None = None


def is_newer(connector: Connector | None, told: datetime, received: datetime) -> bool:
    """Whether a state of `told` replaces the connector's. One from the future (the station's
    clock was wrong) does not stand in the way of later ones."""
    if connector is None or connector.timestamp is None or connector.connectorStatus is None:
        return True
    return connector.timestamp <= told or connector.timestamp > received + CLOCK_SKEW


def connector_changes(records: Records, call: Call, state: ConnectorState) -> list[Change]:
    """History, and the Connector (made where needed) if this is its newest state."""
    changes: list[Change] = []
    key: str | None = None
    for put in put_places(call.station, [(state.evse_id, state.connector_id)]):
        if put.collection is EVSE:
            if records.get(EVSE, put.key) is None:
                changes.append(put)
            continue
        key = connector_key(call.station, state.evse_id, state.connector_id)
        fields = dict(put.fields)
        connector = records.get(CONNECTOR, key)
        if is_newer(connector, state.timestamp, call.received):
            fields |= {"connectorStatus": state.status, "timestamp": state.timestamp}
            changes.append(Put(CONNECTOR, key, fields))
            changes += settled(records, call.station, {key: state.status})
    told = {
        "station": call.station,
        "connector": key,
        "evseId": state.evse_id,
        "connectorId": state.connector_id,
        "connectorStatus": state.status,
        "timestamp": state.timestamp,
    }
    content = {**told, "timestamp": iso(state.timestamp)}
    history = line_key("StatusNotification", call, content, state.number)
    return [*changes, Put(STATUS_NOTIFICATION, history, {**told, "receivedAt": call.received})]


def told_by_event(event: Payload, number: int) -> ConnectorState | None:
    """The connector's state that an EventData tells, if it tells one."""
    component = event["component"]
    evse = component.get("evse", {})
    if (
        component["name"].casefold() != "connector"
        or event["variable"]["name"].casefold() != "availabilitystate"
        or "connectorId" not in evse
        or event["actualValue"] not in _STATES
    ):
        return None
    return ConnectorState(
        evse["id"],
        evse["connectorId"],
        event["actualValue"],
        parse(event["timestamp"]),
        number,
    )


@dataclass(frozen=True, slots=True)
class OnStatusNotification:
    """Keeps a connector's state."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        told = call.payload
        state = ConnectorState(
            told["evseId"],
            told["connectorId"],
            told["connectorStatus"],
            parse(told["timestamp"]),
        )
        await self.records.write(*connector_changes(self.records, call, state))
        return {}


@dataclass(frozen=True, slots=True)
class OnHeartbeat:
    """Tells the time; that the station lives is noted with every frame."""

    clock: Clock

    async def __call__(self, call: Call) -> Payload:
        return {"currentTime": iso(self.clock.now())}
