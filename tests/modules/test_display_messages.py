"""O01-O06: messages on displays."""

from __future__ import annotations

import pytest

from citrine_py.model.display_messages import DISPLAY_MESSAGE
from citrine_py.model.jobs import JOB
from citrine_py.ports import Payload
from tests.modules.world import STATION, World


def message(number: int, content: str = "hello", **more: object) -> Payload:
    text = {"format": "UTF8", "language": "en", "content": content}
    return {"id": number, "priority": "NormalCycle", "message": text, **more}


async def shown(world: World, *messages: Payload, status: str = "Accepted") -> None:
    world.stations.answers["SetDisplayMessage"] = {"status": status}
    for each in messages:
        await world.rules.requests.send(STATION, "SetDisplayMessage", {"message": each})
    world.clock.advance(1)


def numbers(world: World) -> list[int | None]:
    return sorted(each.messageId or 0 for each in world.records.all(DISPLAY_MESSAGE))


async def test_o01_a_message_that_the_station_shows_is_kept() -> None:
    world = World()
    await shown(world, message(1, state="Idle", endDateTime="2026-01-02T00:00:00Z"))
    (record,) = world.records.all(DISPLAY_MESSAGE)
    assert (record.messageId, record.content, record.format, record.state) == (
        1, "hello", "UTF8", "Idle",
    )  # fmt: skip
    await shown(world, message(1, "other"))  # O06: in its place
    (record,) = world.records.all(DISPLAY_MESSAGE)
    assert (record.content, record.state, record.endDateTime) == ("other", None, None)


@pytest.mark.parametrize("status", ["NotSupportedPriority", "Rejected", "UnknownTransaction"])
async def test_o01_a_message_that_it_does_not_show_is_not_kept(status: str) -> None:
    world = World()
    await shown(world, message(1), status=status)
    assert numbers(world) == []


@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
async def test_o05_a_cleared_message_is_gone(status: str) -> None:
    world = World()
    await shown(world, message(1), message(2))
    world.stations.answers["ClearDisplayMessage"] = {"status": status}
    await world.rules.requests.send(STATION, "ClearDisplayMessage", {"id": 1})
    assert numbers(world) == [2]


async def ask(world: World, status: str = "Accepted", **which: object) -> None:
    world.stations.answers["GetDisplayMessages"] = {"status": status}
    payload = {"requestId": 4, **which}
    await world.rules.requests.send(STATION, "GetDisplayMessages", payload)
    world.clock.advance(1)


async def told(world: World, *messages: Payload, tbc: bool = False) -> None:
    payload = {"requestId": 4, "tbc": tbc, "messageInfo": list(messages)}
    assert await world.call("NotifyDisplayMessages", payload) == {}


async def test_o03_a_report_of_all_is_what_is_shown() -> None:
    world = World()
    await world.accepted()
    await shown(world, message(1), message(2), message(3))
    await ask(world)
    await told(world, message(2, "new"), tbc=True)
    assert numbers(world) == [1, 2, 3]
    await told(world, message(5))
    assert numbers(world) == [2, 5]
    assert world.records.all(JOB)[0].status == "Done"


async def test_o04_a_report_of_some_leaves_the_others() -> None:
    world = World()
    await world.accepted()
    await shown(world, message(1), message(2))
    await ask(world, priority="InFront")
    await told(world, message(5))
    assert numbers(world) == [1, 2, 5]


async def test_o03_a_station_that_knows_none_shows_none() -> None:
    world = World()
    await world.accepted()
    await shown(world, message(1))
    await ask(world, "Unknown", id=[7])
    assert numbers(world) == [1]
    await ask(world, "Unknown")
    assert numbers(world) == []
    assert world.records.all(JOB)[0].status == "Done"


async def test_o03_what_nobody_asked_for_is_kept() -> None:
    world = World()
    await world.accepted()
    await told(world, message(5))
    assert numbers(world) == [5]
