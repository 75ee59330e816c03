"""The message routes: one for each message of the catalogue, answers with the station's reply."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citrine_py.api.examples import example_of
from citrine_py.api.messages import paths
from citrine_py.errors import (
    BadRequest,
    StationBusy,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
)
from citrine_py.ocpp.catalogue import sendable
from tests.api.receiver import receiver
from tests.api.world import SCHEMAS, World, running

RESET = {"type": "Immediate"}
ACCEPTED = {"status": "Accepted"}
SECRET = "DbkTu048=xueA69@-dB94hjV"
SET_PASSWORD = {
    "setVariableData": [
        {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "attributeValue": SECRET,
        }
    ]
}


@pytest.mark.parametrize("action", sendable("2.0.1"), ids=lambda action: action.name)
async def test_every_message_has_citrineos_path_with_and_without_version(
    world: World, action: Any
) -> None:
    world.requests.answers["cp001"] = {}
    body = example_of(SCHEMAS.request_schema("2.0.1", action.name), action.name)

    for path in paths(action):
        assert await world.call("POST", f"{path}?identifier=cp001", body) == (
            200,
            {"success": True, "payload": {}},
        )

    assert world.requests.sent == [("cp001", action.name, body, 7)] * 2


async def test_the_answer_carries_the_stations_own_reply(world: World) -> None:
    world.requests.answers["cp001"] = {"status": "Rejected"}

    answer = await world.call(
        "POST", "/ocpp/configuration/reset?identifier=cp001&tenantId=7", RESET
    )

    assert answer == (200, {"success": True, "payload": {"status": "Rejected"}})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StationOffline("cp001 is not connected"), 502),
        (StationBusy("too many wait"), 503),
        (StationSilent("no answer"), 504),
        (StationRefused("NotSupported", "not here", {}), 502),
        (StationIncoherent("breaks the schema"), 502),
        (BadRequest("no"), 400),
    ],
)
async def test_a_station_without_answer_gives_a_clear_status_of_the_same_shape(
    world: World, error: Exception, status: int
) -> None:
    world.requests.answers["cp001"] = error

    got, answer, headers = await world.call_for_headers(
        "POST", "/ocpp/configuration/reset?identifier=cp001", RESET
    )

    assert (got, answer) == (status, {"success": False, "payload": str(error)})
    assert headers.get("Retry-After") == ("5" if status == 503 else None)


async def test_an_unknown_station_is_404(world: World) -> None:
    status, answer = await world.call("POST", "/ocpp/configuration/reset?identifier=cp9", RESET)

    assert (status, answer["success"]) == (404, False)


async def test_several_stations_get_one_result_each_and_207_if_one_failed(world: World) -> None:
    world.requests.answers.update(cp001=ACCEPTED, cp002=StationOffline("away"), cp003=ACCEPTED)
    target = "/ocpp/configuration/reset?identifier=cp001&identifier=cp003"

    assert await world.call("POST", target + "&identifier=cp001", RESET) == (
        200,
        [
            {"identifier": "cp001", "status": 200, "success": True, "payload": ACCEPTED},
            {"identifier": "cp003", "status": 200, "success": True, "payload": ACCEPTED},
        ],
    )
    status, results = await world.call("POST", target + "&identifier=cp002", RESET)

    assert status == 207
    assert results[2] == {
        "identifier": "cp002",
        "status": 502,
        "success": False,
        "payload": "away",
    }


async def test_a_fault_with_one_station_leaves_the_others_results(world: World) -> None:
    world.requests.answers.update(cp001=ZeroDivisionError("a bug"), cp002=ACCEPTED)

    status, results = await world.call(
        "POST", "/ocpp/configuration/reset?identifier=cp001&identifier=cp002", RESET
    )

    assert (status, results[0]["status"], results[1]["success"]) == (207, 500, True)
    assert "a bug" not in results[0]["payload"]


async def test_the_wait_is_settable_within_bounds(world: World) -> None:
    world.requests.answers["cp001"] = ACCEPTED
    target = "/ocpp/configuration/reset?identifier=cp001"

    await world.call("POST", f"{target}&timeout=1.5", RESET)
    for wrong in ("0", "-1", "301", "nan", "inf", "soon"):
        status, _ = await world.call("POST", f"{target}&timeout={wrong}", RESET)
        assert status == 400

    assert [seconds for *_, seconds in world.requests.sent] == [1.5]


@pytest.mark.parametrize(
    ("query", "body", "told"),
    [
        ("", RESET, "identifier is missing"),
        ("?identifier=", RESET, "identifier is missing"),
        ("?identifier=cp001&identifer=cp002", RESET, "no query parameter identifer"),
        ("?identifier=cp001", {}, "type: missing (OccurrenceConstraintViolation)"),
        ("?identifier=cp001", {"type": "Now"}, "type: not one of Immediate, OnIdle"),
        ("?identifier=cp001", {**RESET, "x": 1}, "OCPP has no field x here"),
        ("?identifier=cp001", b'{"type":\n"Immediate",}', "at line 2, column 12"),
        ("?identifier=cp001", b"\xff", "not JSON"),
        ("?identifier=cp001", b"5", "must be a JSON object"),
        ("?identifier=cp001", b'{"type":' + b"[" * 5000 + b"]" * 5000 + b"}", "depth"),
        ("?identifier=cp001", b'{"type":' + b"[" * 40 + b"]" * 40 + b"}", "32 levels"),
        ("?identifier=cp001&callbackUrl=ftp://x/y", RESET, "callbackUrl must be an http"),
        ("?identifier=cp001&callbackUrl=169.254.169.254/latest", RESET, "denied"),
    ],
)  # fmt: skip
async def test_mistakes_are_told_and_nothing_is_sent(
    world: World, query: str, body: Any, told: str
) -> None:
    world.requests.answers["cp001"] = ACCEPTED

    status, answer = await world.call("POST", "/ocpp/configuration/reset" + query, body)

    assert status == 400
    assert told in answer["payload"]
    assert world.requests.sent == []


async def test_a_message_without_required_fields_needs_no_body(world: World) -> None:
    world.requests.answers["cp001"] = ACCEPTED

    assert (await world.call("POST", "/ocpp/evdriver/clearCache?identifier=cp001"))[0] == 200
    assert world.requests.sent[0][2] == {}


async def test_set_network_profile_takes_citrineos_parameter(world: World) -> None:
    target = "identifier=cp001&websocketServerConfigId=1"
    status, answer = await world.call("POST", f"/ocpp/configuration/setNetworkProfile?{target}", {})
    assert "configurationSlot" in answer["payload"]
    status, answer = await world.call("POST", f"/ocpp/configuration/reset?{target}", RESET)
    assert (status, "websocketServerConfigId" in answer["payload"]) == (400, True)


async def test_callback_gets_the_reply_as_it_came_for_each_station(world: World) -> None:
    world.requests.answers.update(cp001=ACCEPTED, cp002={"status": "Rejected"})
    async with receiver() as hook:
        target = f"identifier=cp001&identifier=cp002&callbackUrl={hook.address}/done?a=1"
        status, _ = await world.call("POST", f"/ocpp/configuration/reset?{target}", RESET)
        got = await hook.received(2)

    assert status == 200
    assert {(each.station, each.body["status"]) for each in got} == {
        ("cp001", "Accepted"),
        ("cp002", "Rejected"),
    }
    assert got[0].path == "/done?a=1"


async def test_callback_hears_of_a_message_that_was_sent_in_vain_only(world: World) -> None:
    world.requests.answers.update(cp001=StationOffline("away"), cp002=StationSilent("no answer"))
    async with receiver() as hook:
        target = f"identifier=cp001&identifier=cp002&callbackUrl={hook.address}"
        await world.call("POST", f"/ocpp/configuration/reset?{target}", RESET)
        got = await hook.received(1)

    assert [(each.station, each.body) for each in got] == [
        ("cp002", {"success": False, "payload": "no answer"})
    ]


async def test_no_answer_shows_a_password_that_a_station_repeats(world: World) -> None:
    world.requests.answers["cp001"] = StationRefused("InternalError", f"cannot take {SECRET}", {})
    _, refused = await world.call(
        "POST", "/ocpp/monitoring/setVariables?identifier=cp001", SET_PASSWORD
    )
    result = {**SET_PASSWORD["setVariableData"][0], "attributeStatus": "Accepted"}
    world.requests.answers["cp001"] = {"getVariableResult": [result]}
    body = {"getVariableData": [{"component": {"name": "A"}, "variable": {"name": "B"}}]}
    _, told = await world.call("POST", "/ocpp/monitoring/getVariables?identifier=cp001", body)

    assert refused["payload"] == "the station answered InternalError"
    assert SECRET not in str(told)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from([path for action in sendable("2.0.1") for path in paths(action)]),
    body=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
    ).map(lambda value: __import__("json").dumps(value).encode()),
    timeout=st.text(max_size=6),
    callback=st.text(max_size=30),
)
async def test_nothing_that_is_sent_makes_it_fail(
    path: str, body: bytes, timeout: str, callback: str
) -> None:
    async with running(callback_allow=("nowhere.invalid",)) as world:
        world.requests.answers["cp001"] = ACCEPTED
        query = {"identifier": "cp001", "timeout": timeout, "callbackUrl": callback}
        clean = {name: text.encode("utf-8", "replace").decode() for name, text in query.items()}
        status, _ = await world.call("POST", path, body, params=clean)
        assert status in {200, 400}


async def test_a_request_id_may_be_left_out(world: World) -> None:
    """Each station gets a fresh one from the rules; a wrong one is still told."""
    world.requests.answers["cp001"] = {"status": "Accepted"}
    path = "/ocpp/reporting/getBaseReport?identifier=cp001"
    status, _ = await world.call("POST", path, {"reportBase": "FullInventory"})
    assert status == 200
    status, body = await world.call("POST", path, {"reportBase": "x", "requestId": "one"})
    assert status == 400
    assert "requestId" in body["payload"]


@pytest.mark.parametrize("version", ["", "2.0.1/"])
async def test_a_message_that_only_stations_send_is_refused_with_the_reason(
    world: World, version: str
) -> None:
    path = f"/ocpp/{version}smartcharging/clearedChargingLimit?identifier=cp001"
    status, answer = await world.call("POST", path, {"chargingLimitSource": "EMS"})
    told = (
        "ClearedChargingLimit is sent by stations, not to them: OCPP has no such request; "
        "/docs has those that there are"
    )
    assert (status, answer) == (404, {"success": False, "payload": told})
    assert world.requests.sent == []
