"""K11-K17: limits that others set, and what cars tell of their needs."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.model.charging_profiles import ChargingProfile
from citrine_py.model.operations import STATION_EVENT
from tests.modules.profiles import ask, limited, look, plug_in, profile, rows, schedule, world
from tests.modules.world import World

EMS = {"chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True}}


def ids(given: Any) -> Any:
    return {"id": 1, **given}


# ---- external limits -------------------------------------------------------------------


async def test_k12_an_external_limit_is_on_record() -> None:
    made = await world()
    told = {**EMS, "evseId": 1, "chargingSchedule": [ids(schedule(10, 12))]}
    assert await made.call("NotifyChargingLimit", told) == {}
    (row,) = rows(made)
    assert (row.source, row.evseId, row.limit, row.status) == ("EMS", 1, 10, "Confirmed")
    assert row.isGridCritical
    assert row.chargingProfilePurpose == "ChargingStationExternalConstraints"
    (line,) = [each for each in made.records.all(STATION_EVENT) if each.kind == "Charging"]
    assert (line.type, line.info) == ("limit", "EMS, EVSE 1")


async def test_k11_the_next_one_of_its_source_takes_its_place() -> None:
    made = await world()
    await made.call("NotifyChargingLimit", {**EMS, "chargingSchedule": [ids(schedule(10))]})
    await made.call("NotifyChargingLimit", EMS)
    (row,) = rows(made)
    assert row.limit is None


@pytest.mark.parametrize(
    ("cleared", "left"),
    [
        ({"chargingLimitSource": "EMS"}, ["SO"]),
        ({"chargingLimitSource": "EMS", "evseId": 1}, ["EMS", "SO"]),
        ({"chargingLimitSource": "Other"}, ["EMS", "EMS", "SO"]),
    ],
)
async def test_k13_a_cleared_limit_ends(cleared: Any, left: list[str]) -> None:
    made = await world()
    await made.call("NotifyChargingLimit", {**EMS, "evseId": 1})
    await made.call("NotifyChargingLimit", {**EMS, "evseId": 2})
    await made.call("NotifyChargingLimit", {"chargingLimit": {"chargingLimitSource": "SO"}})
    assert await made.call("ClearedChargingLimit", cleared) == {}
    assert sorted(str(row.source) for row in rows(made, status="Confirmed")) == left


# ---- needs -----------------------------------------------------------------------------

AC = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 50_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230,
    },
}  # fmt: skip
DC = {
    "requestedEnergyTransfer": "DC",
    "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 400},
}


async def needs(made: World, told: Any = AC, evse_id: int = 1) -> str:
    payload = {"evseId": evse_id, "chargingNeeds": told}
    answer = await made.call("NotifyEVChargingNeeds", payload)
    await made.jobs.settle()
    return str(answer["status"])


def given(made: World) -> list[Any]:
    return [each["chargingProfile"] for each in made.stations.sent("SetChargingProfile")]


def first_limit(each: Any) -> Any:
    (one,) = each["chargingSchedule"]
    return one["chargingSchedulePeriod"][0]["limit"], one["chargingRateUnit"]


def the_share(made: World) -> ChargingProfile:
    (row,) = rows(made, chargingProfilePurpose="TxProfile")
    return row


async def test_k15_a_car_gets_a_schedule_for_its_transaction() -> None:
    made = await world()
    await plug_in(made)
    assert await needs(made) == "Accepted"
    (sent,) = given(made)
    assert (sent["chargingProfilePurpose"], sent["transactionId"]) == ("TxProfile", "tx-1")
    assert first_limit(sent) == (32, "A")
    assert (the_share(made).source, the_share(made).chargingNeeds) == ("Car", AC)


async def test_k15_direct_current_is_told_in_watts() -> None:
    made = await world()
    await plug_in(made)
    await needs(made, DC)
    assert first_limit(given(made)[0]) == (80_000, "W")


async def test_k15_the_schedule_keeps_to_the_limits_in_force() -> None:
    made = await world()
    await plug_in(made)
    whole = profile(20, chargingProfilePurpose="ChargingStationMaxProfile")
    await ask(made, 0, given=whole)
    await made.call("NotifyChargingLimit", {**EMS, "chargingSchedule": [ids(schedule(10))]})
    await needs(made)
    assert first_limit(given(made)[-1]) == (10, "A")


async def test_k17_new_needs_replace_the_schedule() -> None:
    made = await world()
    await plug_in(made)
    await needs(made)
    less = {**AC, "acChargingParameters": {**AC["acChargingParameters"], "evMaxCurrent": 16}}  # type: ignore[dict-item]
    assert await needs(made, less) == "Accepted"
    one, two = given(made)
    assert one["id"] == two["id"]
    assert first_limit(two) == (16, "A")


@pytest.mark.parametrize(
    ("told", "evse_id"),
    [
        (AC, 2),  # K15.FR.04: no transaction there
        ({"requestedEnergyTransfer": "DC"}, 1),  # K17.FR.06
        ({**DC, "requestedEnergyTransfer": "AC_single_phase"}, 1),
    ],
)  # fmt: skip
async def test_k15_needs_for_which_there_is_no_schedule_are_rejected(
    told: Any, evse_id: int
) -> None:
    made = await world()
    await plug_in(made)
    assert await needs(made, told, evse_id) == "Rejected"
    assert given(made) == []


async def test_k15_where_the_location_has_no_power_left_the_car_waits() -> None:
    """K15.FR.05: Processing, and a schedule once there is power."""
    made = await world()
    limited(made, 5)
    await plug_in(made, "tx-1", 1)
    await look(made)
    await look(made)
    made.clock.advance(60)
    await plug_in(made, "tx-2", 2)
    await look(made)
    await look(made)
    assert await needs(made, AC, 2) == "Processing"


async def intends(made: World, *limits: float, unit: str = "A") -> str:
    payload = {
        "timeBase": "2026-01-01T00:00:00Z",
        "evseId": 1,
        "chargingSchedule": ids(schedule(*limits, unit=unit)),
    }
    answer = await made.call("NotifyEVChargingSchedule", payload)
    await made.jobs.settle()
    return str(answer["status"])


@pytest.mark.parametrize(
    ("limits", "unit", "status"),
    [
        ((32,), "A", "Accepted"),
        ((16, 32, 10), "A", "Accepted"),
        ((22_080,), "W", "Accepted"),
        ((10, 33), "A", "Rejected"),
        ((23_000,), "W", "Rejected"),
    ],
)
async def test_k15_what_the_car_means_to_do_must_keep_to_it(
    limits: tuple[float, ...], unit: str, status: str
) -> None:
    """K15.FR.11, K15.FR.12; a rejected one begins a new negotiation (K15.FR.13)."""
    made = await world()
    await plug_in(made)
    await needs(made)
    assert await intends(made, *limits, unit=unit) == status
    row = the_share(made)
    assert row.evSchedule is not None
    assert row.evSchedule["status"] == status
    assert len(given(made)) == (1 if status == "Accepted" else 2)
    assert row.status == "Confirmed"


async def test_k15_a_plan_without_a_transaction_is_rejected() -> None:
    assert await intends(await world(), 6) == "Rejected"


async def test_k15_a_plan_without_a_schedule_of_ours_is_within_it() -> None:
    made = await world()
    await plug_in(made)
    assert await intends(made, 6) == "Accepted"


async def test_k15_a_plan_that_comes_before_the_answer_was_kept_is_negotiated_anew() -> None:
    """The station answers SetChargingProfile and tells the car's plan in one breath."""
    made = await world()
    await plug_in(made)

    async def answer(_: Any) -> Any:
        if len(given(made)) == 1:
            told = {
                "timeBase": "2026-01-01T00:00:00Z",
                "evseId": 1,
                "chargingSchedule": ids(schedule(40)),
            }
            assert (await made.call("NotifyEVChargingSchedule", told))["status"] == "Rejected"
        return {"status": "Accepted"}

    made.stations.answers["SetChargingProfile"] = answer
    await needs(made)
    assert len(given(made)) == 2
    assert the_share(made).status == "Confirmed"
