"""What a station answers and does afterwards, without a socket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.simulator.behaviour import Behaviour
from citrine_py.simulator.deeds import Boot, HangUp, Reboot, Tell
from citrine_py.simulator.inventory import ITEMS_PER_MESSAGE
from citrine_py.simulator.scenarios import EXTRAS, SCENARIOS, StationConfig

T0 = datetime(2026, 1, 1, tzinfo=UTC)
THRESHOLD = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://127.0.0.1:8082",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}

CASES: dict[str, list[dict[str, Any]]] = {
    "GetVariables": [{"getVariableData": [THRESHOLD]}],
    "SetVariables": [{"setVariableData": [{**THRESHOLD, "attributeValue": "1"}]}],
    "GetBaseReport": [
        {"requestId": 1, "reportBase": base}
        for base in ("FullInventory", "ConfigurationInventory", "SummaryInventory")
    ],
    "GetReport": [
        {"requestId": 1},
        {"requestId": 1, "componentCriteria": ["Active"]},
        {"requestId": 1, "componentVariable": [THRESHOLD]},
    ],
    "Reset": [
        {"type": "OnIdle"},
        {"type": "Immediate", "evseId": 1},
        {"type": "OnIdle", "evseId": 9},
    ],
    "TriggerMessage": [
        {"requestedMessage": message}
        for message in (
            "BootNotification", "LogStatusNotification", "FirmwareStatusNotification",
            "Heartbeat", "MeterValues", "SignV2GCertificate", "StatusNotification",
            "TransactionEvent",
        )
    ],
    "ChangeAvailability": [
        {"operationalStatus": "Inoperative"},
        {"operationalStatus": "Operative", "evse": {"id": 1, "connectorId": 1}},
        {"operationalStatus": "Operative", "evse": {"id": 7}},
    ],
    "SetNetworkProfile": [
        {"configurationSlot": 1, "connectionData": PROFILE},
        {"configurationSlot": 8, "connectionData": PROFILE},
    ],
    "DataTransfer": [
        {"vendorId": "citrine-py", "messageId": "Echo", "data": {"a": 1}},
        {"vendorId": "citrine-py", "messageId": "Sing"},
        {"vendorId": "someone"},
    ],
}  # fmt: skip


ACCEPTED = {"status": "Accepted", "interval": 30, "currentTime": "2026-01-01T00:00:00.000Z"}


def behaviour(scenario: str = "stay", **more: Any) -> Behaviour:
    """A station that is connected and accepted."""
    it = Behaviour(StationConfig(scenario=scenario, **more), lambda: T0)
    it.connected()
    it.booted(ACCEPTED)
    return it


def answered(it: Behaviour, action: str, payload: dict[str, Any]) -> Any:
    reaction = it.react(action, payload)
    assert reaction.answer is not None
    return reaction.answer


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_all_it_says_fits_ocpps_schemas(scenario: str) -> None:
    schemas = Schemas()
    for action, payloads in CASES.items():
        for payload in payloads:
            schemas.check_request("2.0.1", action, payload)
            reaction = behaviour(scenario).react(action, payload)
            if reaction.answer is not None:
                schemas.check_response("2.0.1", action, reaction.answer)
            for deed in reaction.deeds:
                if isinstance(deed, Tell):
                    schemas.check_request("2.0.1", deed.action, deed.payload)
    it = behaviour(scenario)
    schemas.check_request("2.0.1", "BootNotification", it.provisioning.boot_notification("PowerUp"))
    for status in it.statuses():
        schemas.check_request("2.0.1", status.action, status.payload)


def test_it_answers_every_message_that_a_csms_may_send() -> None:
    it = behaviour()
    assert set(it._answers) == {action.name for action in catalogue.sendable("2.0.1")}


def test_what_it_has_not_is_not_supported() -> None:
    basic = behaviour("basic")
    for name in ("Sing", *sorted(EXTRAS)):
        with pytest.raises(CallError, match="NotSupported"):
            basic.react(name, {})


def test_b11_reset_leads_to_a_reboot_of_the_station_or_to_the_evses_states() -> None:
    it = behaviour()
    assert it.react("Reset", {"type": "OnIdle"}).deeds == (Reboot("RemoteReset"),)
    deeds = it.react("Reset", {"type": "OnIdle", "evseId": 1}).deeds
    states = [deed.payload["connectorStatus"] for deed in deeds if isinstance(deed, Tell)]
    assert states == ["Unavailable", "Available"]
    assert answered(it, "Reset", {"type": "OnIdle", "evseId": 3})["status"] == "Rejected"
    refusing = behaviour("reset-refused")
    assert answered(refusing, "Reset", {"type": "OnIdle"})["status"] == "Rejected"


def test_f06_a_boot_is_triggered_only_before_acceptance() -> None:
    it = Behaviour(StationConfig(), lambda: T0)
    asked = {"requestedMessage": "BootNotification"}
    assert it.react("TriggerMessage", asked).deeds == (Boot(),)
    it.booted(ACCEPTED)
    assert answered(it, "TriggerMessage", asked)["status"] == "Rejected"
    assert it.heartbeat_interval == 30


def test_f06_a_status_is_triggered_for_one_connector_or_all() -> None:
    it = behaviour(evses=3)
    every = it.react("TriggerMessage", {"requestedMessage": "StatusNotification"})
    assert len(every.deeds) == 3
    one = {"requestedMessage": "StatusNotification", "evse": {"id": 2, "connectorId": 1}}
    assert [d.payload["evseId"] for d in it.react("TriggerMessage", one).deeds
            if isinstance(d, Tell)] == [2]  # fmt: skip
    none = {"requestedMessage": "StatusNotification", "evse": {"id": 9}}
    assert answered(it, "TriggerMessage", none)["status"] == "Rejected"


def test_g03_availability_is_told_and_stays_in_the_model() -> None:
    it = behaviour(evses=2)
    deeds = it.react("ChangeAvailability", {"operationalStatus": "Inoperative"}).deeds
    assert [d.payload["connectorStatus"] for d in deeds if isinstance(d, Tell)] == [
        "Unavailable",
        "Unavailable",
    ]
    assert {each.payload["connectorStatus"] for each in it.statuses()} == {"Unavailable"}


def test_b05_b06_more_items_than_it_takes_are_refused() -> None:
    it = behaviour()
    too_many = [THRESHOLD] * (ITEMS_PER_MESSAGE + 1)
    with pytest.raises(CallError, match="OccurrenceConstraintViolation"):
        it.react("GetVariables", {"getVariableData": too_many})
    big = [{**THRESHOLD, "attributeValue": "x" * 1000}] * ITEMS_PER_MESSAGE
    it.model.find("DeviceDataCtrlr", "BytesPerMessage", "SetVariables").value = "2000"  # type: ignore[union-attr]
    with pytest.raises(CallError, match="FormatViolation"):
        it.react("SetVariables", {"setVariableData": big})


def test_b08_a_report_of_nothing_is_an_answer_of_its_own() -> None:
    asked = {"requestId": 1, "componentVariable": [{"component": {"name": "Nothing"}}]}
    assert answered(behaviour(), "GetReport", asked) == {"status": "EmptyResultSet"}


def test_b09_a_profile_goes_into_a_slot_it_has_and_never_down_in_security() -> None:
    it = behaviour()
    asked = {"configurationSlot": 2, "connectionData": PROFILE}
    assert answered(it, "SetNetworkProfile", asked)["status"] == "Accepted"
    assert it.provisioning.network_profiles[2] == PROFILE
    asked = {"configurationSlot": 5, "connectionData": PROFILE}
    assert answered(it, "SetNetworkProfile", asked)["status"] == "Rejected"
    secure = behaviour(password="p" * 16)
    down = {"configurationSlot": 2, "connectionData": {**PROFILE, "securityProfile": 0}}
    assert answered(secure, "SetNetworkProfile", down)["status"] == "Rejected"


@pytest.mark.parametrize(
    ("scenario", "numbers", "ends", "hangs_up"),
    [
        ("stay", [0, 1, 2, 3, 4, 5], True, False),
        ("report-endless", [0, 1, 2, 3, 4], False, False),
        ("report-interrupted", [0, 1, 2], False, True),
        ("report-shuffled", [5, 4, 3, 2, 1, 0, 0, 1], True, False),
    ],
)
def test_b07_vendors_habits_with_reports(
    scenario: str, numbers: list[int], ends: bool, hangs_up: bool
) -> None:
    it = behaviour(scenario)
    deeds = it.react("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}).deeds
    parts = [deed.payload for deed in deeds if isinstance(deed, Tell)]
    assert [part["seqNo"] for part in parts] == numbers
    assert any(not part["tbc"] for part in parts) is ends
    assert (HangUp(rudely=True) in deeds) is hangs_up


def test_b07_a_refused_report() -> None:
    asked = {"requestId": 1, "reportBase": "FullInventory"}
    reaction = behaviour("report-refused").react("GetBaseReport", asked)
    assert reaction.answer is not None
    assert reaction.answer["status"] == "Rejected"
    assert reaction.deeds == ()
