"""Who is told of a station, and what; secrets are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from citrine_py.errors import BadRequest, NotFound, StoreUnavailable
from citrine_py.model.subscriptions import SUBSCRIPTION, Subscription
from citrine_py.modules.webhooks import pattern
from citrine_py.ports_webhooks import Delivered, Undelivered
from tests.fakes import T0
from tests.modules.world import STATION, World, setting

URL = "https://hooks.example/stations"
NOON = "2026-01-01T00:00:00.000Z"
HEARTBEAT = '[2,"m1","Heartbeat",{}]'
PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"


def edit(world: World, key: str, **fields: Any) -> None:
    """An operator's edit in Directus, as the store tells it."""
    old = world.records.get(SUBSCRIPTION, key)
    world.records.edit(SUBSCRIPTION, key, **fields)
    world.rules.frames.changed(key, old, world.records.get(SUBSCRIPTION, key))


def subscribed(**fields: Any) -> World:
    world = World()
    edit(world, "s1", url=URL, **fields)
    return world


def frame(world: World, text: str, action: str | None, direction: Any = "in") -> None:
    assert world.session is not None
    world.rules.frames.frame(world.session, direction, text, action)


def row(world: World, key: str = "s1") -> Subscription:
    found = world.records.get(SUBSCRIPTION, key)
    assert found is not None
    return found


async def test_a_station_that_comes_and_goes_is_told() -> None:
    world = subscribed(stationId=STATION, onConnect=True, onClose=True)
    await world.connect()
    await world.leave("connection lost")

    common = {"stationId": STATION, "protocol": "ocpp2.0.1", "timestamp": NOON}
    session = {"listener": "open", "remoteAddress": "127.0.0.1:50000"}
    assert world.posts.posted == [
        ("s1", URL, {**common, "event": "connected", "info": session}),
        ("s1", URL, {**common, "event": "closed", "info": {"reason": "connection lost"}}),
    ]


async def test_only_what_was_subscribed_to_is_told() -> None:
    world = subscribed(stationId=STATION, onClose=True)
    await world.connect()
    frame(world, HEARTBEAT, "Heartbeat")
    frame(world, HEARTBEAT, "Heartbeat", "out")
    assert world.posts.posted == []


@pytest.mark.parametrize(("event", "origin"), [("onMessage", "cs"), ("sentMessage", "csms")])
def test_messages_are_told_with_their_origin(event: str, origin: str) -> None:
    world = subscribed(stationId=STATION, **{event: True})
    for each in ("in", "out"):
        frame(world, HEARTBEAT, "Heartbeat", each)

    assert world.posts.bodies() == [
        {
            "stationId": STATION,
            "event": "message",
            "origin": origin,
            "message": HEARTBEAT,
            "info": {
                "correlationId": "m1",
                "origin": origin,
                "action": "Heartbeat",
                "protocol": "ocpp2.0.1",
                "timestamp": NOON,
            },
            "protocol": "ocpp2.0.1",
            "timestamp": NOON,
        }
    ]


def test_without_a_station_all_are_meant() -> None:
    world = subscribed(onMessage=True)
    edit(world, "s2", stationId="cp002", url=URL, onMessage=True)
    frame(world, HEARTBEAT, "Heartbeat")
    assert [key for key, *_ in world.posts.posted] == ["s1"]


def test_a_filter_picks_messages_by_their_text() -> None:
    world = subscribed(onMessage=True, messageRegexFilter='"(Status|Report)\\w+"')
    frame(world, HEARTBEAT, "Heartbeat")
    frame(world, '[2,"m2","StatusNotification",{}]', "StatusNotification")
    assert [body["info"]["correlationId"] for body in world.posts.bodies()] == ["m2"]


def test_secrets_are_neither_told_nor_to_be_found_out_by_a_filter() -> None:
    payload = {"setVariableData": [setting("SecurityCtrlr", "BasicAuthPassword", PASSWORD)]}
    text = json.dumps([2, "m1", "SetVariables", payload])
    world = subscribed(sentMessage=True)
    edit(world, "s2", url=URL, sentMessage=True, messageRegexFilter=PASSWORD[:8])

    frame(world, text, "SetVariables", "out")

    ((key, _, body),) = world.posts.posted
    assert key == "s1"
    assert PASSWORD not in repr(body)
    assert "BasicAuthPassword" in body["message"]


def test_what_is_no_ocpp_is_told_too() -> None:
    world = subscribed(onMessage=True)
    frame(world, "no json", None)
    assert world.posts.bodies()[0]["message"] == "no json"
    assert world.posts.bodies()[0]["info"]["correlationId"] is None


def test_edits_count_at_once() -> None:
    world = subscribed(onMessage=True)
    edit(world, "s1", onMessage=False, sentMessage=True)
    frame(world, HEARTBEAT, "Heartbeat")
    assert world.posts.posted == []
    world.rules.frames.changed("s1", row(world), None)
    frame(world, HEARTBEAT, "Heartbeat", "out")
    assert world.posts.posted == []
    assert world.posts.forgotten == ["s1"]


def test_what_waits_for_an_old_address_is_dropped() -> None:
    world = subscribed(onMessage=True)
    edit(world, "s1", messageRegexFilter="x")
    assert world.posts.forgotten == []
    edit(world, "s1", url="https://elsewhere.example")
    assert world.posts.forgotten == ["s1"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": None, "onMessage": True}, "url is missing"),
        ({"url": "http://denied", "onMessage": True}, "url: callbacks to denied are denied"),
        ({}, "one of onConnect, onClose, onMessage, sentMessage must be true"),
        ({"onMessage": True, "messageRegexFilter": "(a"},
         "messageRegexFilter is no regular expression of RE2: missing ): (a"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_work_says_why_and_does_nothing(
    fields: dict[str, Any], problem: str
) -> None:
    world = subscribed(**fields) if "url" not in fields else World()
    if "url" in fields:
        edit(world, "s1", **fields)
    frame(world, HEARTBEAT, "Heartbeat")
    assert row(world).problem == problem
    assert world.posts.posted == []

    edit(world, "s1", url=URL, onMessage=True, messageRegexFilter=None)
    assert row(world).problem is None
    frame(world, HEARTBEAT, "Heartbeat")
    assert len(world.posts.posted) == 1


@pytest.mark.parametrize(
    "text", ["(?=a)b", "(a)\\1", "a{1000000}", "x" * 1001, "((a{99}){99}){99}"]
)
def test_filters_beyond_linear_time_and_bounded_memory_are_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="messageRegexFilter"):
        pattern(text)


def test_a_filter_that_would_explode_elsewhere_does_not() -> None:
    assert pattern("(a+)+$").search("a" * 200_000 + "b") is None


def test_how_posting_goes_is_on_the_row_without_a_write() -> None:
    world = subscribed(onMessage=True)
    frame(world, HEARTBEAT, "Heartbeat")
    for _ in range(2):
        world.posts.tell(Undelivered("status 500"))
    assert (row(world).failures, row(world).lastFailure) == (2, "status 500")
    assert row(world).lastFailureAt == T0
    world.posts.tell(Delivered())
    assert (row(world).failures, row(world).lastDeliveredAt) == (0, T0)
    assert world.records.written == []


async def test_one_that_is_added_works_at_once_and_over_a_restart() -> None:
    world = World()
    await world.connect()
    key = await world.rules.frames.add({"stationId": STATION, "url": URL, "onMessage": True})
    frame(world, HEARTBEAT, "Heartbeat")
    assert [each for each, *_ in world.posts.posted] == [key]

    again = World(records=world.records)
    again.rules.frames.start()
    frame(again, HEARTBEAT, "Heartbeat")
    assert [each for each, *_ in again.posts.posted] == [key]


async def test_nothing_is_added_that_would_not_work() -> None:
    world = World()
    add = world.rules.frames.add
    with pytest.raises(NotFound):
        await add({"stationId": "cp404", "url": URL, "onMessage": True})
    with pytest.raises(BadRequest):
        await add({"url": "http://denied", "onMessage": True})
    world.records.full = True
    with pytest.raises(StoreUnavailable):
        await add({"url": URL, "onMessage": True})
    assert world.records.all(SUBSCRIPTION) == []
    frame(world, HEARTBEAT, "Heartbeat")
    assert world.posts.posted == []


async def test_a_removed_one_tells_nobody_anything() -> None:
    world = subscribed(onMessage=True)
    assert await world.rules.frames.remove("s1")
    assert not await world.rules.frames.remove("s1")
    frame(world, HEARTBEAT, "Heartbeat")
    assert (world.posts.posted, world.posts.forgotten) == ([], ["s1"])


def test_with_a_station_go_its_subscriptions() -> None:
    world = subscribed(stationId=STATION, onMessage=True)
    world.rules.frames.station_removed(STATION)
    frame(world, HEARTBEAT, "Heartbeat")
    assert (world.posts.posted, world.posts.forgotten) == ([], ["s1"])


async def test_a_frame_that_nobody_subscribed_to_is_still_kept() -> None:
    world = subscribed(stationId="cp002", onMessage=True)
    frame(world, HEARTBEAT, "Heartbeat")
    assert len(world.records.posted) == 1
    assert world.posts.posted == []
