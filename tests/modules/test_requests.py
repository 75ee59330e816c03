"""What people send to stations."""

from __future__ import annotations

import pytest
import structlog

from citrine_py.errors import BadRequest, NotFound, StationOffline, StationRefused
from citrine_py.model.stations import CHARGING_STATION, ChargingStation
from citrine_py.ocpp import catalogue
from citrine_py.ports import Payload
from tests.modules.world import SCHEMAS, STATION, World, data

ACCEPTED: Payload = {"status": "Accepted"}


async def test_a_message_goes_to_the_station_and_its_answer_comes_back() -> None:
    """TC_B_20_CSMS, step 1."""
    world = World()
    world.stations.answers["Reset"] = ACCEPTED
    reply = await world.rules.requests.send(STATION, "Reset", {"type": "OnIdle"}, seconds=3)
    assert reply == ACCEPTED
    (call,) = world.stations.calls
    assert (call.payload, call.seconds) == ({"type": "OnIdle"}, 3)


async def test_an_unknown_station_is_not_found() -> None:
    world = World(connected=False)
    with pytest.raises(NotFound):
        await world.rules.requests.send(STATION, "Reset", {"type": "OnIdle"})


async def test_a_known_station_may_be_offline() -> None:
    world = World(connected=False)
    world.records.have(CHARGING_STATION, ChargingStation(id=STATION))
    with pytest.raises(StationOffline):
        await world.rules.requests.send(STATION, "Reset", {"type": "OnIdle"})


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Reset", {}),
        ("Reset", {"type": "Now"}),
        ("SetVariables", {"setVariableData": []}),
        ("BootNotification", {}),
        ("NoSuchThing", {}),
    ],
)
async def test_what_is_no_request_of_ours_is_the_callers_mistake(
    action: str, payload: Payload
) -> None:
    world = World()
    with pytest.raises(BadRequest, match=f"^{action}"):
        await world.rules.requests.send(STATION, action, payload)
    assert world.stations.calls == []


async def test_a_refusal_is_raised_as_it_comes() -> None:
    world = World()
    world.stations.answers["Reset"] = StationRefused("NotSupported", "", {})
    with pytest.raises(StationRefused):
        await world.rules.requests.send(STATION, "Reset", {"type": "OnIdle"})


def test_request_ids_are_filled_in_where_the_schemas_want_one() -> None:
    wanted = {
        action.name
        for action in catalogue.sendable("2.0.1")
        if "requestId" in SCHEMAS.request_schema("2.0.1", action.name).get("required", [])
    }
    numbered = {name for name, field in catalogue.NUMBERS.items() if field == "requestId"}
    assert wanted == numbered
    for action, field in catalogue.NUMBERS.items():
        assert field in SCHEMAS.request_schema("2.0.1", action)["required"]


async def test_a_request_id_that_is_left_out_is_filled_in() -> None:
    world = World()
    world.stations.answers["GetBaseReport"] = ACCEPTED
    for payload in ({"reportBase": "FullInventory"}, {"reportBase": "SummaryInventory"}):
        await world.rules.requests.send(STATION, "GetBaseReport", payload)
        assert "requestId" not in payload
    one, two = world.stations.sent("GetBaseReport")
    assert one["requestId"] != two["requestId"]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_no_transaction_is_started_on_a_station_that_is_not_accepted(status: str) -> None:
    """B02."""
    world = World()
    world.set_boot(status=status)
    await world.boot()
    start = {"idToken": {"idToken": "a", "type": "Central"}, "remoteStartId": 1}
    with pytest.raises(BadRequest, match=status):
        await world.rules.requests.send(STATION, "RequestStartTransaction", start)


@pytest.mark.parametrize("base", ["ConfigurationInventory", "FullInventory"])
async def test_tc_b_12_13_a_base_report_is_stored_and_its_end_is_logged(base: str) -> None:
    """TC_B_12_CSMS (B07.FR.07), TC_B_13_CSMS (B07.FR.08)."""
    world = World()
    await world.accepted()
    world.stations.answers["GetBaseReport"] = ACCEPTED
    with structlog.testing.capture_logs() as logs:
        asked = {"requestId": 42, "reportBase": base}
        assert await world.rules.requests.send(STATION, "GetBaseReport", asked) == ACCEPTED
        await world.jobs.settle()
        await world.report(42, 1, [data("B", "y")])
        await world.jobs.settle()
        await world.report(42, 0, [data("A", "x")], tbc=True)
        await world.jobs.settle()
    assert len(world.attributes) == 2
    assert [entry["variables"] for entry in logs if entry["event"] == "report.complete"] == [2]


async def test_a_report_that_stops_is_logged() -> None:
    world = World()
    await world.accepted()
    world.stations.answers["GetReport"] = ACCEPTED
    with structlog.testing.capture_logs() as logs:
        await world.rules.requests.send(STATION, "GetReport", {"requestId": 7})
        await world.jobs.settle()
        await world.report(7, 0, [data("A", "x")], tbc=True)
        await world.jobs.settle()
        world.jobs.time_out()
        await world.jobs.settle()
    (entry,) = [entry for entry in logs if entry["event"] == "report.incomplete"]
    assert entry["reason"] == "the last part did not come; 1 part did"


async def test_an_empty_result_set_is_an_answer() -> None:
    """B08."""
    world = World()
    world.stations.answers["GetReport"] = {"status": "EmptyResultSet"}
    reply = await world.rules.requests.send(STATION, "GetReport", {})
    assert reply == {"status": "EmptyResultSet"}
    assert world.jobs.started == []


async def test_a_network_profiles_password_is_in_no_log() -> None:
    """TC_B_42_CSMS (B09.FR.01)."""
    world = World()
    world.stations.answers["SetNetworkProfile"] = ACCEPTED
    secret = "profile-secret"
    profile = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "ws://127.0.0.1:8082",
        "messageTimeout": 30,
        "securityProfile": 1,
        "ocppInterface": "Wired0",
        "apn": {"apn": "a", "apnAuthentication": "CHAP", "apnPassword": secret},
    }
    payload = {"configurationSlot": 1, "connectionData": profile}
    with structlog.testing.capture_logs() as logs:
        assert await world.rules.requests.send(STATION, "SetNetworkProfile", payload) == ACCEPTED
    assert world.stations.sent("SetNetworkProfile") == [payload]
    assert secret not in repr(logs)
    assert secret not in repr(world.records.written)
