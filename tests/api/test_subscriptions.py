"""Subscriptions and preferences, with the bodies and answers of CitrineOS' scripts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from citrine_py.errors import StoreUnavailable
from citrine_py.model.subscriptions import SUBSCRIPTION, USER_PREFERENCE
from citrine_py.ports import SessionInfo
from tests.api.receiver import receiver
from tests.api.world import World, add_station, running

PATH = "/data/ocpprouter/subscription"
PREFERENCES = "/data/ocpprouter/userPreferences"
CITRINEOS: dict[str, Any] = {
    "stationId": "cp001",
    "onConnect": True,
    "onClose": True,
    "onMessage": True,
    "sentMessage": False,
    "messageRegexFilter": "Heartbeat",
    "url": "http://127.0.0.1:9/hook",
}
SESSION = SessionInfo(
    "s1", "cp001", "open", 0, "ocpp2.0.1", "127.0.0.1:1", datetime(2026, 1, 1, tzinfo=UTC)
)


async def test_citrineos_body_is_answered_with_the_id_and_listed_by_station(world: World) -> None:
    add_station(world)
    status, key = await world.call("POST", PATH, CITRINEOS)
    await world.call("POST", PATH, {"url": "http://127.0.0.1:9/all", "onConnect": True})

    assert (status, type(key)) == (200, str)
    status, rows = await world.call("GET", f"{PATH}?stationId=cp001")
    assert status == 200
    assert [{name: row[name] for name in CITRINEOS} for row in rows] == [CITRINEOS]
    assert [row["id"] for row in rows] == [key]
    assert len((await world.call("GET", PATH))[1]) == 2

    assert await world.call("DELETE", f"{PATH}?id={key}") == (200, True)
    assert await world.call("DELETE", f"{PATH}?id={key}") == (200, False)
    assert await world.call("GET", f"{PATH}?stationId=cp001") == (200, [])


async def test_what_happens_is_posted_until_the_subscription_is_deleted(world: World) -> None:
    add_station(world)
    async with receiver() as hook:
        body = {**CITRINEOS, "url": f"http://{hook.address}/told"}
        _, key = await world.call("POST", PATH, body)
        world.subscriptions.connected(SESSION)
        world.subscriptions.frame(SESSION, "in", '[2,"1","BootNotification",{}]', None)
        world.subscriptions.frame(SESSION, "in", '[2,"2","Heartbeat",{}]', "Heartbeat")
        posts = await hook.received(2)
        await world.call("DELETE", f"{PATH}?id={key}")
        world.subscriptions.gone(SESSION, "closed")
        await world.webhooks.stop()

    assert [post.body["event"] for post in posts] == ["connected", "message"]
    assert posts[1].body["message"] == '[2,"2","Heartbeat",{}]'
    assert {post.path for post in posts} == {"/told"}
    assert {post.station for post in posts} == {"cp001"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"url": None}, "url: Input should be a valid string"),
        ({"url": "http://169.254.169.254/x"}, "url: callbacks to 169.254.169.254 are denied"),
        ({"url": "mailto:me"}, "url"),
        ({"onConnect": "yes"}, "onConnect: Input should be a valid boolean"),
        ({"messageRegexFilter": "(a"}, "messageRegexFilter is no regular expression of RE2"),
        ({"messageRegexFilter": "(a)\\1"}, "messageRegexFilter is no regular expression of RE2"),
        ({"onConnect": False, "onClose": False, "onMessage": False}, "one of onConnect, onClose"),
        ({"stationId": "no/station"}, "stationId must be a station's id"),
        ({"secret": "hunter2"}, "the body has a field too many; there are: url, stationId"),
    ],
)
async def test_mistakes_are_explained(world: World, body: dict[str, Any], told: str) -> None:
    add_station(world)
    status, answer = await world.call("POST", PATH, {**CITRINEOS, **body})
    assert (status, told in answer["payload"]) == (400, True), answer
    assert "hunter2" not in answer["payload"]
    assert world.records.all(SUBSCRIPTION) == []


async def test_an_unknown_station_is_told(world: World) -> None:
    status, answer = await world.call("POST", PATH, CITRINEOS)
    assert (status, answer["success"]) == (404, False)


async def test_with_a_station_go_its_subscriptions(world: World) -> None:
    add_station(world)
    await world.call("POST", PATH, CITRINEOS)
    assert world.subscriptions.by_station
    await world.call("DELETE", "/data/configuration/chargingStation?stationId=cp001")
    assert await world.call("GET", PATH) == (200, [])
    assert world.subscriptions.by_station == {}


async def test_only_allowed_hosts_are_told() -> None:
    async with running(callback_allow=("hooks.example",)) as world:
        body = {"url": "https://hooks.example/x", "onConnect": True}
        assert (await world.call("POST", PATH, body))[0] == 200
        status, answer = await world.call("POST", PATH, {**body, "url": "https://other.example"})
        assert (status, "CITRINE_API_CALLBACK_ALLOW" in answer["payload"]) == (400, True)


async def test_without_room_in_the_journal_nothing_is_made(world: World) -> None:
    world.records.failing = StoreUnavailable("full")
    status, _ = await world.call("POST", PATH, {"url": "http://127.0.0.1:9", "onConnect": True})
    assert status == 503
    await asyncio.sleep(0)
    assert world.subscriptions.by_station == {}


@pytest.mark.parametrize("value", ["dark", 7, 1.5, True, None, ["a"], {"columns": ["id"]}])
async def test_a_preference_is_kept_as_it_is(world: World, value: Any) -> None:
    assert await world.call("PUT", f"{PREFERENCES}?key=theme", {"value": value}) == (200, True)
    assert await world.call("GET", f"{PREFERENCES}?key=theme") == (200, value)
    assert await world.call("GET", f"{PREFERENCES}?key=other") == (200, None)


async def test_citrineos_value_in_the_query_is_taken(world: World) -> None:
    assert await world.call("PUT", f"{PREFERENCES}?key=theme&value=dark") == (200, True)
    assert await world.call("GET", f"{PREFERENCES}?key=theme") == (200, "dark")


async def test_a_text_that_somebody_typed_in_directus_is_a_text(world: World) -> None:
    world.records.edit(USER_PREFERENCE, "theme", value="dark")
    assert await world.call("GET", f"{PREFERENCES}?key=theme") == (200, "dark")


@pytest.mark.parametrize("body", [{}, {"values": 1}, {"value": 1, "more": 2}])
async def test_a_preference_without_a_value_is_refused(world: World, body: Any) -> None:
    status, answer = await world.call("PUT", f"{PREFERENCES}?key=theme", body)
    assert (status, '{"value": ...}' in answer["payload"]) == (400, True)


async def test_a_preference_is_bounded(world: World) -> None:
    status, _ = await world.call("PUT", f"{PREFERENCES}?key=theme", {"value": "x" * 70_000})
    assert status == 400
    status, _ = await world.call("PUT", f"{PREFERENCES}?key={'k' * 256}", {"value": 1})
    assert status == 400
