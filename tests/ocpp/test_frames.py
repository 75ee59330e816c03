"""Frames read and written: what each malformation is called."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.frames import (
    Call,
    Reply,
    Unreadable,
    call_error,
    call_frame,
    read,
    result_frame,
)


def test_a_call_is_read():
    assert read('[2,"a","Heartbeat",{}]') == Call("a", "Heartbeat", {})


def test_null_stands_for_an_empty_payload():
    """Part 4, 4.1.5: JSON allows for two notations, null or an empty object."""
    assert read('[2,"a","Heartbeat",null]') == Call("a", "Heartbeat", {})
    assert read('[3,"a",null]') == Reply("result", "a", {})


def test_replies_are_read():
    assert read('[3,"a",{"x":1}]') == Reply("result", "a", {"x": 1})
    assert read('[4,"a","NotSupported","no",{"y":2}]') == Reply(
        "error", "a", {"y": 2}, "NotSupported", "no"
    )


@pytest.mark.parametrize(
    ("text", "message_id", "code"),
    [
        ("", None, "RpcFrameworkError"),
        ("x", None, "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{}', None, "RpcFrameworkError"),
        ("{}", None, "RpcFrameworkError"),
        ('"[2]"', None, "RpcFrameworkError"),
        ("[]", None, "RpcFrameworkError"),
        ("[2]", None, "RpcFrameworkError"),
        ('[2,5,"Heartbeat",{}]', None, "RpcFrameworkError"),
        ('[2,"","Heartbeat",{}]', None, "RpcFrameworkError"),
        ('[2,null,"Heartbeat",{}]', None, "RpcFrameworkError"),
        (json.dumps([2, "i" * 37, "Heartbeat", {}]), None, "RpcFrameworkError"),
        ('["2","a","Heartbeat",{}]', "a", "RpcFrameworkError"),
        ('[2.0,"a","Heartbeat",{}]', "a", "RpcFrameworkError"),
        ('[true,"a","Heartbeat",{}]', "a", "RpcFrameworkError"),
        ('[[3],"a",{}]', "a", "RpcFrameworkError"),
        ('[{},5]', None, "RpcFrameworkError"),
        ('[1,"a"]', "a", "MessageTypeNotSupported"),
        ('[5,"a","InternalError","",{}]', "a", "MessageTypeNotSupported"),
        ('[6,"a","Heartbeat",{}]', "a", "MessageTypeNotSupported"),
        ('[-99999999999999999,"a"]', "a", "MessageTypeNotSupported"),
        ('[7,8]', None, "MessageTypeNotSupported"),
        ('[2,"a","Heartbeat",{"x":NaN}]', None, "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{"x":1e999}]', None, "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{"x":"\\ud800"}]', None, "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{"x":"\ud800"}]', None, "RpcFrameworkError"),
        ("[" * 200_000, None, "RpcFrameworkError"),
        ("[" * 100_000 + "]" * 100_000, None, "RpcFrameworkError"),
    ],
)  # fmt: skip
def test_what_is_no_frame_is_unreadable(text, message_id, code):
    frame = read(text)
    assert isinstance(frame, Unreadable)
    assert (frame.message_id, frame.fault.code) == (message_id, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[2,"a"]', "RpcFrameworkError"),
        ('[2,"a","Heartbeat"]', "RpcFrameworkError"),
        ('[2,"a","Heartbeat",{},{}]', "RpcFrameworkError"),
        ('[2,"a",5,{}]', "RpcFrameworkError"),
        ('[2,"a","Heartbeat",[]]', "FormatViolation"),
        ('[2,"a","Heartbeat","{}"]', "FormatViolation"),
        ('[2,"a","Heartbeat",0]', "FormatViolation"),
        ('[2,"a","Heartbeat",{"x":"\\u0000"}]', "FormatViolation"),
        ('[2,"a","Heartbeat",{"\\u0000":["x"]}]', "FormatViolation"),
        ('[2,"a","Heartbeat",' + '{"x":' * 400 + "1" + "}" * 400 + "]", "FormatViolation"),
        (json.dumps([2, "a", "A" * 65, {}]), "NotImplemented"),
    ],
)
def test_a_malformed_call_has_a_fault(text, code):
    frame = read(text)
    assert isinstance(frame, Call)
    assert frame.message_id == "a"
    assert frame.fault is not None
    assert frame.fault.code == code


def test_many_brackets_are_not_deep_nesting():
    text = json.dumps([2, "a", "Heartbeat", {"x": [[]] * 500, "y": "\\u0000"}])
    frame = read(text)
    assert isinstance(frame, Call)
    assert frame.fault is None


@pytest.mark.parametrize(
    "text",
    ['[3,"a"]', '[3,"a",{},{}]', '[3,"a",[]]', '[4,"a"]', '[4,"a",5,"",{}]', '[4,"a",""]',
     '[3,"a",{"x":"\\u0000"}]', '[4,"a","InternalError","\\u0000",{}]'],
)  # fmt: skip
def test_a_malformed_reply_has_a_fault(text):
    frame = read(text)
    assert isinstance(frame, Reply)
    assert (frame.message_id, frame.fault is not None) == ("a", True)


@pytest.mark.parametrize("text", ["[3,5,{}]", "[4,null]", '[3,"",{}]'])
def test_a_reply_to_nobody_has_no_message_id(text):
    frame = read(text)
    assert isinstance(frame, Reply)
    assert frame.message_id is None


def test_a_callerror_may_lack_all_but_its_code():
    assert read('[4,"a","InternalError"]') == Reply("error", "a", {}, "InternalError")
    assert read('[4,"a","InternalError",5,"x"]') == Reply("error", "a", {}, "InternalError")
    long = read(json.dumps([4, "a", "C" * 99, "d" * 999, {}, "more"]))
    assert isinstance(long, Reply)
    assert (len(long.code), len(long.description)) == (64, 255)


def test_frames_are_written_compactly():
    assert call_frame("a", "Heartbeat", {}) == '[2,"a","Heartbeat",{}]'
    assert result_frame("a", {"x": "é"}) == '[3,"a",{"x":"é"}]'
    with pytest.raises(TypeError):
        result_frame("a", {"x": object()})


def test_a_callerrors_description_has_at_most_255_characters():
    frame = json.loads(call_error("2.0.1", "a", CallError("InternalError", "x" * 999)))
    assert frame == [4, "a", "InternalError", "x" * 255, {}]


def test_details_that_are_no_json_are_left_out():
    error = CallError("InternalError", "", {"x": object()})
    assert json.loads(call_error("2.0.1", "a", error))[4] == {}


@pytest.mark.parametrize(
    ("code", "in_16"),
    [
        ("FormatViolation", "FormationViolation"),
        ("OccurrenceConstraintViolation", "OccurenceConstraintViolation"),
        ("RpcFrameworkError", "GenericError"),
        ("MessageTypeNotSupported", "GenericError"),
        ("SecurityError", "SecurityError"),
    ],
)
def test_ocpp_16_spells_codes_its_own_way(code, in_16):
    assert json.loads(call_error("1.6", "a", CallError(code)))[2] == in_16
    assert json.loads(call_error("2.0.1", "a", CallError(code)))[2] == code


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner),
)


@given(st.text() | ANY.map(json.dumps))
@settings(deadline=None)
def test_whatever_comes_is_a_frame_of_some_kind(text):
    assert isinstance(read(text), Call | Reply | Unreadable)


@given(st.lists(ANY, min_size=2, max_size=6), st.sampled_from([2, 3, 4, 5]))
@settings(deadline=None)
def test_near_frames_too(rest, message_type):
    frame = read(json.dumps([message_type, *rest]))
    assert isinstance(frame, Call | Reply | Unreadable)


def test_a_frame_survives_writing_and_reading():
    payload = {"a": [1, {"b": None}], "c": "é\n\"'"}
    assert read(call_frame("i" * 36, "X", payload)) == Call("i" * 36, "X", payload)
    assert orjson.loads(result_frame("a", payload))[2] == payload
