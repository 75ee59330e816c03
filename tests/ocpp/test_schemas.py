"""Payloads that break OCPP get the right code, and no value of theirs is quoted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas

SCHEMAS = Schemas()
STATION = {"model": "M", "vendorName": "V"}
BOOT = {"reason": "PowerUp", "chargingStation": STATION}
STATUS = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 1,
          "connectorId": 1}  # fmt: skip
REASONS = (
    "ApplicationReset, FirmwareUpdate, LocalReset, PowerUp, RemoteReset, ScheduledReset, "
    "Triggered, Unknown, Watchdog"
)
SECRET = "hunter2hunter2hunter2hunter2"


def code_of(check: Any, action: str, payload: Any) -> str | None:
    """The code that the payload is refused with, None if it passes."""
    try:
        check("2.0.1", action, payload)
    except CallError as error:
        return error.code if 0 < len(error.description) <= 255 else "no reason"
    return None


def refusal(action: str, payload: Any) -> CallError:
    with pytest.raises(CallError) as error:
        SCHEMAS.check_request("2.0.1", action, payload)
    return error.value


@pytest.mark.parametrize(
    ("payload", "code", "description"),
    [
        ({}, "OccurrenceConstraintViolation", "reason: missing"),
        ({"reason": "PowerUp", "chargingStation": {"model": "M"}},
         "OccurrenceConstraintViolation", "chargingStation.vendorName: missing"),
        ({**BOOT, "customData": {}},
         "OccurrenceConstraintViolation", "customData.vendorId: missing"),
        ({**BOOT, "reason": 5}, "TypeConstraintViolation", "reason: not of type string"),
        ({**BOOT, "reason": None}, "TypeConstraintViolation", "reason: not of type string"),
        ({**BOOT, "chargingStation": {**STATION, "serialNumber": None}},
         "TypeConstraintViolation", "chargingStation.serialNumber: not of type string"),
        ({**BOOT, "reason": SECRET}, "PropertyConstraintViolation",
         "reason: not one of " + REASONS),
        ({**BOOT, "chargingStation": {**STATION, "model": SECRET}},
         "PropertyConstraintViolation", "chargingStation.model: longer than 20 characters"),
        ({**BOOT, "oddity": SECRET}, "FormatViolation", "payload: OCPP has no field oddity here"),
        ({**BOOT, "a": 1, "b\n": 2, "c" * 99: 3, "d": 4}, "FormatViolation",
         f"payload: OCPP has no field a, b?, {'c' * 40} here"),
    ],
)  # fmt: skip
def test_what_is_wrong_gets_its_code_place_and_rule(payload, code, description):
    error = refusal("BootNotification", payload)
    assert (error.code, error.description) == (code, description)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("action", "payload", "code", "description"),
    [
        ("SetVariables", {"setVariableData": []}, "OccurrenceConstraintViolation",
         "setVariableData: fewer than 1 entries"),
        ("Authorize", {"idToken": {"idToken": "x", "type": "Central"},
                       "iso15118CertificateHashData": [{}] * 5},
         "OccurrenceConstraintViolation", "iso15118CertificateHashData: more than 4 entries"),
        ("SetVariables", {"setVariableData": [{"attributeValue": SECRET, "component": {},
                                               "variable": {"name": "x"}}]},
         "OccurrenceConstraintViolation", "setVariableData[0].component.name: missing"),
        ("SetMonitoringLevel", {"severity": 2**31}, "PropertyConstraintViolation",
         "severity: more than 2147483647"),
        ("SetMonitoringLevel", {"severity": -(2**31) - 1}, "PropertyConstraintViolation",
         "severity: less than -2147483648"),
        ("SetMonitoringLevel", {"severity": True}, "TypeConstraintViolation",
         "severity: not of type integer"),
        ("StatusNotification", {**STATUS, "timestamp": SECRET}, "PropertyConstraintViolation",
         "timestamp: not a valid date-time"),
        ("StatusNotification", [], "TypeConstraintViolation", "payload: not of type object"),
    ],
)  # fmt: skip
def test_lists_numbers_and_times_too(action, payload, code, description):
    error = refusal(action, payload)
    assert (error.code, error.description) == (code, description)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    "time",
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123+05:30", "2026-01-01T00:00:00.123456789Z",
     "0001-01-01T00:00:00Z", "2026-01-01T00:00:00-00:00"],
)  # fmt: skip
def test_a_time_of_rfc_3339_passes(time):
    SCHEMAS.check_request("2.0.1", "StatusNotification", {**STATUS, "timestamp": time})


@pytest.mark.parametrize(
    "time",
    ["2026-01-01T00:00:00", "2026-01-01", "2026-01-01 00:00:00Z", "2026-13-01T00:00:00Z",
     "2026-02-30T00:00:00Z", "20260101T000000Z", "2026-W01-1T00:00:00Z", "now", "",
     "0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00Z\n",
     "٢٠٢٦-01-01T00:00:00Z"],
)  # fmt: skip
def test_any_other_time_is_refused(time):
    error = refusal("StatusNotification", {**STATUS, "timestamp": time})
    assert error.code == "PropertyConstraintViolation"


def test_of_several_faults_the_gravest_is_told():
    payload = {"reason": 5, "chargingStation": {"model": "x" * 21, "vendorName": 1, "odd": 1}}
    assert refusal("BootNotification", payload).code == "FormatViolation"


def test_custom_data_may_hold_anything_beside_its_vendor():
    custom = {"vendorId": "com.example", "anything": [1, {"deep": None}]}
    SCHEMAS.check_request("2.0.1", "Heartbeat", {"customData": custom})


def test_a_long_explanation_is_cut_to_255_characters():
    error = refusal("TriggerMessage", {"requestedMessage": "x"})
    assert len(error.description) <= 255


def test_responses_have_their_own_schema():
    SCHEMAS.check_response("2.0.1", "Reset", {"status": "Accepted"})
    with pytest.raises(CallError) as error:
        SCHEMAS.check_response("2.0.1", "Reset", {"type": "Immediate"})
    assert error.value.code == "FormatViolation"


@pytest.mark.parametrize("action", ["Nonsense", "", "../v16/schemas/Reset", "Reset\0", "x" * 500])
def test_an_unknown_action_is_not_implemented(action):
    error = refusal(action, {})
    assert error.code == "NotImplemented"


def test_an_unknown_version_is_not_implemented():
    with pytest.raises(CallError) as error:
        SCHEMAS.check_request("3.0", "Heartbeat", {})
    assert error.value.code == "NotImplemented"


@pytest.mark.parametrize(
    ("version", "action"), [("1.6", "Heartbeat"), ("2.0.1", "Heartbeat"), ("2.1", "Heartbeat")]
)
def test_the_version_is_a_parameter(version, action):
    SCHEMAS.check_request(version, action, {})


def test_every_schema_of_the_catalogue_compiles():
    for action in catalogue.actions("2.0.1"):
        for check in (SCHEMAS.check_request, SCHEMAS.check_response):
            assert code_of(check, action.name, {}) in {None, "OccurrenceConstraintViolation"}


def test_prepared_schemas_are_read_no_more(monkeypatch):
    schemas = Schemas()
    schemas.prepare("2.0.1")
    monkeypatch.setattr("citrine_py.ocpp.schemas._load", None)
    schemas.check_request("2.0.1", "BootNotification", BOOT)
    schemas.check_response("2.0.1", "Reset", {"status": "Accepted"})


def test_schemas_for_documents_are_fresh_copies():
    schema = SCHEMAS.request_schema("2.0.1", "Reset")
    assert schema["required"] == ["type"]
    schema.clear()
    assert SCHEMAS.request_schema("2.0.1", "Reset")["required"] == ["type"]
    assert "status" in SCHEMAS.response_schema("2.0.1", "Reset")["properties"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reason", "chargingStation", "model", "vendorName", "customData", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_any_payload_is_checked_or_refused_with_a_short_reason(payload):
    assert code_of(SCHEMAS.check_request, "BootNotification", payload) != "no reason"
