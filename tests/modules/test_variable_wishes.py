"""Values that operators want variables to have, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest, NotFound, StationRefused, StationSilent
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.model.wishes import VARIABLE_WISH
from citrine_py.ports import Payload
from tests.modules.wishes import INTERVAL, away, back, stands, wish
from tests.modules.world import STATION, World, data, set_all


def got(value: str) -> Any:
    """A station's answer to GetVariables."""

    def answer(payload: Payload) -> Payload:
        results = [
            {**each, "attributeStatus": "Accepted", "attributeValue": value}
            for each in payload["getVariableData"]
        ]
        return {"getVariableResult": results}

    return answer


async def confirmed(value: str = "300") -> World:
    world = await away()
    world.stations.answers["SetVariables"] = set_all()
    await wish(world, value)
    await back(world)
    assert stands(world) == ("Confirmed", None)
    return world


async def test_b05_a_wish_waits_for_the_station_and_is_confirmed() -> None:
    world = await confirmed()
    (sent,) = world.stations.sent("SetVariables")
    assert sent == {
        "setVariableData": [
            {
                "component": {"name": "OCPPCommCtrlr"},
                "variable": {"name": "HeartbeatInterval"},
                "attributeValue": "300",
            }
        ]
    }
    row = world.attribute("OCPPCommCtrlr", "HeartbeatInterval")
    assert row is not None
    assert (row.value, row.status) == ("300", "Accepted")
    await back(world, "PowerUp")
    assert len(world.stations.sent("SetVariables")) == 1


async def test_a_wish_that_is_taken_back_leaves_nothing() -> None:
    world = await away()
    world.stations.answers["SetVariables"] = set_all("Rejected")
    await wish(world, "300")
    await back(world)
    await wish(world, None)
    await back(world)
    assert stands(world) == (None, None)
    assert len(world.stations.sent("SetVariables")) == 1


async def test_one_who_is_not_accepted_gets_nothing() -> None:
    world = World()
    world.set_boot(status="Pending")
    await world.connect()
    await wish(world, "300")
    assert stands(world) == ("Wanted", None)
    assert world.stations.sent("SetVariables") == []


async def test_what_a_station_refuses_says_why_and_is_not_sent_again() -> None:
    world = await away()
    world.stations.answers["SetVariables"] = set_all("Rejected")
    await wish(world, "300")
    await back(world)
    await back(world, "PowerUp")
    assert stands(world) == ("Refused", "Rejected")
    assert len(world.stations.sent("SetVariables")) == 1
    world.stations.answers["SetVariables"] = set_all()
    await wish(world, "301")
    assert stands(world) == ("Confirmed", None)


async def test_a_wish_whose_answer_is_lost_is_sent_again() -> None:
    world = await away()
    world.stations.answers["SetVariables"] = [StationSilent("cp001 did not answer"), set_all()]
    await wish(world, "300")
    await back(world)
    assert stands(world) == ("Wanted", "cp001 did not answer")
    await back(world)
    assert stands(world) == ("Confirmed", None)


async def test_a_station_that_stays_silent_is_asked_a_few_times_and_then_when_it_is_back() -> None:
    world = await away()
    world.stations.answers["SetVariables"] = lambda _payload: StationSilent("no answer")
    await wish(world, "300")
    await back(world)
    for _ in range(10):
        world.jobs.time_out()
        await world.jobs.settle()
    assert len(world.stations.sent("SetVariables")) == 5
    world.stations.answers["SetVariables"] = set_all()
    await back(world)
    assert stands(world) == ("Confirmed", None)


async def test_wishes_go_in_batches_and_each_has_its_own_end() -> None:
    world = await away()
    world.limit("SetVariables", items=2)
    world.stations.answers["SetVariables"] = set_all(B="UnknownVariable", C="RebootRequired")
    for name in ("A", "B", "C"):
        await wish(world, "1", name)
    await back(world)
    assert [len(each["setVariableData"]) for each in world.stations.sent("SetVariables")] == [2, 1]
    assert [stands(world, name)[0] for name in ("A", "B", "C")] == [
        "Confirmed",
        "Refused",
        "RebootRequired",
    ]


async def test_one_wish_that_a_station_cannot_bear_does_not_take_the_others_along() -> None:
    world = await away()

    def answer(payload: Payload) -> Any:
        names = [each["variable"]["name"] for each in payload["setVariableData"]]
        return StationRefused("InternalError", "", {}) if "B" in names else set_all()(payload)

    world.stations.answers["SetVariables"] = answer
    for name in ("A", "B"):
        await wish(world, "1", name)
    await back(world)
    assert stands(world, "A") == ("Confirmed", None)
    assert stands(world, "B") == ("Refused", "the station answered InternalError")


@pytest.mark.parametrize(
    ("tells", "progress"), [("300", "Confirmed"), ("60", "Drifted"), (None, "Confirmed")]
)
async def test_what_needs_a_reboot_is_looked_at_after_it(tells: str | None, progress: str) -> None:
    world = await away()
    world.stations.answers["SetVariables"] = set_all("RebootRequired")
    await wish(world, "300", mutability="WriteOnly" if tells is None else "ReadWrite")
    await back(world)
    assert stands(world)[0] == "RebootRequired"
    await back(world)  # no boot
    await back(world, "Triggered")
    assert stands(world)[0] == "RebootRequired"
    world.stations.answers["GetVariables"] = got(tells or "")
    await back(world, "RemoteReset")
    assert stands(world)[0] == progress
    assert len(world.stations.sent("GetVariables")) == (tells is not None)


async def test_a_value_that_changes_has_drifted_and_is_not_fought_for() -> None:
    world = await confirmed()
    world.clock.advance(3600)
    told = {
        "requestId": 7,
        "generatedAt": "2030-01-01T00:00:00Z",
        "seqNo": 0,
        "reportData": [data("OCPPCommCtrlr", "HeartbeatInterval", "60")],
    }
    await world.call("NotifyReport", told)
    await back(world, "PowerUp")
    assert stands(world) == ("Drifted", "the station tells '60'")
    assert len(world.stations.sent("SetVariables")) == 1
    await wish(world, "300")  # an operator chooses Wanted again
    assert stands(world) == ("Confirmed", None)
    assert len(world.stations.sent("SetVariables")) == 2


async def test_what_was_told_before_the_wish_was_set_is_no_drift() -> None:
    world = await confirmed()
    await world.report(7, 0, [data("OCPPCommCtrlr", "HeartbeatInterval", "60")])
    assert stands(world)[0] == "Confirmed"


async def test_n07_an_event_tells_that_a_wish_is_not_so_any_more_and_that_it_is_again() -> None:
    world = await confirmed()
    for number, (value, progress) in enumerate([("60", "Drifted"), ("300", "Confirmed")]):
        event = {
            "eventId": number,
            "timestamp": "2030-01-01T00:00:00Z",
            "trigger": "Delta",
            "actualValue": value,
            "eventNotificationType": "CustomMonitor",
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": "HeartbeatInterval"},
        }
        told = {"generatedAt": "2030-01-01T00:00:00Z", "seqNo": 0, "eventData": [event]}
        await world.call("NotifyEvent", told)
        assert stands(world)[0] == progress


@pytest.mark.parametrize(
    ("kind", "wanted", "told", "progress"),
    [
        ("decimal", "1.50", "1.5", "Confirmed"),
        ("decimal", "1.50", "much", "Drifted"),
        ("boolean", "true", "True", "Confirmed"),
        ("MemberList", "A,B", "B, A", "Confirmed"),
        ("SequenceList", "A,B", "B,A", "Drifted"),
        ("string", "a", "A", "Drifted"),
    ],
)
async def test_values_are_compared_by_their_data_type(
    kind: str, wanted: str, told: str, progress: str
) -> None:
    world = await away()
    world.stations.answers["SetVariables"] = set_all()
    await wish(world, wanted, dataType=kind)
    await back(world)
    world.stations.answers["GetVariables"] = got(told)
    asked = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    world.clock.advance(1)
    await world.rules.requests.send(STATION, "GetVariables", {"getVariableData": [asked]})
    assert stands(world)[0] == progress


@pytest.mark.parametrize(
    ("variable", "fields", "why"),
    [
        ("HeartbeatInterval", {"mutability": "ReadOnly"}, "ReadOnly"),
        ("HeartbeatInterval", {"component": None}, "missing"),
        ("BasicAuthPassword", {"component": "SecurityCtrlr"}, "Set password"),
    ],
)
async def test_what_cannot_be_set_is_refused_before_it_is_sent(
    variable: str, fields: dict[str, Any], why: str
) -> None:
    world = await away()
    await wish(world, "A-secret-of-16-chars", variable, **fields)
    await back(world)
    progress, info = stands(world, variable)
    assert (progress, why in info) == ("Refused", True)


async def test_a_new_value_while_the_old_one_is_on_its_way_is_what_counts() -> None:
    world = await away()

    def answer(payload: Payload) -> Payload:
        if payload["setVariableData"][0]["attributeValue"] == "300":
            edit(world, "400")
        return set_all()(payload)

    def edit(world: World, value: str) -> None:
        before = world.records.get(VARIABLE_WISH, INTERVAL)
        world.records.edit(VARIABLE_WISH, INTERVAL, wantedValue=value)
        world.rules.wishes.variables.changed(
            INTERVAL, before, world.records.get(VARIABLE_WISH, INTERVAL)
        )

    world.stations.answers["SetVariables"] = answer
    await wish(world, "300")
    await back(world)
    values = [
        each["setVariableData"][0]["attributeValue"] for each in world.stations.sent("SetVariables")
    ]
    assert values == ["300", "400"]
    assert stands(world) == ("Confirmed", None)


# ---- by the API --------------------------------------------------------------------------


async def test_the_api_makes_wishes_and_takes_them_back() -> None:
    world = await away()
    wanted = world.rules.wishes.variables.want
    (row,) = await wanted(STATION, data("OCPPCommCtrlr", "HeartbeatInterval", "300"))
    assert (row.wantedValue, row.wantedProgress, row.value) == ("300", "Wanted", None)
    await wanted(STATION, data("OCPPCommCtrlr", "HeartbeatInterval", None))
    await back(world)
    assert stands(world) == (None, None)
    assert world.stations.sent("SetVariables") == []


async def test_the_api_refuses_wishes_that_cannot_come_true() -> None:
    world = await away()
    wanted = world.rules.wishes.variables.want
    read_only = VariableAttribute(
        id=INTERVAL,
        station=STATION,
        component="OCPPCommCtrlr",
        variable="HeartbeatInterval",
        mutability="ReadOnly",
    )
    world.records.have(VARIABLE_ATTRIBUTE, read_only)
    with pytest.raises(BadRequest, match="ReadOnly"):
        await wanted(STATION, data("OCPPCommCtrlr", "HeartbeatInterval", "300"))
    with pytest.raises(BadRequest, match="characters"):
        await wanted(STATION, data("OCPPCommCtrlr", "Long", "x" * 1001))
    with pytest.raises(BadRequest, match="secret"):
        await wanted(STATION, data("SecurityCtrlr", "BasicAuthPassword", "x" * 20))
    with pytest.raises(NotFound):
        await wanted("nobody", data("OCPPCommCtrlr", "HeartbeatInterval", "300"))


async def test_a_wish_is_taken_though_the_device_model_cannot_be_read() -> None:
    world = await away()
    world.records.directus_away = True
    await world.rules.wishes.variables.want(
        STATION, data("OCPPCommCtrlr", "HeartbeatInterval", "300")
    )
    assert stands(world) == ("Wanted", None)
