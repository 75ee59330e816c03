"""Every frame, readable and without secrets."""

from __future__ import annotations

import json

import pytest

from citrine_py.model.operations import OCPP_MESSAGE, OcppMessage
from citrine_py.modules.message_log import fields_of
from tests.fakes import T0
from tests.modules.world import STATION, World, setting


def logged(text: str, action: str | None) -> OcppMessage:
    world = World()
    assert world.session is not None
    world.rules.frames.frame(world.session, "in", text, action)
    (row,) = world.records.all(OCPP_MESSAGE)
    assert world.records.written == []
    return row


def test_a_call_is_kept_as_it_is() -> None:
    row = logged('[2,"m1","Heartbeat",{}]', "Heartbeat")
    assert (row.station, row.timestamp, row.direction) == (STATION, T0, "in")
    assert (row.type, row.action, row.messageId, row.payload) == ("CALL", "Heartbeat", "m1", {})
    assert row.protocol == "ocpp2.0.1"


def test_an_answer_has_its_calls_action() -> None:
    row = logged('[3,"m1",{"a":1}]', "Heartbeat")
    assert (row.type, row.action, row.payload) == ("CALLRESULT", "Heartbeat", {"a": 1})


def test_an_error_is_kept_with_its_parts() -> None:
    row = logged('[4,"m1","InternalError","oops",{"a":1}]', None)
    assert (row.type, row.action) == ("CALLERROR", None)
    assert row.payload == {
        "errorCode": "InternalError",
        "errorDescription": "oops",
        "errorDetails": {"a": 1},
    }


@pytest.mark.parametrize("text", ["", "no json", "{}", "[]", "[9]", "[2]", '[3,"x"]', "[[],1,2]"])
def test_anything_else_is_kept_as_unreadable(text: str) -> None:
    assert fields_of(text) == {"type": "Unreadable", "payload": text}


def test_secrets_are_struck_out() -> None:
    password = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"
    payload = {"setVariableData": [setting("SecurityCtrlr", "BasicAuthPassword", password)]}
    row = logged(json.dumps([2, "m1", "SetVariables", payload]), "SetVariables")
    assert password not in repr(row)
    assert row.type == "CALL"


def test_a_full_journal_is_in_nobodys_way() -> None:
    world = World()
    assert world.session is not None
    world.records.full = True
    world.rules.frames.frame(world.session, "out", '[3,"m1",{}]', "Heartbeat")
    assert world.records.all(OCPP_MESSAGE) == []
