"""A00: who may connect."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION, ChargingStation
from citrine_py.ports import Knock
from tests.modules.world import STATION, World

PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"

KNOCK = Knock(
    station=STATION,
    listener="any",
    security_profile=1,
    allow_unknown=False,
    remote="127.0.0.1:1",
    user=STATION,
    password=PASSWORD,
)


async def known(password: str | None = PASSWORD) -> World:
    world = World()
    world.records.have(CHARGING_STATION, ChargingStation(id=STATION))
    if password is not None:
        await world.rules.passwords.set_password(STATION, password, set_on_charger=True)
    return world


async def status(world: World, knock: Knock) -> int | None:
    refused = await world.rules.admission.admit(knock)
    if refused is None:
        return None
    assert PASSWORD not in refused.reason
    return refused.status


async def test_profile_0_lets_in_who_is_known_or_welcome() -> None:
    knock = replace(KNOCK, security_profile=0, user=None, password=None)
    assert await status(World(), knock) == 404
    assert await status(World(), replace(knock, allow_unknown=True)) is None
    assert await status(await known(None), knock) is None


@pytest.mark.parametrize("profile", [1, 2])
async def test_tc_a_01_the_right_password_is_let_in(profile: int) -> None:
    """TC_A_01_CSMS (A00.FR.204)."""
    assert await status(await known(), replace(KNOCK, security_profile=profile)) is None


@pytest.mark.parametrize("profile", [1, 2])
@pytest.mark.parametrize("user", [None, "", "cp002", "CP001", f"{STATION}Invalid"])
async def test_tc_a_02_the_user_must_be_the_station(profile: int, user: str | None) -> None:
    """TC_A_02_CSMS (A00.FR.204)."""
    world = await known()
    assert await status(world, replace(KNOCK, security_profile=profile, user=user)) == 401


@pytest.mark.parametrize("profile", [1, 2])
@pytest.mark.parametrize("password", [None, "", "wrong-wrong-wrong", PASSWORD + "x"])
async def test_tc_a_03_a_missing_or_wrong_password_is_refused(
    profile: int, password: str | None
) -> None:
    """TC_A_03_CSMS (A00.FR.204)."""
    world = await known()
    assert await status(world, replace(KNOCK, security_profile=profile, password=password)) == 401


async def test_a_station_without_a_password_is_refused_even_where_unknown_ones_are_welcome() -> (
    None
):
    assert await status(await known(None), KNOCK) == 401
    assert await status(World(), replace(KNOCK, allow_unknown=True)) == 401


async def test_an_unknown_station_is_refused_before_its_password_is_looked_at() -> None:
    world = World()
    assert await status(world, KNOCK) == 404
    assert world.hasher.checked == 0


@pytest.mark.parametrize(("name", "expected"), [(STATION, None), ("cp002", 403), (None, 403)])
async def test_profile_3_asks_for_the_certificate_of_the_station(
    name: str | None, expected: int | None
) -> None:
    knock = replace(KNOCK, security_profile=3, user=None, password=None, certificate_name=name)
    assert await status(await known(), knock) == expected


async def test_a_password_that_matches_costs_one_check_and_no_write() -> None:
    world = await known()
    written = len(world.records.written)
    assert await status(world, KNOCK) is None
    assert world.hasher.checked == 1
    assert len(world.records.written) == written


async def test_a_report_with_the_password_neither_reveals_nor_wipes_it() -> None:
    world = await known()
    await world.accepted()
    told = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": "seen-by-nobody-1", "mutability": "WriteOnly"}],
    }
    await world.report(1, 0, [told])
    assert await status(world, KNOCK) is None
    assert "seen-by-nobody-1" not in repr(world.records.written)
    row = world.attribute("SecurityCtrlr", "BasicAuthPassword")
    assert row is not None
    assert (row.value, row.mutability) == (None, "WriteOnly")


async def test_a_security_event_is_recorded_once() -> None:
    world = World()
    await world.accepted()
    event = {
        "type": "SettingSystemTime",
        "timestamp": "2026-01-01T10:00:00+01:00",
        "techInfo": "ntp",
    }
    for _ in range(2):
        assert await world.call("SecurityEventNotification", event, message_id="same") == {}
    (row,) = world.records.all(STATION_EVENT)
    assert (row.kind, row.type, row.info) == ("Security", "SettingSystemTime", "ntp")
    assert row.timestamp == datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert row.payload == event


async def test_a_security_event_sent_again_on_another_connection_is_recorded_once() -> None:
    world = World()
    await world.accepted()
    event = {"type": "SettingSystemTime", "timestamp": "2026-01-01T10:00:00Z"}
    await world.call("SecurityEventNotification", event, message_id="1")
    await world.leave()
    await world.connect()
    await world.call("SecurityEventNotification", event, message_id="1")
    assert len(world.records.all(STATION_EVENT)) == 1


# ---- A05: the security profile goes only upwards ------------------------------------------


@pytest.mark.parametrize("was", [1, 2, 3])
async def test_a05_a_station_that_was_on_a_higher_profile_is_refused_on_a_lower(was: int) -> None:
    world = await known()
    world.records.edit(CHARGING_STATION, STATION, securityProfile=was)
    for profile in range(4):
        knock = replace(KNOCK, security_profile=profile, certificate_name=STATION)
        refused = await world.rules.admission.admit(knock)
        assert (refused is None) == (profile >= was), profile
        if refused is not None:
            assert refused.status == 403
            assert "lower ones are refused" in refused.reason


async def test_a05_an_operator_may_allow_it() -> None:
    world = await known()
    fields = {"securityProfile": 3, "allowLowerSecurityProfile": True}
    world.records.edit(CHARGING_STATION, STATION, **fields)
    assert await status(world, KNOCK) is None


async def test_a05_a_lower_profile_is_refused_before_the_password_is_looked_at() -> None:
    world = await known()
    world.records.edit(CHARGING_STATION, STATION, securityProfile=2)
    assert await status(world, replace(KNOCK, password="wrong")) == 403
