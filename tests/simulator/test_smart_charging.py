"""Charging profiles: which limit they set, and that a car keeps to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from citrine_py.model.times import iso
from citrine_py.simulator import limits
from citrine_py.simulator.limits import Installed, Load
from tests.simulator.mind import T0, Mind, profile, sampled

LOAD = Load(1, "t1", T0)


def watts(*profiles: dict[str, Any], at: float = 0, load: Load = LOAD, evse: int = 0) -> Any:
    known = [Installed(evse, each) for each in profiles]
    return limits.limit(known, load, T0 + timedelta(seconds=at))


def test_of_one_purpose_the_highest_stack_level_that_says_something_counts() -> None:
    low, high = profile(9000), profile(3000, stackLevel=2, duration=60)
    assert watts(low, high) == 3000
    assert watts(low, high, at=60) == 9000


def test_a_txprofile_stands_instead_of_the_default_and_only_for_its_transaction() -> None:
    default = profile(3000)
    own = profile(9000, "TxProfile", transactionId="t1")
    assert watts(default, own) == 9000
    assert watts(default, own, load=Load(1, "t2", T0)) == 3000


def test_of_several_purposes_the_lowest_counts_and_what_is_for_all_is_shared() -> None:
    station = profile(10_000, "ChargingStationMaxProfile")
    assert watts(station, profile(6000)) == 6000
    assert watts(station, profile(6000), load=Load(1, sharing=2)) == 5000


def test_kinds_and_validity() -> None:
    relative = profile([(0, 4000), (60, 2000)], chargingProfileKind="Relative")
    assert watts(relative, at=59) == 4000
    assert watts(relative, at=60) == 2000
    assert watts(relative, load=Load(1)) is None
    daily = profile(
        1000, chargingProfileKind="Recurring", recurrencyKind="Daily", duration=3600,
        start=T0 - timedelta(days=10),
    )  # fmt: skip
    assert watts(daily, at=3599) == 1000
    assert watts(daily, at=3600) is None
    assert watts(daily, at=86_400) == 1000
    valid = profile(
        1000, validFrom=iso(T0 + timedelta(seconds=10)), validTo=iso(T0 + timedelta(seconds=20))
    )
    assert [watts(valid, at=at) for at in (9, 10, 19, 20)] == [None, 1000, 1000, None]


def test_amperes_count_for_each_phase() -> None:
    assert watts(profile(10, unit="A")) == 6900
    assert watts(profile(10, unit="A"), load=Load(1, phases=1)) == 2300


def test_the_car_obeys_at_once_and_the_csms_is_told() -> None:
    mind = Mind()
    mind.charge(100, power=11)
    asked = {"evseId": 1, "chargingProfile": profile(5000)}
    assert mind.ask("SetChargingProfile", asked)["status"] == "Accepted"
    assert mind.events[-1]["triggerReason"] == "ChargingRateChanged"
    assert sampled(mind.events[-1], "Power.Active.Import") == [5000]
    cleared = mind.ask("ClearChargingProfile", {"chargingProfileId": 1})
    assert cleared["status"] == "Accepted"
    mind.run(60)
    assert mind.outlet.supply.meter.power == 11000


def test_less_than_the_pilot_can_offer_suspends() -> None:
    mind = Mind()
    mind.charge(100, power=11)
    mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": profile(4000)})
    assert mind.story()[-1] == ("Updated", "ChargingStateChanged", "SuspendedEVSE")
    mind.ask("ClearChargingProfile", {"chargingProfileId": 1})
    assert mind.story()[-1] == ("Updated", "ChargingStateChanged", "Charging")


def test_a_schedule_is_followed_to_the_second() -> None:
    mind = Mind()
    schedule = profile([(0, 11_000), (100, 7000), (200, 0), (300, 9000)])
    mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": schedule})
    mind.charge(0, power=22)
    seen = {}
    for at in (99, 101, 201, 330):
        mind.run(at - (mind.time - T0).total_seconds())
        seen[at] = mind.outlet.supply.meter.power
    assert seen == {99: 11_000, 101: 7000, 201: 0, 330: 9000}


def test_two_cars_share_what_is_for_the_station() -> None:
    mind = Mind()
    whole = profile(15_000, "ChargingStationMaxProfile")
    mind.ask("SetChargingProfile", {"evseId": 0, "chargingProfile": whole})
    mind.charge(100, power=22)
    assert mind.outlet.supply.meter.power == 15_000
    mind.plug(2, power=22)
    mind.present(evse=2)
    mind.run(60)
    assert [it.supply.meter.power for it in mind.it.outlets] == [7500, 7500]
    mind.present()
    mind.run(60)
    assert mind.it.outlets[1].supply.meter.power == 15_000


@pytest.mark.parametrize(
    ("evse", "wrong", "reason"),
    [
        (9, profile(1), "UnknownEvse"),
        (1, profile(1, "ChargingStationMaxProfile"), "InvalidProfile"),
        (1, profile(1, "ChargingStationExternalConstraints"), "InvalidProfile"),
        (1, profile(1, "TxProfile", transactionId="t9"), "TxNotFound"),
        (1, profile([(5, 1)]), "InvalidSchedule"),
        (1, profile(1, id=2), "DuplicateProfile"),
        (1, profile(1, chargingProfileKind="Recurring"), "InvalidProfile"),
    ],
)
def test_k01_what_it_does_not_take(evse: int, wrong: dict[str, Any], reason: str) -> None:
    mind = Mind()
    mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": profile(5000)})
    answer = mind.ask("SetChargingProfile", {"evseId": evse, "chargingProfile": wrong})
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": reason}}


def test_a_txprofile_ends_with_its_transaction() -> None:
    mind = Mind()
    mind.charge(60)
    it = mind.outlet.transaction
    assert it is not None
    own = profile(7000, "TxProfile", transactionId=it.id)
    assert mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": own})["status"] == (
        "Accepted"
    )
    mind.present()
    everything = {"requestId": 1, "chargingProfile": {}}
    assert mind.ask("GetChargingProfiles", everything) == {"status": "NoProfiles"}


def test_k09_profiles_are_told_in_parts() -> None:
    mind = Mind()
    for level in range(3):
        kept = profile(5000, stackLevel=level, id=level + 1)
        mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": kept})
    asked = {"requestId": 5, "evseId": 1, "chargingProfile": {}}
    assert mind.ask("GetChargingProfiles", asked) == {"status": "Accepted"}
    told = mind.all("ReportChargingProfiles")
    assert [it["tbc"] for it in told] == [True, False]
    assert [p["id"] for it in told for p in it["chargingProfile"]] == [1, 2, 3]
    one = {"requestId": 6, "chargingProfile": {"stackLevel": 1}}
    mind.ask("GetChargingProfiles", one)
    assert [it["id"] for it in mind.all("ReportChargingProfiles")[-1]["chargingProfile"]] == [2]


def test_k08_the_composite_schedule_joins_all_profiles() -> None:
    mind = Mind()
    mind.ask(
        "SetChargingProfile",
        {"evseId": 0, "chargingProfile": profile([(0, 11_000), (300, 8000)],
                                                 "ChargingStationMaxProfile")},
    )  # fmt: skip
    own = profile(9000, id=2, duration=600)
    mind.ask("SetChargingProfile", {"evseId": 1, "chargingProfile": own})
    answer = mind.ask("GetCompositeSchedule", {"evseId": 1, "duration": 900})
    periods = answer["schedule"]["chargingSchedulePeriod"]
    assert periods == [{"startPeriod": 0, "limit": 9000}, {"startPeriod": 300, "limit": 8000}]
    other = mind.ask("GetCompositeSchedule", {"evseId": 2, "duration": 60, "chargingRateUnit": "A"})
    assert other["schedule"]["chargingSchedulePeriod"][0]["limit"] == 15.9


def test_k12_an_energy_manager_limits_for_a_while() -> None:
    mind = Mind("local-limit")
    mind.charge(200, power=11)
    assert mind.outlet.supply.meter.power == 4600
    assert mind.all("NotifyChargingLimit")[0]["chargingLimit"]["chargingLimitSource"] == "EMS"
    assert mind.ask("ClearChargingProfile", {"chargingProfileId": 1})["status"] == "Unknown"
    mind.run(600)
    assert mind.all("ClearedChargingLimit") == [{"chargingLimitSource": "EMS"}]
    assert mind.outlet.supply.meter.power == 11_000


@pytest.mark.parametrize("direct", [True, False])
def test_k15_a_car_says_what_it_needs_and_charges_whatever_the_answer(direct: bool) -> None:
    mind = Mind(direct_current=direct)
    mind.charge(60, talks=True)
    assert mind.all("NotifyEVChargingNeeds")
    assert mind.all("NotifyEVChargingSchedule") == []
    assert mind.story()[-1][2] == "Charging"
    mind = Mind(direct_current=direct)
    mind.answers["NotifyEVChargingNeeds"] = {"status": "Accepted"}
    mind.charge(60, talks=True)
    assert len(mind.all("NotifyEVChargingSchedule")) == 1
