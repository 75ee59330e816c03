"""Block D over the whole stack. Part 6 has no cases of it yet (3.5); these follow D01 and D02."""

from __future__ import annotations

from uuid import uuid4

import pytest

from citrine_py.model.keys import authorization_key
from tests.conformance.csms import Csms
from tests.conformance.raw import Asked, Payload, RawStation
from tests.people import until

pytestmark = pytest.mark.stack

ACCEPTED = {"status": "Accepted"}


def new_card() -> str:
    return uuid4().hex[:14].upper()


async def enter(csms: Csms, card: str) -> str:
    """An operator enters a card for this station's list in Directus; the row's key."""
    row = {
        "idToken": card,
        "type": "ISO14443",
        "status": "Accepted",
        "inLocalList": True,
        "stations": [{"key": csms.station_id, "collection": "ChargingStation"}],
    }
    answer = await csms.operator.directus.post("/items/Authorization", json=row)
    assert answer.status_code == 200, answer.text
    return authorization_key(card, "ISO14443")


async def take(station: RawStation) -> tuple[str, int, dict[str, str | None]]:
    """The next SendLocalList, which the station accepts: type, version, statuses by card."""
    call: Asked = await station.asked("SendLocalList")
    await station.answer(call, ACCEPTED)
    listed = {
        each["idToken"]["idToken"]: each.get("idTokenInfo", {}).get("status")
        for each in call.payload.get("localAuthorizationList", [])
    }
    return call.payload["updateType"], call.payload["versionNumber"], listed


async def state(csms: Csms) -> Payload:
    answer = await csms.operator.api.get(
        "/data/evdriver/localListVersion", params={"stationId": csms.station_id}
    )
    found: Payload = answer.json()
    return found


async def current(csms: Csms, version: int) -> None:
    """The station's page says that it has this version, which is the wanted one."""

    async def shown() -> bool:
        path = f"/items/ChargingStation/{csms.station_id}"
        answer = await csms.operator.directus.get(path)
        if answer.status_code != 200:  # its entry is not there yet
            return False
        row = answer.json()["data"]
        return (row["localListStatus"], row["localListVersion"]) == ("Current", version)

    await until(shown)
    told = await state(csms)
    assert (told["status"], told["versionNumber"]) == ("Current", version)


async def test_edits_in_directus_reach_the_list_of_a_station_by_themselves(csms: Csms) -> None:
    """D01."""
    one, two = new_card(), new_card()
    async with csms.station() as station:
        await station.booted()
        first = await enter(csms, one)
        assert await take(station) == ("Full", 1, {one: "Accepted"})
        await current(csms, 1)
        second = await enter(csms, two)
        assert await take(station) == ("Differential", 2, {two: "Accepted"})
        await current(csms, 2)
        await csms.operator.edit("Authorization", first, status="Blocked")
        assert await take(station) == ("Differential", 3, {one: "Blocked"})
        await csms.operator.directus.delete(f"/items/Authorization/{second}")
        assert await take(station) == ("Differential", 4, {two: None})
        await current(csms, 4)
        station.nothing_more_asked()


async def test_what_was_edited_while_a_station_was_away_is_sent_when_it_is_back(
    csms: Csms,
) -> None:
    """D01, D02."""
    one, two = new_card(), new_card()
    async with csms.station() as station:
        await station.booted()
        await enter(csms, one)
        await take(station)
        await current(csms, 1)
    await enter(csms, two)

    async def wanted() -> bool:
        return (await state(csms))["status"] == "Wanted"

    await until(wanted)
    async with csms.station() as station:
        await station.booted()
        asked = await station.asked("GetLocalListVersion")
        await station.answer(asked, {"versionNumber": 1})
        assert await take(station) == ("Differential", 2, {two: "Accepted"})
        await current(csms, 2)


async def test_a_version_mismatch_is_repaired_by_the_whole_list(csms: Csms) -> None:
    """D01."""
    one, two = new_card(), new_card()
    async with csms.station() as station:
        await station.booted()
        await enter(csms, one)
        await take(station)
        await current(csms, 1)
        await enter(csms, two)
        call = await station.asked("SendLocalList")
        assert call.payload["updateType"] == "Differential"
        await station.answer(call, {"status": "VersionMismatch"})
        assert await take(station) == ("Full", 2, {one: "Accepted", two: "Accepted"})
        await current(csms, 2)
