"""K01, K05, K09, K10: charging profiles that people and flows send."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest, StationOffline, StationRefused, StationSilent
from citrine_py.model.charging_profiles import ChargingProfile
from citrine_py.model.jobs import JOB
from tests.modules.charging import TOKEN, event
from tests.modules.profiles import (
    ask,
    controller,
    look,
    made_by_operator,
    plug_in,
    profile,
    rows,
    schedule,
    the,
    world,
)
from tests.modules.world import STATION, World


async def test_k01_a_profile_is_on_record_from_when_it_is_sent() -> None:
    made = await world()
    seen: list[str | None] = []
    made.stations.answers["SetChargingProfile"] = lambda _: (
        seen.append(rows(made)[0].status) or {"status": "Accepted"}
    )
    await ask(made, given=profile(16, 32))
    (row,) = rows(made)
    assert seen == ["Sent"]
    assert (row.status, row.statusInfo, row.source) == ("Confirmed", "Accepted", "Request")
    assert (row.evseId, row.limit, row.chargingRateUnit) == (1, 16, "A")
    assert [each["limit"] for each in row.chargingSchedulePeriod or ()] == [16, 32]


async def test_k01_ids_that_are_left_out_are_unique_on_the_station() -> None:
    made = await world()
    await ask(made, 1)
    await ask(made, 2)
    sent = [each["chargingProfile"] for each in made.stations.sent("SetChargingProfile")]
    assert [each["id"] for each in sent] == [1, 2]
    assert all(each["chargingSchedule"][0]["id"] for each in sent)


async def test_k01_a_profile_takes_the_place_of_the_one_with_its_id() -> None:
    """TC_K_04: one id, one stack level, two limits."""
    made = await world()
    await ask(made, id=7)
    await ask(made, given=profile(6, id=7))
    (row,) = rows(made)
    assert (row.limit, row.status) == (6, "Confirmed")


async def test_k01_a_station_that_refuses_is_told_of() -> None:
    made = await world()
    made.stations.answers["SetChargingProfile"] = {
        "status": "Rejected",
        "statusInfo": {"reasonCode": "Busy"},
    }
    await ask(made)
    assert (rows(made)[0].status, rows(made)[0].statusInfo) == ("Refused", "Rejected (Busy)")


@pytest.mark.parametrize(
    ("error", "status"),
    [(StationSilent("no answer"), "Sent"), (StationRefused("NotSupported", "no", {}), "Refused")],
)
async def test_k01_what_is_not_answered_is_told_of(error: Exception, status: str) -> None:
    made = await world()
    made.stations.answers["SetChargingProfile"] = error
    with pytest.raises(type(error)):
        await ask(made)
    assert rows(made)[0].status == status


async def test_k01_nothing_is_kept_of_what_cannot_be_asked() -> None:
    made = await world()
    await made.leave()
    with pytest.raises(StationOffline):
        await ask(made)
    assert rows(made) == []


RELATIVE = profile(start=None, chargingProfileKind="Relative")
TX = {"chargingProfilePurpose": "TxProfile"}


@pytest.mark.parametrize(
    ("evse_id", "given", "rule"),
    [
        (1, profile(chargingProfilePurpose="ChargingStationExternalConstraints"), "K01.FR.22"),
        (1, profile(chargingProfilePurpose="ChargingStationMaxProfile"), "evseId 0"),
        (0, {**RELATIVE, "chargingProfilePurpose": "ChargingStationMaxProfile"}, "K01.FR.38"),
        (0, profile(**TX, transactionId="tx-1"), "K01.FR.16"),
        (1, profile(**TX), "K01.FR.03"),
        (1, profile(**TX, transactionId="tx-9"), "K01.FR.09"),
        (2, profile(**TX, transactionId="tx-1"), "K01.FR.09"),
        (1, profile(transactionId="tx-1"), "only a TxProfile"),
        (1, profile(start=None), "K01.FR.40"),
        (1, profile(chargingProfileKind="Relative"), "K01.FR.41"),
        (1, profile(chargingProfileKind="Recurring"), "recurrencyKind"),
        (1, profile(validTo="2025-12-31T00:00:00Z"), "K01.FR.37"),
        (1, profile(chargingSchedule=[schedule(1, startSchedule="2026-01-01T00:00:00Z")] * 2),
         "K01.FR.34"),
    ],
)  # fmt: skip
async def test_k01_what_breaks_a_rule_is_not_sent(evse_id: int, given: Any, rule: str) -> None:
    made = await world()
    await plug_in(made)
    with pytest.raises(BadRequest, match=rule):
        await ask(made, evse_id, given=given)
    assert made.stations.sent("SetChargingProfile") == []
    assert rows(made) == []


@pytest.mark.parametrize(
    ("periods", "rule"),
    [
        ([{"startPeriod": 1, "limit": 6}], "K01.FR.31"),
        ([{"startPeriod": 0, "limit": 6}, {"startPeriod": 0, "limit": 7}], "K01.FR.35"),
        ([{"startPeriod": 0, "limit": 6, "phaseToUse": 1}], "K01.FR.19"),
        ([{"startPeriod": 0, "limit": 6, "phaseToUse": 1, "numberPhases": 1}], "K01.FR.20"),
        ([{"startPeriod": 0, "limit": -6}], "negative"),
    ],
)
async def test_k01_periods_follow_the_rules(periods: Any, rule: str) -> None:
    made = await world()
    given = profile()
    given["chargingSchedule"][0]["chargingSchedulePeriod"] = periods
    with pytest.raises(BadRequest, match=rule):
        await ask(made, given=given)


async def test_k01_two_profiles_do_not_hold_at_once() -> None:
    """K01.FR.06: same purpose, stack level and place, as long as their times meet."""
    made = await world()
    await ask(made, id=1, validTo="2026-01-02T00:00:00Z")
    with pytest.raises(BadRequest, match=r"K01\.FR\.06"):
        await ask(made, id=2)
    await ask(made, id=2, validFrom="2026-01-02T00:00:00Z")
    await ask(made, id=3, stackLevel=1)
    await ask(made, 2, id=4)
    assert [row.status for row in rows(made)] == ["Confirmed"] * 4


async def test_k01_nor_two_for_a_transaction() -> None:
    """K01.FR.39."""
    made = await world()
    await plug_in(made)
    await ask(made, given=profile(**TX, transactionId="tx-1", id=1))
    with pytest.raises(BadRequest, match=r"K01\.FR\.39"):
        await ask(made, given=profile(**TX, transactionId="tx-1", id=2))


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"RateUnit": "W"}, "K01.FR.26"),
        ({"ProfileStackLevel": "0"}, "stack levels up to 0"),
        ({"PeriodsPerSchedule": "1"}, "1 periods"),
    ],
)
async def test_k01_the_stations_own_limits_count_if_known(told: Any, rule: str) -> None:
    made = await world()
    controller(made, **told)
    with pytest.raises(BadRequest, match=rule):
        await ask(made, given=profile(6, 7, stackLevel=1))


async def test_k01_without_directus_the_station_itself_must_say() -> None:
    made = await world()
    controller(made, RateUnit="W")
    made.records.directus_away = True
    await ask(made)
    assert rows(made)[0].status == "Confirmed"


async def test_k05_the_profile_of_a_start_is_on_record_with_its_transaction() -> None:
    made = await world()
    start = {
        "evseId": 1,
        "idToken": TOKEN,
        "remoteStartId": 5,
        "chargingProfile": profile(10, **TX),
    }
    await made.rules.requests.send(STATION, "RequestStartTransaction", start)
    (sent,) = made.stations.sent("RequestStartTransaction")
    assert sent["chargingProfile"]["id"] == 1
    (row,) = rows(made)
    assert (row.status, row.transactionId, row.remoteStartId) == ("Confirmed", None, 5)
    await plug_in(made, "tx-5", remoteStartId=5)
    await look(made)
    assert the(made, row.id).transactionId == "tx-5"
    await made.call("TransactionEvent", event("Ended", 1, 5, transaction="tx-5"))
    await look(made)
    assert the(made, row.id).status == "Ended"  # K02.FR.05


# ---- K10 -------------------------------------------------------------------------------


async def clear(made: World, **which: Any) -> None:
    await made.rules.requests.send(STATION, "ClearChargingProfile", which)


async def three() -> World:
    made = await world()
    await ask(made, 1, id=1)
    await ask(made, 1, id=2, stackLevel=1)
    await ask(made, 2, id=3)
    return made


@pytest.mark.parametrize("answer", ["Accepted", "Unknown"])
async def test_k10_a_profile_is_cleared_by_its_id(answer: str) -> None:
    made = await three()
    made.stations.answers["ClearChargingProfile"] = {"status": answer}
    await clear(made, chargingProfileId=2)
    assert [row.status for row in rows(made)] == ["Confirmed", "Cleared", "Confirmed"]


async def test_k10_or_all_that_meet_the_criteria() -> None:
    made = await three()
    await clear(made, chargingProfileCriteria={"evseId": 1})
    assert [row.status for row in rows(made)] == ["Cleared", "Cleared", "Confirmed"]


@pytest.mark.parametrize(
    ("which", "rule"),
    [
        ({}, "K10.FR.02"),
        ({"chargingProfileCriteria": {}}, "K10.FR.02"),
        ({"chargingProfileCriteria": {
            "chargingProfilePurpose": "ChargingStationExternalConstraints"}}, "K10.FR.06"),
    ],
)  # fmt: skip
async def test_k10_what_breaks_a_rule_is_not_sent(which: Any, rule: str) -> None:
    made = await world()
    with pytest.raises(BadRequest, match=rule):
        await clear(made, **which)
    assert made.stations.sent("ClearChargingProfile") == []


# ---- K09 -------------------------------------------------------------------------------


async def get(made: World, evse_id: int | None = None, **which: Any) -> None:
    payload = {"requestId": 4, "chargingProfile": which or {"chargingLimitSource": ["CSO"]}}
    at = {} if evse_id is None else {"evseId": evse_id}
    made.clock.advance(1)
    await made.rules.requests.send(STATION, "GetChargingProfiles", {**payload, **at})
    made.clock.advance(1)


async def report(
    made: World, *profiles: Any, evse_id: int = 1, source: str = "CSO", tbc: bool = False
) -> None:
    told = {
        "requestId": 4, "chargingLimitSource": source, "evseId": evse_id, "tbc": tbc,
        "chargingProfile": list(profiles),
    }  # fmt: skip
    assert await made.call("ReportChargingProfiles", told) == {}
    await made.jobs.settle()


def whole(number: int, **more: Any) -> Any:
    given = profile(8, id=number, **more)
    given["chargingSchedule"][0]["id"] = 1
    return given


async def test_k09_what_the_station_has_stays_and_what_it_lacks_is_sent_again() -> None:
    made = await three()
    await get(made)
    await report(made, whole(1), tbc=True)
    await report(made, whole(1), tbc=True)  # twice
    assert len(made.stations.sent("SetChargingProfile")) == 3
    await report(made, whole(3), evse_id=2)
    again = made.stations.sent("SetChargingProfile")[3:]
    assert [each["chargingProfile"]["id"] for each in again] == [2]
    assert [row.status for row in rows(made)] == ["Confirmed"] * 3
    assert made.records.all(JOB)[0].status == "Done"


async def test_k09_a_report_that_does_not_end_removes_nothing() -> None:
    made = await three()
    await get(made)
    await report(made, whole(1), tbc=True)
    assert [row.status for row in rows(made)] == ["Confirmed"] * 3


async def test_k09_only_what_was_asked_for_can_be_missing() -> None:
    made = await three()
    await get(made, stackLevel=0, evse_id=1)
    await report(made, whole(1))
    assert len(made.stations.sent("SetChargingProfile")) == 3


async def test_k09_unknown_ones_are_recorded_as_reported() -> None:
    made = await world()
    await get(made)
    await report(made, whole(40, stackLevel=2), source="EMS", evse_id=0)
    (row,) = rows(made)
    assert (row.source, row.status, row.stackLevel, row.limit) == ("EMS", "Confirmed", 2, 8)
    await get(made, chargingLimitSource=["EMS"])
    made.stations.answers["GetChargingProfiles"] = {"status": "NoProfiles"}
    await get(made, chargingLimitSource=["EMS"])
    assert rows(made)[0].status == "Cleared"


async def test_k09_a_report_that_nobody_asked_for_counts_too() -> None:
    made = await three()
    await report(made, whole(9))
    assert [row.chargingProfileId for row in rows(made)] == [1, 2, 3, 9]


@pytest.mark.parametrize("which", [{"customData": {"vendorId": "x"}}, {"chargingProfileId": [1],
                                    "stackLevel": 1}])  # fmt: skip
async def test_k09_it_must_say_which(which: Any) -> None:
    made = await world()
    with pytest.raises(BadRequest, match=r"K09\.FR\.03"):
        await get(made, **which)


def test_a_row_made_by_people_needs_no_more_than_a_limit() -> None:
    assert ChargingProfile(id="x", limit=6).chargingProfileId is None


async def test_such_a_row_gets_what_the_message_needs() -> None:
    made = await world()
    row = await made_by_operator(made, limit=32)
    assert (row.evseId, row.chargingProfilePurpose, row.stackLevel, row.chargingRateUnit) == (
        0, "ChargingStationMaxProfile", 0, "A",
    )  # fmt: skip
