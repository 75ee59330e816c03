"""K01, K10: charging profiles that operators make, edit and remove in Directus."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from citrine_py.errors import StationBusy, StationSilent
from citrine_py.model.charging_profiles import CHARGING_PROFILE
from tests.fakes import T0
from tests.modules.profiles import (
    ask,
    controller,
    edited,
    limited,
    made_by_operator,
    plug_in,
    removed,
    rows,
    the,
    world,
)
from tests.modules.world import STATION, World


def sent(made: World) -> list[Any]:
    return made.stations.sent("SetChargingProfile")


async def test_a_row_reaches_a_station_that_is_here() -> None:
    made = await world()
    row = await made_by_operator(made, limit=16, evseId=1, validTo=T0 + timedelta(hours=8))
    (message,) = sent(made)
    assert message["evseId"] == 1
    assert message["chargingProfile"] == {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "validTo": "2026-01-01T08:00:00.000Z",
        "chargingSchedule": [
            {
                "id": 1,
                "startSchedule": "2026-01-01T00:00:00.000Z",
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
            }
        ],
    }
    assert (row.status, row.source, row.chargingProfileId) == ("Confirmed", "Operator", 1)


async def test_one_for_a_station_that_is_away_is_sent_when_it_is_back() -> None:
    made = await world()
    await made.leave()
    row = await made_by_operator(made, limit=16)
    assert (row.status, sent(made)) == ("Wanted", [])
    await made.connect()
    await made.jobs.settle()
    assert (the(made).status, len(sent(made))) == ("Confirmed", 1)


async def test_one_that_is_not_accepted_is_sent_nothing() -> None:
    made = await world()
    made.set_boot(status="Pending")
    await made.boot()
    assert (await made_by_operator(made, limit=16)).status == "Wanted"
    assert sent(made) == []


async def test_an_edit_replaces_the_profile_under_its_id() -> None:
    made = await world()
    await made_by_operator(made, limit=16)
    row = await edited(made, limit=10)
    first, second = (each["chargingProfile"] for each in sent(made))
    assert first["id"] == second["id"]
    assert second["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 10
    assert row.status == "Confirmed"
    await edited(made, notes="for the winter")
    assert len(sent(made)) == 2


async def test_an_edit_while_it_is_sent_is_sent_as_well() -> None:
    made = await world()

    def answer(_: Any) -> Any:
        if len(sent(made)) == 1:
            made.records.edit(CHARGING_PROFILE, "row-1", limit=8)
        return {"status": "Accepted"}

    made.stations.answers["SetChargingProfile"] = answer
    row = await made_by_operator(made, limit=16)
    assert [
        each["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
        for each in sent(made)
    ] == [16, 8]
    assert (row.limit, row.status) == (8, "Confirmed")


async def test_a_removed_row_is_cleared_on_the_station() -> None:
    made = await world()
    await made_by_operator(made, limit=16)
    await removed(made)
    assert made.stations.sent("ClearChargingProfile") == [{"chargingProfileId": 1}]
    assert rows(made) == []


async def test_also_when_the_station_is_away_at_that_time() -> None:
    made = await world()
    await made_by_operator(made, limit=16)
    await made.leave()
    await removed(made)
    (row,) = rows(made)
    assert (row.status, row.chargingProfileId) == ("Removing", 1)
    await made.connect()
    await made.jobs.settle()
    assert made.stations.sent("ClearChargingProfile") == [{"chargingProfileId": 1}]
    assert rows(made) == []


async def test_a_removed_row_that_was_never_sent_needs_nothing() -> None:
    made = await world()
    await made.leave()
    await made_by_operator(made, limit=16)
    await removed(made)
    assert rows(made) == []


async def test_what_is_removed_goes_before_what_takes_its_place() -> None:
    made = await world()
    await made_by_operator(made, limit=16)
    await made.leave()
    await removed(made)
    await made_by_operator(made, "row-2", limit=10, stackLevel=0)
    await made.connect()
    await made.jobs.settle()
    actions = [call.action for call in made.stations.calls]
    assert actions[-2:] == ["ClearChargingProfile", "SetChargingProfile"]
    assert the(made, "row-2").status == "Confirmed"


async def test_a_row_that_moves_to_another_station_is_cleared_on_the_first() -> None:
    made = await world()
    await made_by_operator(made, limit=16)
    row = await edited(made, station="cp002")
    assert made.stations.sent("ClearChargingProfile") == [{"chargingProfileId": 1}]
    assert (row.status, row.chargingProfileId) == ("Wanted", None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "say a limit"),
        ({"limit": 6, "transactionId": "tx-9", "evseId": 1}, "K01.FR.09"),
        ({"limit": 6, "chargingProfileKind": "Recurring"}, "recurrencyKind"),
        ({"limit": 6, "chargingProfilePurpose": "ChargingStationMaxProfile", "evseId": 1},
         "evseId 0"),
    ],
)  # fmt: skip
async def test_a_row_that_cannot_be_sent_says_why(fields: Any, reason: str) -> None:
    made = await world()
    row = await made_by_operator(made, **fields)
    assert row.status == "Refused"
    assert reason in (row.statusInfo or "")
    assert sent(made) == []


async def test_a_refused_row_is_sent_anew_when_it_is_put_right() -> None:
    made = await world("Rejected")
    assert (await made_by_operator(made, limit=160)).status == "Refused"
    made.stations.answers["SetChargingProfile"] = {"status": "Accepted"}
    assert (await edited(made, limit=16)).status == "Confirmed"


async def test_what_a_busy_station_did_not_get_stays_wanted() -> None:
    made = await world()
    made.stations.answers["SetChargingProfile"] = StationBusy("too many")
    row = await made_by_operator(made, limit=16)
    assert (row.status, row.statusInfo) == ("Wanted", "too many")


async def test_what_was_not_answered_is_sent_again_when_the_station_is_back() -> None:
    made = await world()
    made.stations.answers["SetChargingProfile"] = [StationSilent("lost"), {"status": "Accepted"}]
    assert (await made_by_operator(made, limit=16)).status == "Sent"
    await made.leave()
    await made.connect()
    await made.jobs.settle()
    first, second = (each["chargingProfile"]["id"] for each in sent(made))
    assert first == second
    assert the(made).status == "Confirmed"


async def test_a_profile_for_a_running_transaction() -> None:
    made = await world()
    await plug_in(made)
    row = await made_by_operator(made, limit=6, transactionId="tx-1", evseId=1)
    assert (row.status, row.chargingProfilePurpose) == ("Confirmed", "TxProfile")


async def test_rows_without_a_stack_level_get_free_ones() -> None:
    made = await world()
    await ask(made, 1)
    assert (await made_by_operator(made, limit=6, evseId=1)).stackLevel == 1


async def test_a_limit_is_converted_for_a_station_that_only_knows_the_other_unit() -> None:
    made = await world()
    limited(made, None, voltage=240)
    controller(made, RateUnit="A")
    row = await made_by_operator(made, limit=11_520, chargingRateUnit="W")
    assert (row.status, row.chargingRateUnit, row.limit) == ("Confirmed", "A", 16)


async def test_what_others_have_set_is_not_ours_to_send() -> None:
    made = await world()
    limit = {"chargingLimit": {"chargingLimitSource": "EMS"}}
    await made.call("NotifyChargingLimit", limit)
    (row,) = rows(made)
    await edited(made, row.id, limit=3)
    await removed(made, row.id)
    assert made.stations.calls == []


async def test_a_station_that_is_gone_is_asked_nothing() -> None:
    made = await world()
    await made_by_operator(made, station="cp404", limit=6)
    await removed(made)
    assert rows(made) == []
    assert STATION not in {call.station for call in made.stations.calls}
