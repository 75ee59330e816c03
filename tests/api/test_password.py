"""POST /data/configuration/password, as the seed tells it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from citrine_py.errors import BadRequest, StationOffline, StationSilent
from citrine_py.ports import PasswordOutcome
from tests.api.receiver import receiver
from tests.api.world import World

PATH = "/data/configuration/password"
PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"
REPLY = {"setVariableResult": [{"attributeStatus": "Accepted", "component": {"name": "C"},
         "variable": {"name": "V"}}]}  # fmt: skip


async def test_the_seeds_curl_request_works(world: World) -> None:
    body = f'{{\n  "stationId": "cp001",\n  "password": "{PASSWORD}",\n  "setOnCharger": false\n}}'
    status, answer = await world.call(
        "POST",
        f"{PATH}?callbackUrl=csms.invalid/api/notifications",
        body,
        headers={"Content-Type": "application/json"},
    )

    assert (status, answer) == (200, {"success": True, "payload": "Updated 1 attributes"})
    assert world.passwords.asked == [("cp001", PASSWORD, False)]


async def test_set_on_charger_absent_counts_as_false_and_no_password_as_none(world: World) -> None:
    await world.call("POST", PATH, {"stationId": "cp001"})
    await world.call("POST", PATH, {"stationId": "cp001", "password": "p", "setOnCharger": True})

    assert world.passwords.asked == [("cp001", None, False), ("cp001", "p", True)]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "stationId: Field required"),
        ({"stationId": "a/b"}, "stationId must be a station's id"),
        ({"stationId": 5}, "stationId: Input should be a valid string"),
        ({"stationId": "cp001", "setOnCharger": "yes"}, "setOnCharger: Input should be a valid"),
        ({"stationId": "cp001", "setoncharger": True}, "a field too many; there are: stationId,"),
        ({"stationId": "cp001", PASSWORD: 1}, "a field too many"),
        ({"stationId": "cp001", "password": [PASSWORD]}, "password: Input should be a valid"),
        (f'{{"stationId": "cp001", "password": "{PASSWORD}" x', "not JSON"),
    ],
)
async def test_mistakes_are_told_without_the_password(world: World, body: Any, told: str) -> None:
    with capture_logs() as logs:
        status, answer = await world.call("POST", PATH, body)

    assert status == 400
    assert told in answer["payload"]
    assert PASSWORD not in str(answer) + str(logs)
    assert world.passwords.asked == []


async def test_the_rules_own_words_come_through_as_400(world: World) -> None:
    world.passwords.answer = BadRequest("a password has 16 to 40 characters")

    assert await world.call("POST", PATH, {"stationId": "cp001", "password": "short"}) == (
        400,
        {"success": False, "payload": "a password has 16 to 40 characters"},
    )


async def test_a_refusing_station_gives_502_and_a_silent_one_504(world: World) -> None:
    world.passwords.answer = PasswordOutcome(False, "the station said Rejected", REPLY)
    refused = await world.call("POST", PATH, {"stationId": "cp001"})
    world.passwords.answer = StationSilent("no answer")
    silent = await world.call("POST", PATH, {"stationId": "cp001"})

    assert refused == (502, {"success": False, "payload": "the station said Rejected"})
    assert silent == (504, {"success": False, "payload": "no answer"})


async def test_a_password_that_the_caller_must_know_is_told_to_the_caller_alone(
    world: World,
) -> None:
    world.passwords.answer = PasswordOutcome(True, "Updated 1 attributes", password=PASSWORD)
    async with receiver() as hook:
        with capture_logs() as logs:
            _, answer = await world.call(
                "POST", f"{PATH}?callbackUrl={hook.address}", {"stationId": "cp001"}
            )
            (post,) = await hook.received(1)

    assert answer["password"] == PASSWORD
    assert post.body == {"success": True, "payload": "Updated 1 attributes"}
    assert PASSWORD not in str(logs)


@pytest.mark.parametrize(
    ("outcome", "posted"),
    [
        (PasswordOutcome(True, "Updated 1 attributes", REPLY), REPLY),
        (PasswordOutcome(True, "Updated 1 attributes"),
         {"success": True, "payload": "Updated 1 attributes"}),
        (StationOffline("cp001 is not connected"),
         {"success": False, "payload": "cp001 is not connected"}),
    ],
)  # fmt: skip
async def test_callback_gets_the_stations_reply_or_the_outcome(
    world: World, outcome: Any, posted: Any
) -> None:
    world.passwords.answer = outcome
    async with receiver() as hook:
        body = {"stationId": "cp001", "password": PASSWORD}
        await world.call("POST", f"{PATH}?callbackUrl={hook.address}/n", body)
        (post,) = await hook.received(1)

    assert (post.body, post.station) == (posted, "cp001")


async def test_a_station_that_repeats_the_password_is_not_quoted(world: World) -> None:
    world.passwords.answer = PasswordOutcome(False, f"the station said {PASSWORD} is bad")

    _, answer = await world.call("POST", PATH, {"stationId": "cp001", "password": PASSWORD})

    assert answer["payload"] == "the station said ********** is bad"


async def test_a_denied_callback_is_told_before_anything_is_done(world: World) -> None:
    body = {"stationId": "cp001", "password": PASSWORD}
    status, _ = await world.call("POST", f"{PATH}?callbackUrl=169.254.169.254/", body)

    assert (status, world.passwords.asked) == (400, [])
