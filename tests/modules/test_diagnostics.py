"""N01, N07: events and log uploads."""

from __future__ import annotations

import pytest

from citrine_py.model.operations import STATION_EVENT
from citrine_py.ports import Payload
from tests.modules.world import World


def event(number: int, variable: str = "Temperature", value: str = "90") -> Payload:
    return {
        "eventId": number,
        "timestamp": "2026-01-01T00:00:01Z",
        "trigger": "Alerting",
        "actualValue": value,
        "techInfo": "too hot",
        "eventNotificationType": "CustomMonitor",
        "component": {"name": "ChargingStation", "evse": {"id": 1}},
        "variable": {"name": variable},
    }


def notify(*events: Payload) -> Payload:
    return {"generatedAt": "2026-01-01T00:00:02Z", "seqNo": 0, "eventData": list(events)}


async def test_each_event_is_recorded_once_by_one_write() -> None:
    world = World()
    await world.accepted()
    payload = notify(event(1), event(2))
    for _ in range(2):
        assert await world.call("NotifyEvent", payload, message_id="same") == {}
    assert len(world.records.written) == 3
    one, two = world.records.all(STATION_EVENT)
    assert one.payload == event(1)
    assert two.payload == event(2)
    assert (one.kind, one.type, one.info) == ("Event", "Alerting", "too hot")
    assert (one.component, one.variable) == ("ChargingStation", "Temperature")
    assert (one.evseId, one.connectorId, one.actualValue) == (1, None, "90")


async def test_events_sent_again_on_another_connection_are_recorded_once() -> None:
    world = World()
    await world.accepted()
    await world.call("NotifyEvent", notify(event(1), event(2)), message_id="1")
    await world.leave()
    await world.connect()
    await world.call("NotifyEvent", notify(event(1), event(2)), message_id="1")
    assert len(world.records.all(STATION_EVENT)) == 2
    await world.call("NotifyEvent", notify(event(3)), message_id="1")  # it counts anew
    assert len(world.records.all(STATION_EVENT)) == 3


async def test_a_secret_in_an_event_is_struck_out() -> None:
    world = World()
    await world.accepted()
    await world.call("NotifyEvent", notify(event(1, "BasicAuthPassword", "plain-text")))
    assert "plain-text" not in repr(world.records.all(STATION_EVENT))


@pytest.mark.parametrize("request_id", [None, 5])
async def test_a_log_status_is_on_the_station_and_in_its_history(request_id: int | None) -> None:
    world = World()
    await world.accepted()
    payload: Payload = {"status": "Uploaded"}
    if request_id is not None:
        payload["requestId"] = request_id
    assert await world.call("LogStatusNotification", payload) == {}
    assert world.station_record.logStatus == "Uploaded"
    assert world.station_record.logStatusAt == world.clock.now()
    (row,) = world.records.all(STATION_EVENT)
    assert (row.kind, row.type) == ("Log", "Uploaded")
    assert row.info == (None if request_id is None else "request 5")
