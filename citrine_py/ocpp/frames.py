"""Reads and writes OCPP-J frames: CALL, CALLRESULT, CALLERROR (Part 4, section 4.2).

Pure and without state. Whatever comes in becomes a Call, a Reply or Unreadable;
what is wrong with it is a `fault`, the CallError that its sender deserves. Names
no value of a payload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import orjson

from citrine_py.ocpp.errors import DESCRIPTION_LIMIT, CallError

Payload: TypeAlias = dict[str, Any]

MESSAGE_ID_LIMIT = 36
ACTION_LIMIT = 64
"""Longer than any action of any version: such a call is not even looked up."""

_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "1.6": {
        "FormatViolation": "FormationViolation",
        "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
        "MessageTypeNotSupported": "GenericError",
        "RpcFrameworkError": "GenericError",
    }
}
"""Codes that a version spells otherwise or does not have."""

_NEST_HINT = 200
"""Brackets in a text above which its nesting is measured."""


@dataclass(frozen=True, slots=True)
class Call:
    """A CALL. `fault`: it is told from others by its id, but cannot be handled; then the
    action may be empty."""

    message_id: str
    action: str = ""
    payload: Payload = field(default_factory=dict, repr=False)
    fault: CallError | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A CALLRESULT or a CALLERROR (`payload` has its details). `fault`: its message id may
    be readable, the rest is not. Nobody is ever told of a bad reply."""

    kind: Literal["result", "error"]
    message_id: str | None = None
    payload: Payload = field(default_factory=dict, repr=False)
    code: str = ""
    description: str = ""
    fault: CallError | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not a frame; its sender is told `fault`, under the message id if there is one."""

    fault: CallError
    message_id: str | None = None


Frame: TypeAlias = Call | Reply | Unreadable


def read(text: str) -> Frame:
    """Reads a message; never raises."""
    try:
        frame = orjson.loads(text)
    except (ValueError, RecursionError):
        return _unreadable("not JSON")
    if not isinstance(frame, list) or len(frame) < 2:
        return _unreadable("not a JSON array of a message type, a message id and more")
    message_type, message_id = frame[0], _message_id(frame[1])
    if type(message_type) is not int:
        return _unreadable("the message type is no integer", message_id)
    return _read_type(text, frame, message_type, message_id)


def _read_type(text: str, frame: list[Any], message_type: int, message_id: str | None) -> Frame:
    if message_id is None and message_type in {_RESULT, _ERROR}:
        return Reply("result" if message_type == _RESULT else "error")
    reader = _READERS.get(message_type)
    if reader is None:
        description = f"message type {str(message_type)[:20]}"
        return Unreadable(CallError("MessageTypeNotSupported", description), message_id)
    if message_id is None:
        return _unreadable(f"the message id is no string of 1 to {MESSAGE_ID_LIMIT} characters")
    return reader(message_id, frame, _hazard(text, frame))


def call_frame(message_id: str, action: str, payload: Payload) -> str:
    """A CALL. Raises TypeError if the payload is no JSON."""
    return orjson.dumps([_CALL, message_id, action, payload]).decode()


def result_frame(message_id: str, payload: Payload) -> str:
    """A CALLRESULT. Raises TypeError if the payload is no JSON."""
    return orjson.dumps([_RESULT, message_id, payload]).decode()


def call_error(version: str, message_id: str, error: CallError) -> str:
    """A CALLERROR, its code as `version` spells it; details that are no JSON are left out."""
    code = _SPELLINGS.get(version, {}).get(error.code, error.code)
    frame = [_ERROR, message_id, code, error.description[:DESCRIPTION_LIMIT]]
    try:
        return orjson.dumps([*frame, error.details]).decode()
    except TypeError:
        return orjson.dumps([*frame, {}]).decode()


def _message_id(value: Any) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= MESSAGE_ID_LIMIT:
        return value
    return None


def _unreadable(description: str, message_id: str | None = None) -> Unreadable:
    return Unreadable(CallError("RpcFrameworkError", description), message_id)


def _read_call(message_id: str, frame: list[Any], hazard: str | None) -> Call:
    if len(frame) != 4:
        return _bad_call(message_id, f"a CALL has 4 elements, not {len(frame)}")
    action, payload = frame[2], frame[3]
    if not isinstance(action, str):
        return _bad_call(message_id, "the action is no string")
    if len(action) > ACTION_LIMIT:
        fault = CallError("NotImplemented", "no action has so long a name")
        return Call(message_id, fault=fault)
    if payload is None:  # allowed for an empty payload (Part 4, 4.1.5)
        payload = {}
    if hazard is None and not isinstance(payload, dict):
        hazard = "the payload is no JSON object"
    if hazard is not None:
        return Call(message_id, action, fault=CallError("FormatViolation", hazard))
    return Call(message_id, action, payload)


def _bad_call(message_id: str, description: str) -> Call:
    return Call(message_id, fault=CallError("RpcFrameworkError", description))


def _read_result(message_id: str, frame: list[Any], hazard: str | None) -> Reply:
    payload: Any = frame[2] if len(frame) == 3 else ""
    if payload is None:
        payload = {}
    if hazard is None and not isinstance(payload, dict):
        hazard = "a CALLRESULT has 3 elements, the last an object"
    if hazard is not None:
        return Reply("result", message_id, fault=CallError("FormatViolation", hazard))
    return Reply("result", message_id, payload=payload)


def _read_error(message_id: str, frame: list[Any], hazard: str | None) -> Reply:
    """Lenient: a code is enough, for the request has failed in any case."""
    code, description, details = [*frame[2:5], "", "", {}][:3]
    if not isinstance(code, str) or not code:
        hazard = hazard or "a CALLERROR has 5 elements, the third a code"
    if hazard is not None:
        return Reply("error", message_id, fault=CallError("FormatViolation", hazard))
    return Reply(
        "error",
        message_id,
        payload=details if isinstance(details, dict) else {},
        code=code[:ACTION_LIMIT],
        description=description[:DESCRIPTION_LIMIT] if isinstance(description, str) else "",
    )


_CALL, _RESULT, _ERROR = 2, 3, 4
_READERS: Mapping[int, Callable[[str, list[Any], str | None], Frame]] = MappingProxyType(
    {_CALL: _read_call, _RESULT: _read_result, _ERROR: _read_error}
)


def _hazard(text: str, frame: list[Any]) -> str | None:
    """What would hurt further on though it is valid JSON: nesting deeper than a JSON
    writer takes, and NUL characters, which Postgres refuses."""
    if text.count("[") + text.count("{") > _NEST_HINT:
        try:
            orjson.dumps(frame)
        except (TypeError, RecursionError):
            return "nested too deep"
    if "\\u0000" in text and _has_nul(frame):
        return "a string holds a NUL character"
    return None


def _has_nul(frame: list[Any]) -> bool:
    nodes: list[Any] = [frame]
    while nodes:
        node = nodes.pop()
        if isinstance(node, str):
            if "\0" in node:
                return True
        elif isinstance(node, dict):
            nodes.extend(node.keys())
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
    return False
