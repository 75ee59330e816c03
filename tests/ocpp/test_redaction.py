"""No secret gets through to where messages are written down, and nothing else changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.ocpp.redaction import STRUCK_OUT, UNREADABLE_KEPT, redact, redact_frame

SECRET = "hunter2-hunter2-hunter2"
PASSWORD = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
PROFILE = {
    "configurationSlot": 1,
    "connectionData": {
        "ocppCsmsUrl": "wss://csms.example.com/ocpp",
        "securityProfile": 1,
        "apn": {"apn": "internet", "apnUserName": "u", "apnPassword": SECRET, "simPin": 1234},
        "vpn": {"server": "s", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"},
    },
}


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("SetVariables", {"setVariableData": [{**PASSWORD, "attributeValue": SECRET}]}),
        ("GetVariables", {"getVariableResult": [{**PASSWORD, "attributeStatus": "Accepted",
                                                 "attributeValue": SECRET}]}),
        ("NotifyReport", {"requestId": 1, "reportData": [
            {**PASSWORD, "variableAttribute": [{"type": "Actual", "value": SECRET}, None]}]}),
        ("NotifyEvent", {"eventData": [{**PASSWORD, "actualValue": SECRET}]}),
        ("SetVariables", {"setVariableData": [
            {"component": {"name": "x"}, "variable": {"name": "basicauthPASSWORD"},
             "attributeValue": SECRET}]}),
        ("SetVariables", {"setVariableData": [
            {"component": {"name": "NetworkConfiguration"}, "variable": {"name": "VpnKey"},
             "attributeValue": SECRET}]}),
        ("GetLog", {"log": {"remoteLocation": f"http://csms/files/logs/{SECRET}/x.log"}}),
        ("SetNetworkProfile", PROFILE),
        ("SetNetworkProfile", {"connectionData": {"basicAuthPassword": SECRET}}),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET}),
        ("GetConfiguration", {"configurationKey": [{"key": "AuthorizationKey", "value": SECRET}]}),
        ("DataTransfer", {"vendorId": "x", "data": f"password={SECRET}"}),
        ("DataTransfer", {"vendorId": "x", "data": {"sharedSecret": SECRET}}),
        ("GetLog", {"log": {"remoteLocation": f"ftp://user:{SECRET}@logs.example.com/x"}}),
        (None, {"anything": f"the password is {SECRET}"}),
    ],
)  # fmt: skip
def test_a_secret_is_struck_out_of_payload_and_frame(action: str, payload: dict[str, Any]):
    before = json.dumps(payload)
    redacted = redact(action, payload)
    assert SECRET not in json.dumps(redacted)
    assert STRUCK_OUT in json.dumps(redacted)
    assert json.dumps(payload) == before
    for frame in ([2, "1", action or "?", payload], [3, "1", payload]):
        text = redact_frame(json.dumps(frame), action)
        assert SECRET not in text
        assert json.loads(text)[-1] == redacted


def test_the_rest_of_a_payload_with_a_secret_stays():
    redacted = redact("SetNetworkProfile", PROFILE)
    data = redacted["connectionData"]
    assert data["ocppCsmsUrl"] == "wss://csms.example.com/ocpp"
    assert data["apn"] == {"apn": "internet", "apnUserName": "u", "apnPassword": STRUCK_OUT,
                           "simPin": STRUCK_OUT}  # fmt: skip
    assert data["vpn"] == {"server": "s", "user": "u", "password": STRUCK_OUT, "key": STRUCK_OUT,
                           "type": "IPSec"}  # fmt: skip


def test_a_value_beside_a_secret_stays():
    other = {"variable": {"name": "Interval"}, "attributeValue": "60"}
    payload = {"setVariableData": [other, {**PASSWORD, "attributeValue": SECRET}]}
    assert redact("SetVariables", payload)["setVariableData"][0] == other


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"variable": "password-free", "key": 5},
        {"vpn": {"server": "s"}, "list": [1, [None], "x"]},
        {"vpn": "none", "url": "https://example.com/a@b", "mail": "a@b"},
        {"techInfo": "wrong password entered"},
    ],
)
def test_a_payload_without_secrets_is_handed_back_itself(payload):
    assert redact("NotifyEvent", payload) is payload


def test_a_frame_without_secrets_is_handed_back_itself():
    for text in (
        '[2,"1","Heartbeat",{}]',
        '[3,"1",{"note":"\\u00e9"}]',
        '[3,"1",{"url":"a://b/c@d"}]',
    ):
        assert redact_frame(text, "Heartbeat") is text


def test_escapes_hide_no_secret():
    text = f'[2,"1","SetNetworkProfile",{{"p\\u0061ssword":"{SECRET}"}}]'
    assert SECRET not in redact_frame(text, "SetNetworkProfile")


def test_an_unreadable_frame_is_cut_short_and_struck_out_if_it_names_a_secret():
    assert redact_frame("{" * 40, None) == "{" * 40
    long = redact_frame("{" * 4000, None)
    assert long == "{" * UNREADABLE_KEPT + "... (4000 characters)"
    assert SECRET not in redact_frame(f'[2,"1","X",{{"password":"{SECRET}"', None)
    assert SECRET not in redact_frame(f"GET ftp://user:{SECRET}@host/", None)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["variable", "name", "key", "value", "vpn", "password", "variableAttribute",
                     "attributeValue"]), x)))  # fmt: skip
def test_whatever_the_shape_nothing_under_a_secrets_name_survives(node):
    def secret_free(part: Any) -> bool:
        if isinstance(part, dict):
            return part.get("password", STRUCK_OUT) == STRUCK_OUT and all(
                map(secret_free, part.values())
            )
        return all(map(secret_free, part)) if isinstance(part, list) else True

    assert secret_free(redact("SetVariables", {"x": node}))


def test_what_is_told_of_a_customer_is_not_in_the_message_log() -> None:
    """N09: it stands on the job that asked for it."""
    told = {"data": "Jane Doe, 04A2B3", "seqNo": 0, "requestId": 1, "generatedAt": "x"}
    frame = json.dumps([2, "1", "NotifyCustomerInformation", told])
    kept = json.loads(redact_frame(frame, "NotifyCustomerInformation"))
    assert kept == [2, "1", "NotifyCustomerInformation", {**told, "data": STRUCK_OUT}]
    answer = '[3,"1",{}]'
    assert json.loads(redact_frame(answer, "NotifyCustomerInformation")) == json.loads(answer)
