"""K02: the limit of a location, shared among the cars at its stations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.errors import StationRefused
from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.charging_profiles import CHARGING_PROFILE, ChargingProfile
from citrine_py.model.keys import authorization_key, evse_key, idle_share_key, share_key
from citrine_py.model.stations import EVSE, Evse
from citrine_py.modules.power_shares import Car
from citrine_py.modules.site_plan import Charging, plan
from citrine_py.modules.sites import Site, places
from tests.modules.charging import TOKEN, event, sample
from tests.modules.profiles import PLACE, controller, limited, look, plug_in, rows, the, world
from tests.modules.world import STATION, World

PER_AMPERE = 690  # W, three phases at 230 V


async def site(kw: float | None = 22, evses: int = 2, **more: Any) -> World:
    """A station with some EVSEs at a location with a limit, its parts sent."""
    made = await world()
    for number in range(1, evses + 1):
        key = evse_key(STATION, number)
        made.records.have(EVSE, Evse(id=key, station=STATION, evseId=number))
    controller(made, **{"RateUnit": "A,W", **more})
    limited(made, kw)
    await look(made)
    return made


def share(made: World, transaction: str = "tx-1") -> float | None:
    """W that a transaction may take; None where it has no share that its station confirmed."""
    row = made.records.get(CHARGING_PROFILE, share_key(STATION, transaction))
    return None if row is None or row.status != "Confirmed" else row.limit


def part(made: World, evse_id: int) -> ChargingProfile:
    return the(made, idle_share_key(STATION, evse_id))


async def settled(made: World, rounds: int = 4) -> None:
    for _ in range(rounds):
        made.clock.advance(10)
        await look(made)


async def draws(made: World, watts: float, transaction: str = "tx-1", **more: Any) -> None:
    minutes = (made.clock.monotonic() - 1000) / 60
    value = sample(watts, measurand="Power.Active.Import", unitOfMeasure={"unit": "W"})
    told = event("Updated", int(minutes * 60), minutes, transaction=transaction,
                 meterValue=[{"timestamp": made.clock.now().isoformat(), "sampledValue": [value]}],
                 chargingState=more.pop("state", "Charging"))  # fmt: skip
    await made.call("TransactionEvent", told)


async def test_each_evse_has_an_equal_part_whatever_happens_to_us() -> None:
    made = await site(22)
    for evse_id in (1, 2):
        row = part(made, evse_id)
        assert (row.limit, row.chargingRateUnit, row.status) == (11_000, "W", "Confirmed")
        assert (row.chargingProfilePurpose, row.duration) == ("TxDefaultProfile", None)
        assert row.location == PLACE


async def test_a_part_that_no_car_could_charge_with_is_none() -> None:
    assert part(await site(7, evses=2), 1).limit == 0


async def test_one_car_gets_all_and_two_get_half_each() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    await settled(made)
    assert share(made) == 22_000
    await plug_in(made, "tx-2", 2)
    await settled(made)
    assert (share(made), share(made, "tx-2")) == (11_000, 11_000)
    await made.call("TransactionEvent", event("Ended", 99, 5, transaction="tx-2"))
    await settled(made)
    assert share(made) == 22_000
    assert the(made, share_key(STATION, "tx-2")).status == "Ended"


async def test_at_no_moment_do_the_shares_exceed_the_limit() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    await settled(made)
    held = {1: 22_000.0, 2: 11_000.0}
    sums = []

    def answer(payload: Any) -> Any:
        (schedule,) = payload["chargingProfile"]["chargingSchedule"]
        held[payload["evseId"]] = schedule["chargingSchedulePeriod"][0]["limit"]
        sums.append(sum(held.values()))
        return {"status": "Accepted"}

    made.stations.answers["SetChargingProfile"] = answer
    await plug_in(made, "tx-2", 2)
    await settled(made)
    assert sums[0] <= 33_000  # the car that came has its part already
    assert sums[-1] == 22_000
    assert sums == sorted(sums, reverse=True)


async def test_a_share_is_not_sent_again_without_cause() -> None:
    made = await site()
    await plug_in(made)
    await settled(made)
    before = len(made.stations.calls)
    await settled(made, 20)
    assert len(made.stations.calls) == before


async def test_but_before_it_ends() -> None:
    made = await site()
    await plug_in(made)
    await settled(made)
    row = the(made, share_key(STATION, "tx-1"))
    assert row.duration == 1800
    made.clock.advance(1300)
    await look(made)
    again = the(made, row.id)
    assert again.chargingProfileId == row.chargingProfileId
    assert again.startSchedule == made.clock.now()
    assert again.limit == row.limit


async def test_what_one_does_not_draw_the_other_gets() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    await plug_in(made, "tx-2", 2)
    await settled(made)
    await draws(made, 3600, "tx-1")
    await draws(made, 22_000, "tx-2")
    await settled(made)
    one, two = share(made) or 0, share(made, "tx-2") or 0
    assert one < 6000
    assert two > 16_000
    assert one + two <= 22_000
    await draws(made, one, "tx-1")  # it takes all that it may: it would take more
    await settled(made)
    assert share(made) == pytest.approx(11_000, abs=100)


async def test_a_full_car_keeps_no_more_than_the_minimum() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    await plug_in(made, "tx-2", 2)
    await settled(made)
    await draws(made, 0, "tx-1", state="SuspendedEV")
    await settled(made)
    assert share(made) == 6 * PER_AMPERE
    assert share(made, "tx-2") == 22_000 - 6 * PER_AMPERE


async def test_who_came_late_waits_where_not_all_can_charge() -> None:
    made = await site(6)
    await plug_in(made, "tx-1", 1)
    made.clock.advance(60)
    await plug_in(made, "tx-2", 2)
    await settled(made)
    assert (share(made), share(made, "tx-2")) == (6000, 0)
    await made.call("TransactionEvent", event("Ended", 99, 5, transaction="tx-1"))
    await settled(made)
    assert share(made, "tx-2") == 6000


async def test_a_full_car_makes_room_and_does_not_take_it_back() -> None:
    made = await site(6)
    await plug_in(made, "tx-1", 1)
    made.clock.advance(60)
    await plug_in(made, "tx-2", 2)
    await settled(made)
    await draws(made, 0, "tx-1", state="SuspendedEV")
    await settled(made)
    assert (share(made), share(made, "tx-2")) == (0, 6000)
    await draws(made, 0, "tx-1", state="SuspendedEVSE")  # as its station sees it at 0
    await settled(made)
    assert (share(made), share(made, "tx-2")) == (0, 6000)


async def test_the_priority_of_the_token_weighs() -> None:
    made = await site(22)
    key = authorization_key(TOKEN["idToken"], TOKEN["type"])
    made.records.have(
        AUTHORIZATION,
        Authorization(id=key, status="Accepted", chargingPriority=3, **TOKEN),
    )
    await plug_in(made, "tx-1", 1, token=TOKEN)
    await plug_in(made, "tx-2", 2)
    await settled(made)
    assert share(made) == pytest.approx(22_000 * 2 / 3, abs=1)


async def test_a_station_that_is_away_keeps_its_share_until_that_ends() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    await settled(made)
    await made.leave()
    reserved, charging = facts(made)
    assert (reserved, charging) == (22_000 + 11_000, [])
    made.clock.advance(1900)
    assert facts(made)[0] == 11_000 + 11_000  # both have their part


def facts(made: World) -> Any:
    place = Site(PLACE, 22_000, 230, 3)
    found = places(made.records, PLACE)
    return made.rules.smart_charging.balancing._facts(place, found, made.clock.now())


async def test_a_station_that_takes_no_profiles_has_what_it_draws_reserved() -> None:
    made = await site(22)
    await plug_in(made, "tx-1", 1)
    made.stations.answers["SetChargingProfile"] = StationRefused("NotSupported", "no", {})
    await settled(made)
    await draws(made, 7000)
    reserved, charging = facts(made)
    assert (reserved, charging) == (7000, [])
    calls = len(made.stations.calls)
    await settled(made)
    assert len(made.stations.calls) == calls


async def test_a_station_that_only_knows_amperes_is_told_amperes() -> None:
    made = await site(22, RateUnit="A")
    await plug_in(made)
    await settled(made)
    row = the(made, share_key(STATION, "tx-1"))
    assert (row.chargingRateUnit, row.limit) == ("A", 31.8)  # never more than the share


async def test_a_location_without_a_limit_limits_nobody_and_takes_its_profiles_back() -> None:
    made = await site(22)
    await plug_in(made)
    await settled(made)
    limited(made, None)
    await settled(made)
    assert rows(made) == []
    assert len(made.stations.sent("ClearChargingProfile")) == 3


async def test_an_edited_limit_counts_with_the_next_round() -> None:
    made = await site(22)
    await plug_in(made)
    await settled(made)
    limited(made, 11)
    await settled(made)
    assert (share(made), part(made, 1).limit) == (11_000, 5500)


# ---- the plan --------------------------------------------------------------------------

watts = st.floats(0, 30_000, allow_nan=False).map(round).map(float)
fleets = st.lists(
    st.tuples(watts, st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=6
)


@given(st.floats(0, 60_000, allow_nan=False), watts, fleets)
def test_what_is_sent_never_raises_the_sum_above_the_limit(
    limit: float, reserved: float, fleet: list[tuple[float, bool, bool, bool]]
) -> None:
    """However the stations answer, or do not: each may have the old or the new."""
    some = [
        Charging(Car(str(number), minimum=4140), now, told, due, busy)
        for number, (now, told, due, busy) in enumerate(fleet)
    ]
    sent = plan(limit, reserved, some)
    now = sum(each.in_force for each in some)
    worst = sum(max(each.in_force, sent.get(each.car.key, 0)) for each in some)
    assert worst <= max(now, limit - reserved) + 1e-3
    assert not any(each.busy and each.car.key in sent for each in some)


@settings(max_examples=50)
@given(st.floats(4140, 60_000, allow_nan=False), fleets)
def test_when_all_answer_the_limit_holds_after_few_rounds(
    limit: float, fleet: list[tuple[float, bool, bool, bool]]
) -> None:
    force = {str(number): each[0] for number, each in enumerate(fleet)}
    for _ in range(4):
        some = [Charging(Car(key, minimum=4140), now, told=True) for key, now in force.items()]
        force |= plan(limit, 0, some)
    assert sum(force.values()) <= limit + 1e-3
    assert sum(force.values()) >= min(limit, 4140) * 0.9
