"""The oracle finds every loss, double and disorder, and nothing where all is well."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from tests.faults.comparison import Kind, Log, Write, compare, judge
from tests.faults.directus import Row
from tests.faults.stations import Payload, Station, Told

STATION = "s1"
Tables: TypeAlias = dict[str, list[Row]]


def conversation(seed: int = 1) -> list[Told]:
    """All answered, with two boots; the last word is a heartbeat."""
    station = Station("", STATION, random.Random(seed), 1.0)
    chance = random.Random(seed)
    actions = ["StatusNotification", "NotifyEvent", "NotifyReport", "SecurityEventNotification"]
    plan = ["BootNotification", *chance.choices(actions, k=60), "BootNotification"]
    at = datetime.now(UTC)
    for number, action in enumerate([*plan, *chance.choices(actions, k=60), "Heartbeat"]):
        told = station._say(action)
        told.attempts = 1
        moment = (at + timedelta(seconds=number)).isoformat(timespec="milliseconds")
        told.answer = {"currentTime": moment, "status": "Accepted"}
    return station.told


def rows_for(told: list[Told]) -> Tables:
    """What a faultless service makes of a conversation. Written apart from the comparison."""
    keys = iter(range(10**6))
    tables: Tables = {"ChargingStation": [{"id": STATION}], "Boot": [{"id": STATION}]}
    connectors: dict[tuple[int, int], Row] = {}
    variables: dict[str, Row] = {}
    evses: dict[int, Row] = {}
    for number, message in enumerate(told):
        at = message.answer["currentTime"] if message.answer else f"2026-01-01T00:00:{number:02}Z"
        for direction, payload in (("in", message.payload), ("out", message.answer)):
            row = {"messageId": message.message_id, "direction": direction, "payload": payload}
            tables.setdefault("OcppMessage", []).append({"id": next(keys), "timestamp": at, **row})
        for state in states_of(message):
            tables.setdefault("StatusNotification", []).append({"id": next(keys), **state})
            place = (state["evseId"], state["connectorId"])
            evses[place[0]] = {"evseId": place[0]}
            if place not in connectors or connectors[place]["timestamp"] < state["timestamp"]:
                connectors[place] = state
        for line in lines_of(message):
            tables.setdefault("StationEvent", []).append({"id": next(keys), **line})
        for data in message.payload.get("reportData", ()):
            evses[1] = {"evseId": 1}
            name = data["variable"]["name"]
            value = data["variableAttribute"][0]["value"]
            when = message.payload["generatedAt"]
            variables[name] = {"variable": name, "value": value, "generatedAt": when}
        station, boot = tables["ChargingStation"][0], tables["Boot"][0]
        station |= {"isOnline": False, "lastSeen": at}
        if message.action == "BootNotification":
            fields = {
                **message.payload["chargingStation"],
                "lastBootReason": message.payload["reason"],
                "lastBootTime": at,
            }
            station |= {**fields, "registrationStatus": "Accepted"}
            boot |= {**fields, "status": "Accepted"}
    tables["Connector"] = list(connectors.values())
    tables["VariableAttribute"] = list(variables.values())
    tables["Evse"] = list(evses.values())
    return copy.deepcopy(tables)


def states_of(message: Told) -> Iterator[Row]:
    if message.action == "StatusNotification":
        yield dict(message.payload)
    for event in message.payload.get("eventData", ()):
        if event["component"]["name"] == "Connector":
            yield {
                "evseId": event["component"]["evse"]["id"],
                "connectorId": event["component"]["evse"]["connectorId"],
                "timestamp": event["timestamp"],
                "connectorStatus": event["actualValue"],
            }


def lines_of(message: Told) -> Iterator[Row]:
    if message.action == "SecurityEventNotification":
        told: Payload = message.payload
        yield {"kind": "Security", "timestamp": told["timestamp"], "info": told["techInfo"],
               "type": told["type"], "actualValue": None, "payload": told}  # fmt: skip
    for event in message.payload.get("eventData", ()):
        yield {"kind": "Event", "timestamp": event["timestamp"], "info": None, "type": "Delta",
               "actualValue": event["actualValue"], "payload": event}  # fmt: skip


def found(told: list[Told], tables: Tables, log: Log = Log.WHOLE) -> set[tuple[Kind, str]]:
    findings = compare(STATION, told, tables, log)
    assert all(each.station == STATION for each in findings)
    assert all(each.what in str(each) for each in findings)
    return {(each.kind, each.collection) for each in findings}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("log", Log)
def test_where_all_is_well_it_finds_nothing(seed: int, log: Log) -> None:
    told = conversation(seed)
    assert found(told, rows_for(told), log) == set()


@pytest.mark.parametrize(
    "collection",
    ["StatusNotification", "StationEvent", "OcppMessage", "Evse", "Connector",
     "VariableAttribute", "Boot", "ChargingStation"],
)  # fmt: skip
def test_a_loss_is_found(collection: str) -> None:
    told = conversation()
    tables = rows_for(told)
    tables[collection].pop(0)
    assert found(told, tables) == {("missing", collection)}


@pytest.mark.parametrize(
    "collection",
    ["StatusNotification", "StationEvent", "OcppMessage", "Evse", "Connector",
     "VariableAttribute", "Boot", "ChargingStation"],
)  # fmt: skip
def test_a_double_is_found(collection: str) -> None:
    told = conversation()
    tables = rows_for(told)
    tables[collection].append(dict(tables[collection][0]))
    assert found(told, tables) == {("double", collection)}


@pytest.mark.parametrize("collection", ["StatusNotification", "StationEvent"])
def test_a_row_that_no_message_explains_is_found(collection: str) -> None:
    told = conversation()
    tables = rows_for(told)
    row = tables[collection][0]
    tables[collection].append({**row, "timestamp": "2026-01-01T00:00:00Z"})
    assert found(told, tables) == {("unexplained", collection)}


def older_state(_told: list[Told], tables: Tables) -> None:
    connector = tables["Connector"][0]
    place = connector["evseId"], connector["connectorId"]
    states = [
        row for row in tables["StatusNotification"] if (row["evseId"], row["connectorId"]) == place
    ]
    connector |= min(states, key=lambda row: row["timestamp"])


def older_variable(told: list[Told], tables: Tables) -> None:
    row = tables["VariableAttribute"][0]
    report = next(
        (message, data)
        for message in told
        for data in message.payload.get("reportData", ())
        if data["variable"]["name"] == row["variable"]
    )
    row["value"] = report[1]["variableAttribute"][0]["value"]
    row["generatedAt"] = report[0].payload["generatedAt"]


def older_boot(_told: list[Told], tables: Tables) -> None:
    tables["Boot"][0] |= {"firmwareVersion": "f0", "lastBootReason": "PowerUp"}


def other_boot_time(_told: list[Told], tables: Tables) -> None:
    tables["Boot"][0]["lastBootTime"] = "2026-01-01T00:00:00Z"


def other_status(_told: list[Told], tables: Tables) -> None:
    tables["ChargingStation"][0]["registrationStatus"] = "Pending"


def still_online(_told: list[Told], tables: Tables) -> None:
    tables["ChargingStation"][0]["isOnline"] = True


def not_seen(_told: list[Told], tables: Tables) -> None:
    tables["ChargingStation"][0]["lastSeen"] = tables["ChargingStation"][0]["lastBootTime"]


def calls_swapped(_told: list[Told], tables: Tables) -> None:
    calls = [row for row in tables["OcppMessage"] if row["direction"] == "in"]
    calls[3]["timestamp"], calls[5]["timestamp"] = calls[5]["timestamp"], calls[3]["timestamp"]


def another_payload(_told: list[Told], tables: Tables) -> None:
    tables["OcppMessage"][0]["payload"] = {}


@pytest.mark.parametrize(
    ("plant", "collection"),
    [
        (older_state, "Connector"),
        (older_variable, "VariableAttribute"),
        (older_boot, "Boot"),
        (other_boot_time, "Boot"),
        (other_status, "ChargingStation"),
        (still_online, "ChargingStation"),
        (not_seen, "ChargingStation"),
        (calls_swapped, "OcppMessage"),
        (another_payload, "OcppMessage"),
    ],
)
def test_a_disorder_is_found(plant: Callable[[list[Told], Tables], None], collection: str) -> None:
    told = conversation()
    tables = rows_for(told)
    plant(told, tables)
    assert found(told, tables) == {("disorder", collection)}


def test_what_was_not_seen_answered_may_be_there_or_not_but_once() -> None:
    told = conversation()
    events = [message for message in told if message.action == "NotifyEvent"]
    tables = rows_for(told)
    events[-1].answer = None
    assert found(told, tables) == set()
    lines = [line["timestamp"] for line in lines_of(events[-1])]
    twice = {**tables, "StationEvent": tables["StationEvent"] + [
        row for row in tables["StationEvent"] if row["timestamp"] in lines]}  # fmt: skip
    assert found(told, twice) == {("double", "StationEvent")}
    states = [state["timestamp"] for state in states_of(events[-1])]
    without = {
        **tables,
        "StationEvent": [r for r in tables["StationEvent"] if r["timestamp"] not in lines],
        "StatusNotification": [
            r for r in tables["StatusNotification"] if r["timestamp"] not in states
        ],
        "OcppMessage": [
            r for r in tables["OcppMessage"] if r["messageId"] != events[-1].message_id
        ],
    }
    assert found(told, without) <= {("missing", "Connector"), ("disorder", "Connector")}


def test_the_message_log_owes_what_is_promised_and_no_more() -> None:
    told = conversation()
    tables = rows_for(told)
    heartbeat = told[-1].message_id
    kept = [row for row in tables["OcppMessage"]
            if row["direction"] == "in" and row["messageId"] != heartbeat]  # fmt: skip
    without_answers: dict[str, list[dict[str, Any]]] = {**tables, "OcppMessage": kept}
    assert found(told, without_answers, Log.CALLS) == set()
    assert found(told, without_answers, Log.WHOLE) == {("missing", "OcppMessage")}
    assert found(told, {**tables, "OcppMessage": kept[1:]}, Log.CALLS) == {
        ("missing", "OcppMessage")
    }
    assert found(told, {**tables, "OcppMessage": []}, Log.NOTHING) == set()
    assert found(told, {**tables, "OcppMessage": [*kept, kept[0]]}, Log.NOTHING) == {
        ("double", "OcppMessage")
    }


def test_a_call_that_was_sent_twice_may_stand_in_the_log_twice() -> None:
    told = conversation()
    tables = rows_for(told)
    told[2].attempts = 2
    call = next(row for row in tables["OcppMessage"] if row["messageId"] == told[2].message_id)
    tables["OcppMessage"].append(dict(call))
    assert found(told, tables) == set()
    tables["OcppMessage"].append(dict(call))
    assert found(told, tables) == {("double", "OcppMessage")}


@pytest.mark.parametrize(
    ("answered", "value", "verdict"),
    [
        ([True, True], 1, None),
        ([True, True], 0, "disorder"),
        ([True, True], None, "missing"),
        ([True, True], 7, "unexplained"),
        ([True, False], 0, None),
        ([True, False], 1, None),
        ([True, False, False], 1, None),
        ([False, True], 0, "disorder"),
        ([False], None, None),
        ([False], 0, None),
    ],
)
def test_a_record_holds_what_the_last_answered_message_made_of_it_or_a_later_one(
    answered: list[bool], value: int | None, verdict: Kind | None
) -> None:
    assert judge([Write(n, each) for n, each in enumerate(answered)], value) == verdict
