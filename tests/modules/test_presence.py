"""isOnline, lastSeen and how a station is connected."""

from __future__ import annotations

import pytest

from citrine_py.errors import StoreUnavailable
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ports import Delete
from tests.fakes import T0
from tests.modules.world import STATION, World


async def test_a_connection_is_on_the_stations_record_by_one_write() -> None:
    world = World()
    await world.connect(listener="password", security_profile=1)
    assert len(world.records.written) == 1
    station = world.station_record
    assert station.isOnline is True
    assert station.listener == "password"
    assert station.securityProfile == 1
    assert station.protocol == "ocpp2.0.1"
    assert station.remoteAddress == "127.0.0.1:50000"
    assert station.connectedAt == T0
    assert station.lastSeen == T0
    assert station.registrationStatus is None


async def test_a_station_that_left_is_offline() -> None:
    world = World()
    await world.connect()
    world.clock.advance(9)
    await world.leave()
    assert world.station_record.isOnline is False
    assert world.station_record.lastSeen == world.clock.now()


async def test_every_frame_is_a_sign_of_life_noted_once_a_second_and_not_journalled() -> None:
    world = World()
    session = await world.connect()
    for _ in range(10):
        world.clock.advance(0.25)
        world.rules.presence.seen(session)
    assert len(world.records.touched) == 2
    assert len(world.records.written) == 1
    assert world.station_record.lastSeen is not None


async def test_a_station_that_an_operator_removed_comes_back_by_no_farewell() -> None:
    world = World()
    session = await world.connect()
    await world.records.write(Delete(CHARGING_STATION, STATION))
    world.rules.presence.seen(session)
    await world.leave("removed by an operator")
    assert world.records.get(CHARGING_STATION, STATION) is None


async def test_at_the_start_nobody_is_online() -> None:
    world = World()
    await world.connect()
    await world.rules.presence.reset()
    assert world.station_record.isOnline is False
    count = len(world.records.touched)
    await world.rules.presence.reset()
    assert len(world.records.touched) == count


async def test_a_known_station_is_served_though_nothing_can_be_kept_and_its_record_follows() -> (
    None
):
    world = World()
    await world.connect()
    await world.leave()
    world.records.full = True
    await world.connect(listener="password")
    await world.leave()
    await world.connect(listener="password")
    assert world.station_record.isOnline is False
    world.records.full = False
    await world.jobs.settle()
    assert world.station_record.isOnline is True
    assert world.station_record.listener == "password"
    assert not world.jobs.running(f"presence {STATION}")


async def test_a_new_station_comes_in_only_when_its_record_can_be_kept() -> None:
    world = World(connected=False)
    world.records.full = True
    with pytest.raises(StoreUnavailable):
        await world.connect()


async def test_what_is_so_now_overrules_what_was_to_be_written_later() -> None:
    world = World()
    await world.connect()
    world.records.full = True
    await world.leave()
    world.records.full = False
    await world.connect()
    await world.jobs.settle()
    assert world.station_record.isOnline is True
