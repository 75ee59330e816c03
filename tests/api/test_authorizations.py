"""/data/evdriver: tokens and local lists, as CitrineOS' scripts ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import StationOffline
from citrine_py.model.stations import CHARGING_STATION
from tests.api.world import World, add_station

PATH = "/data/evdriver/authorization"
CARD = f"{PATH}?idToken=AB12&type=ISO14443"
RESTRICTIONS = "/data/evdriver/authorizationRestrictions?idToken=AB12&type=ISO14443"
LIST = "/data/evdriver/localListVersion?stationId=cp001"


async def put(world: World, body: Any, path: str = CARD) -> Any:
    status, answer = await world.call("PUT", path, body)
    assert status == 200, answer
    return answer


async def refused(world: World, body: Any, path: str = CARD) -> str:
    status, answer = await world.call("PUT", path, body)
    assert status == 400, answer
    return str(answer["payload"])


async def test_a_script_of_citrineos_makes_a_token(world: World) -> None:
    row = await put(
        world,
        {
            "idToken": {
                "idToken": "ab12",
                "type": "ISO14443",
                "additionalInfo": [{"additionalIdToken": "1234", "type": "PIN"}],
            },
            "idTokenInfo": {
                "status": "Accepted",
                "cacheExpiryDateTime": "2026-12-31T00:00:00+01:00",
                "chargingPriority": 3,
                "language1": "de",
                "evseId": [1, 2],
                "groupIdToken": {"idToken": "FLEET", "type": "Central"},
                "personalMessage": {"format": "ASCII", "language": "de", "content": "Hallo"},
            },
        },
    )
    told = {name: value for name, value in row.items() if value is not None and name != "id"}
    assert told == {
        "idToken": "AB12",
        "type": "ISO14443",
        "status": "Accepted",
        "additionalInfo": [{"additionalIdToken": "1234", "type": "PIN"}],
        "cacheExpiryDateTime": "2026-12-30T23:00:00.000Z",
        "chargingPriority": 3,
        "language1": "de",
        "evseIds": ["1", "2"],
        "groupIdToken": "FLEET",
        "groupIdTokenType": "Central",
        "personalMessage": "Hallo",
        "personalMessageFormat": "ASCII",
        "personalMessageLanguage": "de",
    }


async def test_fields_that_are_left_out_stay_as_they_are(world: World) -> None:
    await put(world, {"idTokenInfo": {"status": "Accepted", "language1": "de"}})
    row = await put(world, {"status": "Blocked", "inLocalList": True})
    assert (row["status"], row["language1"], row["inLocalList"]) == ("Blocked", "de", True)


async def test_a_token_is_read_in_any_case_by_id_by_type_or_among_all(world: World) -> None:
    await put(world, {"status": "Accepted"})
    await put(world, {"status": "Blocked"}, f"{PATH}?idToken=ab12&type=KeyCode")
    await put(world, {"status": "Invalid"}, f"{PATH}?idToken=CD&type=KeyCode")
    for query, statuses in (
        ("?idToken=aB12&type=ISO14443", {"Accepted"}),
        ("?idToken=aB12", {"Accepted", "Blocked"}),
        ("?type=KeyCode", {"Blocked", "Invalid"}),
        ("", {"Accepted", "Blocked", "Invalid"}),
        ("?idToken=nobody", set()),
    ):
        status, rows = await world.call("GET", PATH + query)
        assert status == 200
        assert {row["status"] for row in rows} == statuses, query
    _, page = await world.call("GET", f"{PATH}?limit=2&offset=2")
    assert len(page) == 1


async def test_tokens_are_deleted_by_id_and_type(world: World) -> None:
    await put(world, {"status": "Accepted"})
    answer = await world.call("DELETE", f"{PATH}?idToken=ab12&type=KeyCode")
    assert answer == (200, "0 rows successfully deleted from Authorization")
    answer = await world.call("DELETE", f"{PATH}?idToken=ab12")
    assert answer == (200, "1 rows successfully deleted from Authorization")
    assert (await world.call("GET", PATH))[1] == []
    assert (await world.call("DELETE", PATH))[0] == 400


async def test_a_start_buttons_token_is_empty(world: World) -> None:
    row = await put(world, {"status": "Blocked"}, f"{PATH}?type=NoAuthorization")
    assert (row["idToken"], row["type"]) == ("", "NoAuthorization")
    assert "idToken is missing" in await refused(world, {}, f"{PATH}?type=KeyCode")


async def test_limits_are_taken_plain_and_as_directus_has_them(world: World) -> None:
    body = {
        "stations": ["cp001"],
        "locations": ["0D2F2A0E-5A55-4A0E-9F3A-1F0F3C0B7A11"],
        "evseIds": [1],
        "timesAllowed": [{"days": ["Monday"], "from": "08:00", "to": "24:00"}],
        "timeZone": "Europe/Berlin",
        "allowedConnectorTypes": ["cCCS2"],
        "validUntil": "2026-12-31T00:00:00Z",
    }
    row = await put(world, body)
    assert row["stations"] == [{"key": "cp001", "collection": "ChargingStation"}]
    assert row["locations"][0]["key"] == "0d2f2a0e-5a55-4a0e-9f3a-1f0f3c0b7a11"
    assert row["timesAllowed"] == body["timesAllowed"]
    again = {name: value for name, value in row.items() if name not in {"id", "idToken", "type"}}
    assert await put(world, again) == row


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"colour": "red"}, "Authorization has no such field"),
        ({"id": "x"}, "written by the service"),
        ({"status": "Fine"}, "status"),
        ({"idTokenInfo": {"status": "Fine"}}, "idTokenInfo.status"),
        ({"idTokenInfo": {}}, "idTokenInfo"),
        ({"idToken": {"idToken": "CD34", "type": "ISO14443"}}, "another token"),
        ({"idToken": {"idToken": "AB12"}}, "idToken"),
        ({"evseIds": [0]}, "evseIds"),
        ({"stations": "cp001"}, "stations"),
        ({"locations": ["north"]}, "UUID"),
        ({"allowedConnectorTypes": ["Schuko"]}, "allowedConnectorTypes"),
        ({"timesAllowed": [{"from": "8", "to": "9"}]}, "timesAllowed"),
        ({"timeZone": "Mars/Olympus"}, "Europe/Berlin"),
        ({"chargingPriority": 10}, "chargingPriority"),
        ({"concurrentTransactions": 0}, "concurrentTransactions"),
        ({"personalMessage": "x" * 513}, "personalMessage"),
    ],
)
async def test_a_wrong_body_is_explained(world: World, body: Any, told: str) -> None:
    assert told in await refused(world, body)
    assert world.records.written == []


async def test_a_wrong_query_is_explained(world: World) -> None:
    assert "must be one of" in await refused(world, {}, f"{PATH}?idToken=a&type=Card")
    assert "type is missing" in await refused(world, {}, f"{PATH}?idToken=a")
    assert "at most 36" in await refused(world, {}, f"{PATH}?idToken={'a' * 37}&type=KeyCode")


async def test_restrictions_are_put_on_a_token_that_is_there(world: World) -> None:
    body = {"allowedConnectorTypes": ["cCCS2"], "disallowedEvseIdPrefixes": ["DE*ABC*E9"]}
    status, _ = await world.call("PUT", RESTRICTIONS, body)
    assert status == 404
    await put(world, {"status": "Accepted"})
    row = await put(world, body, RESTRICTIONS)
    assert row["allowedConnectorTypes"] == ["cCCS2"]
    assert row["disallowedEvseIdPrefixes"] == ["DE*ABC*E9"]
    assert row["status"] == "Accepted"
    assert "no such field" in await refused(world, {"colour": "red"}, RESTRICTIONS)
    assert "not taken here" in await refused(world, {"status": "Blocked"}, RESTRICTIONS)


# ---- local lists -----------------------------------------------------------------------


async def test_the_version_of_a_stations_list_is_told(world: World) -> None:
    assert await world.call("GET", LIST) == (200, None)
    world.records.edit(
        CHARGING_STATION, "cp001", localListVersion=3, localListStatus="Current", localListEntries=2
    )
    _, answer = await world.call("GET", LIST)
    assert (answer["stationId"], answer["versionNumber"]) == ("cp001", 3)
    assert (answer["status"], answer["entries"]) == ("Current", 2)


async def test_a_whole_list_is_sent_on_request(world: World) -> None:
    answer = await world.call("POST", LIST, {})
    assert answer == (200, {"success": True, "payload": {"status": "Accepted"}})
    assert world.tokens.sent == ["cp001"]
    world.tokens.answer = StationOffline("cp001 is not connected")
    status, answer = await world.call("POST", LIST, {})
    assert (status, answer["success"]) == (502, False)


async def test_a_station_that_is_moved_may_need_another_list(world: World) -> None:
    add_station(world)
    await world.call("PUT", "/data/configuration/chargingStation?stationId=cp001", {"name": "x"})
    assert world.tokens.moved_stations == ["cp001"]
