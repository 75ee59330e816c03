"""G01: connectors' states."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.operations import STATUS_NOTIFICATION
from citrine_py.model.stations import CONNECTOR, EVSE, Connector
from citrine_py.model.times import iso
from citrine_py.ports import Payload
from tests.fakes import T0
from tests.modules.world import STATION, World


async def accepted() -> World:
    world = World()
    await world.accepted()
    world.records.written.clear()
    return world


def told(status: str, seconds: float = 0, **more: Any) -> Payload:
    return {
        "timestamp": iso(T0 + timedelta(seconds=seconds)),
        "connectorStatus": status,
        "evseId": 1,
        "connectorId": 2,
        **more,
    }


def connector(world: World) -> Connector:
    record = world.records.get(CONNECTOR, connector_key(STATION, 1, 2))
    assert record is not None
    return record


async def test_a_status_is_on_the_connector_and_in_its_history_by_one_write() -> None:
    world = await accepted()
    assert await world.call("StatusNotification", told("Available")) == {}
    assert len(world.records.written) == 1
    evse = world.records.get(EVSE, evse_key(STATION, 1))
    assert evse is not None
    assert (evse.station, evse.evseId) == (STATION, 1)
    record = connector(world)
    assert (record.station, record.evse, record.evseId, record.connectorId) == (
        STATION,
        evse.id,
        1,
        2,
    )
    assert (record.connectorStatus, record.timestamp) == ("Available", T0)
    (line,) = world.records.all(STATUS_NOTIFICATION)
    assert (line.connector, line.connectorStatus, line.timestamp) == (record.id, "Available", T0)


async def test_a_repeated_message_leaves_one_line_of_history() -> None:
    world = await accepted()
    for _ in range(2):
        await world.call("StatusNotification", told("Occupied"), message_id="same")
    assert len(world.records.all(STATUS_NOTIFICATION)) == 1


async def test_a_status_sent_again_on_another_connection_leaves_one_line_of_history() -> None:
    world = await accepted()
    await world.call("StatusNotification", told("Occupied"), message_id="1")
    await world.leave()
    await world.connect()
    await world.call("StatusNotification", told("Occupied"), message_id="1")
    assert len(world.records.all(STATUS_NOTIFICATION)) == 1
    await world.call("StatusNotification", told("Occupied", 1), message_id="1")  # it counts anew
    assert len(world.records.all(STATUS_NOTIFICATION)) == 2


async def test_a_late_older_status_is_history_only() -> None:
    world = await accepted()
    world.clock.advance(100)
    await world.call("StatusNotification", told("Occupied", 60))
    await world.call("StatusNotification", told("Available", 30))
    assert connector(world).connectorStatus == "Occupied"
    assert len(world.records.all(STATUS_NOTIFICATION)) == 2


async def test_a_status_from_the_future_does_not_stand_in_the_way() -> None:
    world = await accepted()
    await world.call("StatusNotification", told("Faulted", 86400 * 365))
    await world.call("StatusNotification", told("Available", 1))
    assert connector(world).connectorStatus == "Available"


async def test_the_whole_station_is_no_connector() -> None:
    world = await accepted()
    await world.call("StatusNotification", told("Available", evseId=0, connectorId=0))
    assert world.records.all(CONNECTOR) == []
    assert len(world.records.all(STATUS_NOTIFICATION)) == 1


def event(component: str = "Connector", value: str = "Occupied", **evse: int) -> Payload:
    where = {"evse": {"id": 1, "connectorId": 2} | evse}
    return {
        "generatedAt": iso(T0),
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": iso(T0),
                "trigger": "Delta",
                "actualValue": value,
                "eventNotificationType": "HardWiredNotification",
                "component": {"name": component, **where},
                "variable": {"name": "AvailabilityState"},
            }
        ],
    }


async def test_a_status_may_come_as_an_event() -> None:
    """G01.FR.01, N07.FR.19."""
    world = await accepted()
    assert await world.call("NotifyEvent", event()) == {}
    assert len(world.records.written) == 1
    assert connector(world).connectorStatus == "Occupied"
    (line,) = world.records.all(STATUS_NOTIFICATION)
    assert line.connectorStatus == "Occupied"


@pytest.mark.parametrize("payload", [event("EVSE"), event(value="Sleepy")])
async def test_other_events_are_no_status(payload: Payload) -> None:
    world = await accepted()
    await world.call("NotifyEvent", payload)
    assert world.records.all(CONNECTOR) == []


async def test_a_heartbeat_tells_the_time_and_writes_nothing_durable() -> None:
    world = await accepted()
    assert await world.call("Heartbeat") == {"currentTime": "2026-01-01T00:00:00.000Z"}
    assert world.records.written == []
