"""G03, G04: what an operator wants to be in use or out of it reaches the station."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import StationOffline, StationSilent
from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE, ChargingStation
from citrine_py.ports import Payload
from tests.modules.world import STATION, World

ALL = {"operationalStatus": "Inoperative"}
ONE = {**ALL, "evse": {"id": 1, "connectorId": 1}}


async def accepted(**answer: Any) -> World:
    world = World()
    world.stations.answers["ChangeAvailability"] = {"status": "Accepted", **answer}
    await world.accepted()
    return world


def wish(world: World, collection: Any = CHARGING_STATION, key: str = STATION) -> tuple[Any, Any]:
    record = world.records.get(collection, key)
    return record.wantedAvailability, record.availabilityProgress


async def edit(world: World, collection: Any = CHARGING_STATION, key: str = STATION) -> None:
    """An operator wants it out of use."""
    before = world.records.get(collection, key)
    world.records.edit(collection, key, wantedAvailability="Inoperative")
    world.rules.availability.changed(key, before, world.records.get(collection, key))
    await world.jobs.settle()


async def tell(world: World, connector: int, status: str) -> None:
    told = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": status, "evseId": 1}
    await world.call("StatusNotification", {**told, "connectorId": connector})


@pytest.mark.parametrize(
    ("payload", "collection", "key"),
    [
        (ALL, CHARGING_STATION, STATION),
        ({**ALL, "evse": {"id": 1}}, EVSE, evse_key(STATION, 1)),
        (ONE, CONNECTOR, connector_key(STATION, 1, 1)),
    ],
)
async def test_g03_g04_what_was_sent_and_accepted_is_done(
    payload: Payload, collection: Any, key: str
) -> None:
    world = await accepted()
    await world.rules.requests.send(STATION, "ChangeAvailability", payload)
    assert world.stations.sent("ChangeAvailability") == [payload]
    assert wish(world, collection, key) == ("Inoperative", "Done")


async def test_a_station_that_refuses_says_why() -> None:
    world = await accepted(status="Rejected", statusInfo={"reasonCode": "InternalError"})
    await world.rules.requests.send(STATION, "ChangeAvailability", ALL)
    assert wish(world) == ("Inoperative", "Refused")
    station = world.records.get(CHARGING_STATION, STATION)
    assert station is not None
    assert station.availabilityInfo == "InternalError"


async def test_what_could_not_be_sent_now_is_not_wanted_later() -> None:
    world = await accepted()
    world.stations.answers["ChangeAvailability"] = StationOffline("gone")
    with pytest.raises(StationOffline):
        await world.rules.requests.send(STATION, "ChangeAvailability", ALL)
    assert wish(world) == (None, None)


async def test_an_operators_edit_is_sent_at_once() -> None:
    world = await accepted()
    await edit(world)
    assert world.stations.sent("ChangeAvailability") == [ALL]
    assert wish(world) == ("Inoperative", "Done")
    world.rules.availability.arrived(STATION)
    await world.jobs.settle()
    assert len(world.stations.sent("ChangeAvailability")) == 1


async def test_a_wish_for_a_station_that_is_away_is_sent_when_it_is_back() -> None:
    world = await accepted()
    await tell(world, 1, "Available")
    await world.leave()
    await edit(world, CONNECTOR, connector_key(STATION, 1, 1))
    assert world.stations.sent("ChangeAvailability") == []
    assert wish(world, CONNECTOR, connector_key(STATION, 1, 1)) == ("Inoperative", "Wanted")
    await world.connect()
    await world.jobs.settle()
    assert world.stations.sent("ChangeAvailability") == [ONE]
    assert wish(world, CONNECTOR, connector_key(STATION, 1, 1)) == ("Inoperative", "Done")


async def test_a_station_that_does_not_answer_is_asked_again_when_it_boots() -> None:
    world = await accepted()
    world.stations.answers["ChangeAvailability"] = [
        StationSilent("no answer"),
        {"status": "Accepted"},
    ]
    await edit(world)
    assert wish(world) == ("Inoperative", "Wanted")
    await world.boot()
    await world.jobs.settle()
    assert wish(world) == ("Inoperative", "Done")


async def test_a_station_that_is_pending_is_not_asked() -> None:
    world = World()
    await world.connect()
    world.records.have(
        CHARGING_STATION,
        ChargingStation(id=STATION, isOnline=True, registrationStatus="Pending"),
    )
    await edit(world)
    assert world.stations.calls == []
    assert wish(world) == ("Inoperative", "Wanted")


async def test_a_scheduled_change_is_done_when_all_connectors_say_so() -> None:
    world = await accepted(status="Scheduled")
    for connector in (1, 2):
        await tell(world, connector, "Occupied")
    await world.rules.requests.send(STATION, "ChangeAvailability", ALL)
    await world.rules.requests.send(STATION, "ChangeAvailability", ONE)
    assert wish(world) == ("Inoperative", "Scheduled")
    await tell(world, 1, "Unavailable")
    assert wish(world, CONNECTOR, connector_key(STATION, 1, 1)) == ("Inoperative", "Done")
    assert wish(world) == ("Inoperative", "Scheduled")
    await tell(world, 2, "Unavailable")
    assert wish(world) == ("Inoperative", "Done")
