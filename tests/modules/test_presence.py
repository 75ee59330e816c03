"""isOnline, lastSeen and how a station is connected."""

from __future__ import annotations

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


async def test_a_full_disk_keeps_the_service_from_no_start() -> None:
    world = World()
    await world.connect()
    world.records.full = True
    await world.rules.presence.reset()
    assert world.station_record.isOnline is False
