"""Certificates that end: shown to operators, and stations asked to renew in time."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import StationSilent
from citrine_py.model.certificates import CERTIFICATE
from citrine_py.modules.certificates import SigningRules
from citrine_py.modules.renewals import Renewals
from tests.modules.test_certificates import ask, rows, secure
from tests.modules.world import STATION, World

DAY = 86_400.0
ASKED = {"requestedMessage": "SignChargingStationCertificate"}


async def with_certificate(**more: Any) -> World:
    """The station has a certificate for 100 days."""
    world = await secure(**more)
    world.authority.days = 100
    await ask(world)
    world.stations.answers["TriggerMessage"] = {"status": "Accepted"}
    return world


def renewals(world: World, days: int = 30) -> Renewals:
    async def trigger(station: str, payload: Any, seconds: float | None) -> Any:
        return await world.stations.call(station, "TriggerMessage", payload, seconds=seconds)

    return Renewals(world.records, world.stations, world.clock, trigger, days)


async def test_the_station_is_asked_once_a_day_when_the_end_is_near() -> None:
    world = await with_certificate()
    look = renewals(world).look
    await look()
    assert world.stations.sent("TriggerMessage") == []
    assert rows(world)[0].validity == "Valid"
    world.clock.advance(71 * DAY)
    await look()
    await look()
    assert world.stations.sent("TriggerMessage") == [ASKED]
    assert rows(world)[0].validity == "EndsSoon"
    world.clock.advance(DAY)
    await look()
    assert world.stations.sent("TriggerMessage") == [ASKED, ASKED]


async def test_what_is_over_is_shown_and_still_asked_for() -> None:
    world = await with_certificate()
    world.clock.advance(101 * DAY)
    await renewals(world).look()
    assert rows(world)[0].validity == "Over"
    assert world.stations.sent("TriggerMessage") == [ASKED]


async def test_a_station_that_is_away_is_asked_when_it_is_back() -> None:
    world = await with_certificate()
    world.clock.advance(80 * DAY)
    await world.leave()
    await renewals(world).look()
    assert world.stations.sent("TriggerMessage") == []
    await world.connect(security_profile=2)
    await renewals(world).look()
    assert world.stations.sent("TriggerMessage") == [ASKED]


async def test_a_station_that_does_not_answer_stops_nobody() -> None:
    world = await with_certificate()
    world.stations.answers["TriggerMessage"] = StationSilent("no answer")
    world.clock.advance(80 * DAY)
    await renewals(world).look()
    assert len(world.stations.sent("TriggerMessage")) == 1


@pytest.mark.parametrize(("days", "asked"), [(0, 0), (10, 0), (50, 1)])
async def test_when_is_a_setting(days: int, asked: int) -> None:
    world = await with_certificate(signing=SigningRules(renew_days=days))
    world.clock.advance(60 * DAY)
    await renewals(world, days).look()
    assert len(world.stations.sent("TriggerMessage")) == asked


async def test_what_was_replaced_is_not_asked_for() -> None:
    world = await with_certificate()
    (row,) = rows(world)
    world.records.edit(CERTIFICATE, row.id, status="Replaced")
    world.clock.advance(80 * DAY)
    await renewals(world).look()
    assert world.stations.sent("TriggerMessage") == []
    assert world.records.all(CERTIFICATE)[0].station == STATION
