"""Block K, smart charging, over the whole stack.

Part 6 has no cases of it for a CSMS; these follow the use cases, and are named by them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.charging import Session
from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now
from tests.people import until

pytestmark = pytest.mark.stack

SOURCES = ["EMS", "Other", "SO", "CSO"]


def profile(limit: float = 16, **more: Any) -> Payload:
    """A charging profile as a caller gives it, who leaves the ids to us."""
    return {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [
            {
                "startSchedule": now(),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            }
        ],
        **more,
    }


async def ask(
    csms: Csms, station: RawStation, action: str, payload: Payload, **answer: Any
) -> Payload:
    """The operator asks; what the station got."""
    got: list[Payload] = []
    name = f"{action[0].upper()}{action[1:]}"

    async def play() -> None:
        asked = await station.asked(name)
        got.append(asked.payload)
        await station.answer(asked, {"status": "Accepted", **answer})

    await csms.while_sending(f"smartcharging/{action}", payload, play)
    return got[0]


async def set_profile(csms: Csms, station: RawStation, evse_id: int, given: Payload) -> Payload:
    payload = {"evseId": evse_id, "chargingProfile": given}
    got = await ask(csms, station, "setChargingProfile", payload)
    assert got["evseId"] == evse_id
    sent: Payload = got["chargingProfile"]
    assert sent["chargingSchedule"][0]["chargingSchedulePeriod"][0]["startPeriod"] == 0
    return sent


async def shown(csms: Csms, status: str, **fields: Any) -> dict[str, Any]:
    """The one row with these fields, once an operator sees it so in Directus."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [
            row
            for row in await csms.operator.rows("ChargingProfile", csms.station_id)
            if all(row[name] == value for name, value in fields.items())
        ]
        return [row["status"] for row in found] == [status]

    try:
        await until(there)
    except TimeoutError:
        raise AssertionError(f"not {status}: {found}") from None
    return found[0]


# ---- K01 -------------------------------------------------------------------------------


async def test_k01_a_default_profile_for_one_evse_is_set_and_shown(csms: Csms) -> None:
    """K01.FR.31, K01.FR.40."""
    async with csms.station() as station:
        await station.booted()
        sent = await set_profile(csms, station, 1, profile())
        await shown(csms, "Confirmed", chargingProfileId=sent["id"], evseId=1, limit=16)


async def test_k01_a_default_profile_for_all_evses(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        sent = await set_profile(csms, station, 0, profile())
        assert sent["chargingProfilePurpose"] == "TxDefaultProfile"


async def test_k01_a_limit_of_the_whole_station(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        given = profile(chargingProfilePurpose="ChargingStationMaxProfile")
        sent = await set_profile(csms, station, 0, given)
        assert sent["chargingProfilePurpose"] == "ChargingStationMaxProfile"


async def test_k01_a_recurring_profile(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        given = profile(chargingProfileKind="Recurring", recurrencyKind="Daily")
        sent = await set_profile(csms, station, 1, given)
        assert (sent["chargingProfileKind"], sent["recurrencyKind"]) == ("Recurring", "Daily")


async def test_k01_a_profile_for_a_running_transaction(csms: Csms) -> None:
    """K01.FR.03, K01.FR.09, K01.FR.16."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        given = profile(8, chargingProfilePurpose="TxProfile", transactionId=session.transaction_id)
        sent = await set_profile(csms, station, 1, given)
        assert sent["transactionId"] == session.transaction_id


async def test_k01_a_profile_for_no_transaction_is_not_sent(csms: Csms) -> None:
    """K01.FR.09."""
    async with csms.station() as station:
        await station.booted()
        given = profile(8, chargingProfilePurpose="TxProfile", transactionId="none")
        payload = {"evseId": 1, "chargingProfile": given}
        answer = await csms.operator.send(
            csms.station_id, "smartcharging/setChargingProfile", payload
        )
        assert "K01.FR.09" in answer.text
        station.nothing_more_asked()


async def test_k01_a_profile_replaces_the_one_with_its_id_and_others_are_stacked(
    csms: Csms,
) -> None:
    """K01.FR.06."""
    async with csms.station() as station:
        await station.booted()
        first = await set_profile(csms, station, 1, profile(16))
        again = await set_profile(csms, station, 1, profile(6, id=first["id"]))
        higher = await set_profile(csms, station, 1, profile(10, stackLevel=1))
        assert again["id"] == first["id"] != higher["id"]
        await shown(csms, "Confirmed", chargingProfileId=first["id"], limit=6)


async def test_k01_a_station_without_smart_charging_refuses(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        payload = {"evseId": 1, "chargingProfile": profile()}
        got = await ask(
            csms, station, "setChargingProfile", payload, status="Rejected",
            statusInfo={"reasonCode": "UnsupportedRequest"},
        )  # fmt: skip
        row = await shown(csms, "Refused", chargingProfileId=got["chargingProfile"]["id"])
        assert row["statusInfo"] == "Rejected (UnsupportedRequest)"


# ---- K05, K08, K09, K10 ----------------------------------------------------------------


async def test_k05_a_start_with_a_charging_profile(csms: Csms) -> None:
    """K05.FR.02, F01.FR.08, F01.FR.09, F01.FR.11."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await csms.enter_token(session.token)
        got: list[Payload] = []

        async def play() -> None:
            asked = await station.asked("RequestStartTransaction")
            got.append(asked.payload)
            await station.answer(asked, {"status": "Accepted"})

        given = profile(chargingProfilePurpose="TxProfile")
        payload = {"evseId": 1, "idToken": session.token, "chargingProfile": given}
        await csms.while_sending("evdriver/requestStartTransaction", payload, play)
        sent = got[0]["chargingProfile"]
        assert sent["chargingProfilePurpose"] == "TxProfile"
        assert "transactionId" not in sent
        await session.event(
            "Started", "RemoteStart", chargingState="EVConnected", evse=session.evse,
            idToken=session.token, remoteStartId=got[0]["remoteStartId"],
        )  # fmt: skip
        await shown(csms, "Confirmed", transactionId=session.transaction_id)


@pytest.mark.parametrize("evse_id", [0, 1])
async def test_k08_a_composite_schedule(csms: Csms, evse_id: int) -> None:
    async with csms.station() as station:
        await station.booted()
        payload = {"evseId": evse_id, "duration": 300, "chargingRateUnit": "A"}
        schedule = {
            "evseId": evse_id,
            "duration": 300,
            "scheduleStart": now(),
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        }
        got = await ask(csms, station, "getCompositeSchedule", payload, schedule=schedule)
        assert got == payload


async def report(station: RawStation, asked: Payload, parts: list[tuple[int, str, Any]]) -> None:
    for number, (evse_id, source, profiles) in enumerate(parts):
        told = {
            "requestId": asked["requestId"],
            "chargingLimitSource": source,
            "evseId": evse_id,
            "chargingProfile": profiles,
            "tbc": number < len(parts) - 1,
        }
        assert await station.call("ReportChargingProfiles", told) == {}


def reported(number: int, limit: float = 16, **more: Any) -> Payload:
    given = profile(limit, id=number, **more)
    given["chargingSchedule"][0]["id"] = 1
    return given


@pytest.mark.parametrize(
    "which",
    [
        {"evseId": 0, "chargingProfile": {"chargingProfilePurpose": "TxDefaultProfile"}},
        {"evseId": 1, "chargingProfile": {"chargingProfilePurpose": "TxDefaultProfile"}},
        {"chargingProfile": {"chargingProfilePurpose": "TxDefaultProfile"}},
        {"chargingProfile": {"chargingProfileId": [41]}},
        {"evseId": 1, "chargingProfile": {"stackLevel": 0}},
        {"evseId": 1, "chargingProfile": {"chargingLimitSource": ["CSO"]}},
        {"evseId": 1, "chargingProfile": {"chargingProfilePurpose": "TxDefaultProfile",
                                          "stackLevel": 0}},
    ],
)  # fmt: skip
async def test_k09_profiles_are_asked_for_and_recorded_as_reported(
    csms: Csms, which: Payload
) -> None:
    """K09.FR.03."""
    async with csms.station() as station:
        await station.booted()
        got = await ask(csms, station, "getChargingProfiles", which)
        assert {**which, "requestId": got["requestId"]} == got
        await report(station, got, [(1, "CSO", [reported(41)]), (1, "CSO", [reported(42)])])
        await shown(csms, "Confirmed", chargingProfileId=41, source="CSO")
        await shown(csms, "Confirmed", chargingProfileId=42)


async def test_k09_what_the_station_has_lost_is_set_again(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        sent = await set_profile(csms, station, 1, profile())
        which = {"chargingProfile": {"chargingLimitSource": SOURCES}}
        await ask(csms, station, "getChargingProfiles", which, status="NoProfiles")
        again = await station.asked("SetChargingProfile")
        assert again.payload["chargingProfile"]["id"] == sent["id"]
        await station.answer(again, {"status": "Accepted"})
        await shown(csms, "Confirmed", chargingProfileId=sent["id"])


@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
async def test_k10_a_profile_is_cleared(csms: Csms, status: str) -> None:
    """K10.FR.02."""
    async with csms.station() as station:
        await station.booted()
        sent = await set_profile(csms, station, 1, profile())
        which = {"chargingProfileId": sent["id"]}
        assert await ask(csms, station, "clearChargingProfile", which, status=status) == which
        await shown(csms, "Cleared", chargingProfileId=sent["id"])


async def test_k10_profiles_are_cleared_by_criteria(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        sent = await set_profile(csms, station, 1, profile())
        criteria = {"chargingProfilePurpose": "TxDefaultProfile", "evseId": 1, "stackLevel": 0}
        which = {"chargingProfileCriteria": criteria}
        assert await ask(csms, station, "clearChargingProfile", which) == which
        await shown(csms, "Cleared", chargingProfileId=sent["id"])


# ---- K11-K13 ---------------------------------------------------------------------------


async def test_k12_and_k13_an_external_limit_is_shown_and_ends(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        limit = {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": 1}
        schedule = reported(1, 10)["chargingSchedule"]
        assert (
            await station.call("NotifyChargingLimit", {**limit, "chargingSchedule": schedule}) == {}
        )
        row = await shown(csms, "Confirmed", source="EMS", limit=10)
        assert row["chargingProfilePurpose"] == "ChargingStationExternalConstraints"
        cleared = {"chargingLimitSource": "EMS", "evseId": 1}
        assert await station.call("ClearedChargingLimit", cleared) == {}
        await shown(csms, "Cleared", source="EMS")


async def test_k13_a_limit_ends_while_a_car_charges(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        assert await station.call("ClearedChargingLimit", {"chargingLimitSource": "EMS"}) == {}
        await session.event("Updated", "ChargingRateChanged", chargingState="Charging")
        assert (await session.record())["isActive"]


# ---- K15-K17 ---------------------------------------------------------------------------

NEEDS = {
    "evseId": 1,
    "maxScheduleTuples": 3,
    "chargingNeeds": {
        "requestedEnergyTransfer": "AC_three_phase",
        "acChargingParameters": {
            "energyAmount": 50_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230,
        },
    },
}  # fmt: skip


async def negotiated(csms: Csms, station: RawStation) -> tuple[Session, Payload]:
    """A transaction whose car told its needs, and the profile that it got."""
    session = Session(csms, station)
    await session.authorize_locally()
    await session.ev_connected_pre_session()
    return session, await tell_needs(station, session)


async def tell_needs(station: RawStation, session: Session) -> Payload:
    answer = await station.call("NotifyEVChargingNeeds", NEEDS)
    assert answer["status"] in {"Accepted", "Processing"}
    asked = await station.asked("SetChargingProfile")
    sent: Payload = asked.payload["chargingProfile"]
    assert asked.payload["evseId"] == 1
    assert sent["chargingProfilePurpose"] == "TxProfile"
    assert sent["transactionId"] == session.transaction_id
    await station.answer(asked, {"status": "Accepted"})
    return sent


async def intends(station: RawStation, sent: Payload, factor: float = 1) -> str:
    schedule = dict(sent["chargingSchedule"][0])
    schedule["chargingSchedulePeriod"] = [
        {**each, "limit": each["limit"] * factor} for each in schedule["chargingSchedulePeriod"]
    ]
    told = {"timeBase": now(), "evseId": 1, "chargingSchedule": schedule}
    return str((await station.call("NotifyEVChargingSchedule", told))["status"])


async def test_k15_a_car_charges_by_what_it_needs(csms: Csms) -> None:
    """K15.FR.02, K15.FR.03, K15.FR.11."""
    async with csms.station() as station:
        await station.booted()
        session, sent = await negotiated(csms, station)
        assert await intends(station, sent) == "Accepted"
        await session.event("Updated", "ChargingStateChanged", chargingState="Charging")
        await shown(csms, "Confirmed", transactionId=session.transaction_id, source="Car")
        station.nothing_more_asked()


async def test_k15_a_car_that_means_to_take_more_is_asked_to_think_again(csms: Csms) -> None:
    """K15.FR.12, K15.FR.13."""
    async with csms.station() as station:
        await station.booted()
        _, sent = await negotiated(csms, station)
        assert await intends(station, sent, 2) == "Rejected"
        again = await station.asked("SetChargingProfile")
        assert again.payload["chargingProfile"]["id"] == sent["id"]
        await station.answer(again, {"status": "Accepted"})
        assert await intends(station, sent) == "Accepted"


async def test_k16_the_operator_has_it_negotiated_anew(csms: Csms) -> None:
    """K16.FR.06."""
    async with csms.station() as station:
        await station.booted()
        session, sent = await negotiated(csms, station)
        less = profile(
            10, id=sent["id"], stackLevel=sent["stackLevel"], chargingProfilePurpose="TxProfile",
            transactionId=session.transaction_id,
        )  # fmt: skip
        again = await set_profile(csms, station, 1, less)
        assert await intends(station, again) == "Accepted"
        assert await intends(station, sent) == "Rejected"
        renewed = await station.asked("SetChargingProfile")
        await station.answer(renewed, {"status": "Accepted"})


async def test_k17_a_car_tells_new_needs(csms: Csms) -> None:
    """K17.FR.02, K17.FR.03."""
    async with csms.station() as station:
        await station.booted()
        session, sent = await negotiated(csms, station)
        assert (await tell_needs(station, session))["id"] == sent["id"]


async def test_k15_needs_without_a_transaction_are_rejected(csms: Csms) -> None:
    """K15.FR.04."""
    async with csms.station() as station:
        await station.booted()
        assert (await station.call("NotifyEVChargingNeeds", NEEDS))["status"] == "Rejected"


# ---- what operators want ---------------------------------------------------------------


async def make(csms: Csms, **fields: Any) -> str:
    """An operator's row in Directus, once that shows the station."""
    path = f"/items/ChargingStation/{csms.station_id}"

    async def known() -> bool:
        return (await csms.operator.directus.get(path)).status_code == 200

    await until(known)
    row = {"station": csms.station_id, **fields}
    made = await csms.operator.directus.post("/items/ChargingProfile", json=row)
    assert made.status_code == 200, made.text
    key: str = made.json()["data"]["id"]
    return key


async def test_an_operators_row_reaches_the_station_is_changed_and_cleared(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        key = await make(csms, limit=16)
        for limit in (16, 10):
            asked = await station.asked("SetChargingProfile")
            sent = asked.payload["chargingProfile"]
            period = sent["chargingSchedule"][0]["chargingSchedulePeriod"][0]
            assert (asked.payload["evseId"], period["limit"]) == (0, limit)
            await station.answer(asked, {"status": "Accepted"})
            await shown(csms, "Confirmed", limit=limit, source="Operator")
            if limit == 16:
                await csms.operator.edit("ChargingProfile", key, limit=10)
        answer = await csms.operator.directus.delete(f"/items/ChargingProfile/{key}")
        assert answer.status_code == 204
        asked = await station.asked("ClearChargingProfile")
        assert asked.payload == {"chargingProfileId": sent["id"]}
        await station.answer(asked, {"status": "Accepted"})

        async def gone() -> bool:
            return not await csms.operator.rows("ChargingProfile", csms.station_id)

        await until(gone)


async def test_an_operators_row_for_a_station_that_is_away_is_sent_when_it_is_back(
    csms: Csms,
) -> None:
    async with csms.station() as station:
        await station.booted()
    await make(csms, limit=16, evseId=1)
    await shown(csms, "Wanted", limit=16)
    async with csms.station() as station:
        asked = await station.asked("SetChargingProfile")
        await station.answer(asked, {"status": "Accepted"})
        await shown(csms, "Confirmed", limit=16)


async def test_a_locations_limit_is_shared_among_its_stations_cars(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        made = await csms.operator.directus.post("/items/Location", json={"powerLimit": 11})
        place = made.json()["data"]["id"]
        await csms.operator.edit("ChargingStation", csms.station_id, location=place)
        got = {}
        while len(got) < 1:
            asked = await station.asked("SetChargingProfile")
            sent = asked.payload["chargingProfile"]
            got[sent["chargingProfilePurpose"]] = sent
            await station.answer(asked, {"status": "Accepted"})
            if sent["chargingProfilePurpose"] != "TxProfile":
                got.pop(sent["chargingProfilePurpose"])
        assert got["TxProfile"]["transactionId"] == session.transaction_id
        limit = got["TxProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]
        assert limit == 15.9  # A of 11 kW
        await shown(
            csms, "Confirmed", source="Location", transactionId=session.transaction_id,
            location=place,
        )  # fmt: skip
        await csms.operator.edit("Location", place, powerLimit=None)
