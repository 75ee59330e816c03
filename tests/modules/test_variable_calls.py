"""B05, B06: batch after batch, and what the station answered on the rows."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import StationSilent
from citrine_py.modules.variable_calls import DEFAULT_ITEMS
from citrine_py.ports import Payload
from tests.fakes import T0
from tests.modules.world import STATION, World, set_all, setting


async def send(world: World, items: list[Payload]) -> list[Payload]:
    payload = {"setVariableData": items}
    reply = await world.rules.requests.send(STATION, "SetVariables", payload, seconds=7)
    results: list[Payload] = reply["setVariableResult"]
    return results


def sizes(world: World) -> list[int]:
    return [len(sent["setVariableData"]) for sent in world.stations.sent("SetVariables")]


async def test_tc_b_10_variables_are_set_and_recorded() -> None:
    """TC_B_10_CSMS (B05.FR.01 to 03)."""
    world = World()
    world.stations.answers["SetVariables"] = set_all(B="Rejected", C="RebootRequired")
    items = [setting("X", name, f"new {name}") for name in "ABC"]
    results = await send(world, items)
    assert [result["attributeStatus"] for result in results] == [
        "Accepted",
        "Rejected",
        "RebootRequired",
    ]
    assert world.stations.calls[0].seconds == 7
    rows = {name: world.attribute("X", name) for name in "ABC"}
    assert {name: (row.value, row.status, row.setAt) for name, row in rows.items() if row} == {
        "A": ("new A", "Accepted", T0),
        "B": (None, "Rejected", T0),
        "C": ("new C", "RebootRequired", T0),
    }


async def test_a_variable_that_the_station_does_not_have_gets_no_row() -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all("UnknownVariable")
    await send(world, [setting("X", "A", "1")])
    assert world.attributes == {}


async def test_items_per_message_of_the_station_is_kept() -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all()
    world.limit("SetVariables", items=4)
    world.limit("GetVariables", items=1)
    assert len(await send(world, [setting("X", f"v{n}", "1") for n in range(10)])) == 10
    assert sizes(world) == [4, 4, 2]


async def test_bytes_per_message_of_the_station_is_kept() -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all()
    world.limit("SetVariables", items=100, size=500)
    await send(world, [setting("X", f"v{n}", "1" * 100) for n in range(4)])
    assert sizes(world) == [2, 2]


@pytest.mark.parametrize("away", [False, True])
async def test_without_a_known_limit_the_default_holds(away: bool) -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all()
    world.records.directus_away = away
    await send(world, [setting("X", f"v{n}", "1") for n in range(DEFAULT_ITEMS + 1)])
    assert sizes(world) == [DEFAULT_ITEMS, 1]


async def test_a_limit_that_is_no_number_is_ignored() -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all()
    world.limit("SetVariables", items=0)
    await send(world, [setting("X", f"v{n}", "1") for n in range(2)])
    assert sizes(world) == [2]


async def test_the_same_variable_goes_in_the_next_message() -> None:
    world = World()
    world.stations.answers["SetVariables"] = set_all()
    await send(world, [setting("X", "a", "1"), setting("X", "A", "2"), setting("X", "b", "3")])
    assert sizes(world) == [1, 2]
    row = world.attribute("X", "a")
    assert row is not None
    assert row.value == "2"


async def test_batches_before_a_failure_are_recorded() -> None:
    world = World()
    world.limit("SetVariables", items=1)
    world.stations.answers["SetVariables"] = [set_all(), StationSilent("silence")]
    with pytest.raises(StationSilent):
        await send(world, [setting("X", "a", "1"), setting("X", "b", "2")])
    assert world.attribute("X", "a") is not None
    assert world.attribute("X", "b") is None


def _values(**by_variable: str) -> Any:
    def answer(payload: Payload) -> Payload:
        results: list[Payload] = []
        for each in payload["getVariableData"]:
            named = {"component": each["component"], "variable": each["variable"]}
            value = by_variable.get(each["variable"]["name"])
            if value is None:
                results.append({**named, "attributeStatus": "UnknownVariable"})
            else:
                results.append({**named, "attributeStatus": "Accepted", "attributeValue": value})
        return {"getVariableResult": results}

    return answer


async def test_an_answer_without_a_value_leaves_what_is_known() -> None:
    """Some stations answer Accepted to whatever is asked, a variable they never heard of too."""
    world = World()
    named = [{"component": {"name": "X"}, "variable": {"name": name}} for name in ("a", "b")]
    asked = {"getVariableData": named}
    world.stations.answers["GetVariables"] = _values(a="1")
    await world.rules.requests.send(STATION, "GetVariables", asked)
    empty = [{**each, "attributeStatus": "Accepted"} for each in named]
    world.stations.answers["GetVariables"] = {"getVariableResult": empty}
    await world.rules.requests.send(STATION, "GetVariables", asked)
    row = world.attribute("X", "a")
    assert row is not None
    assert row.value == "1"
    assert world.attribute("X", "b") is None


async def test_tc_b_07_variables_are_read_and_recorded() -> None:
    """TC_B_07_CSMS (B06.FR.01 to 03)."""
    world = World()
    world.limit("GetVariables", items=2)
    world.stations.answers["GetVariables"] = _values(a="1", b="2", BasicAuthPassword="plain")
    named = [
        {"component": {"name": "X"}, "variable": {"name": name}}
        for name in ("a", "b", "none", "BasicAuthPassword")
    ]
    reply = await world.rules.requests.send(STATION, "GetVariables", {"getVariableData": named})
    assert len(reply["getVariableResult"]) == 4
    assert len(world.stations.sent("GetVariables")) == 2
    row = world.attribute("X", "a")
    assert row is not None
    assert (row.value, row.generatedAt) == ("1", T0)
    assert world.attribute("X", "none") is None
    secret = world.attribute("X", "BasicAuthPassword")
    assert secret is not None
    assert secret.value is None
