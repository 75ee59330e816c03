"""OCPP's JSON schemas, compiled, and what a violation of them is called in OCPP.

The files are those of the `ocpp` package. A violation becomes a CallError that
names the place and the rule, never the value: it may be a secret.

    what is wrong                                       code (Part 4, table 8)
    a field that OCPP does not have                     FormatViolation
    a required field missing, too few or many entries   OccurrenceConstraintViolation
    another JSON type than the field's, null included   TypeConstraintViolation
    a value outside enum, length, range or dateTime     PropertyConstraintViolation

Of several, the first in this order is told. `null`, `{}` and `[]` for a field left
out are not allowed (Part 4, 4.1.5) and fall under the rows above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import jsonschema_rs
import orjson

from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError, ErrorCode

Kind: TypeAlias = Literal["request", "response"]

_FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
_NAME = re.compile(r"[A-Za-z0-9]{1,64}")

_INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
"""The range of OCPP's integer type, which its schemas leave out."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

_CODES: dict[str, ErrorCode] = {
    "additionalProperties": "FormatViolation",
    "required": "OccurrenceConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "maxItems": "OccurrenceConstraintViolation",
    "type": "TypeConstraintViolation",
}
_RANK: dict[ErrorCode, int] = {
    "FormatViolation": 0,
    "OccurrenceConstraintViolation": 1,
    "TypeConstraintViolation": 2,
    "PropertyConstraintViolation": 3,
}


class Schemas:
    """Checks payloads; each schema is compiled once, when it is first needed or by `prepare`."""

    def __init__(self) -> None:
        self._validators: dict[tuple[str, str, Kind], jsonschema_rs.Validator] = {}

    def check_request(self, version: str, action: str, payload: object) -> None:
        """Checks the payload of a CALL.

        Raises:
            CallError: NotImplemented for an unknown action, else as in the table above.
        """
        self._check(version, action, "request", payload)

    def check_response(self, version: str, action: str, payload: object) -> None:
        """Checks the payload of a CALLRESULT to `action`. Raises as `check_request`."""
        self._check(version, action, "response", payload)

    def request_schema(self, version: str, action: str) -> dict[str, Any]:
        """The JSON schema of a request, a fresh copy.

        Raises:
            CallError: NotImplemented, there is no such action.
        """
        return _load(version, action, "request")

    def response_schema(self, version: str, action: str) -> dict[str, Any]:
        """The JSON schema of a response, a fresh copy. Raises as `request_schema`."""
        return _load(version, action, "response")

    def prepare(self, version: str) -> None:
        """Compiles the schemas of the whole catalogue (about 0.1 s), so that no message has
        to wait for a file to be read."""
        for action in catalogue.actions(version):
            self._validator(version, action.name, "request")
            self._validator(version, action.name, "response")

    def _check(self, version: str, action: str, kind: Kind, payload: object) -> None:
        validator = self._validators.get((version, action, kind))
        if validator is None:
            validator = self._validator(version, action, kind)
        if not validator.is_valid(payload):
            raise _explain(validator.iter_errors(payload))

    def _validator(self, version: str, action: str, kind: Kind) -> jsonschema_rs.Validator:
        validator = jsonschema_rs.validator_for(
            _load(version, action, kind),
            validate_formats=True,
            formats={"date-time": _is_date_time},
        )
        self._validators[version, action, kind] = validator
        return validator


def _load(version: str, action: str, kind: Kind) -> dict[str, Any]:
    folder = _FOLDERS.get(version)
    suffix = "Response" if kind == "response" else "" if version == "1.6" else "Request"
    if folder is not None and _NAME.fullmatch(action):
        file = files("ocpp") / folder / "schemas" / f"{action}{suffix}.json"
        if file.is_file():
            schema: dict[str, Any] = orjson.loads(file.read_text("utf-8-sig"))
            _bound_integers(schema)
            return schema
    raise CallError("NotImplemented", f"{action[:64]} is not a message of OCPP {version}")


def _bound_integers(schema: Any) -> None:
    """Adds the range of OCPP's integer where a schema leaves it open, so that no number
    gets in that a database column cannot hold."""
    nodes = [schema]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get("type") == "integer":
                for keyword, limit in _INT32.items():
                    node.setdefault(keyword, limit)
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)


def _is_date_time(text: str) -> bool:
    """Whether it is RFC 3339 with a time zone, and a moment that Python can tell in UTC."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _explain(errors: Iterable[jsonschema_rs.ValidationError]) -> CallError:
    """The gravest violation; of equal ones the first."""
    worst = min(errors, key=lambda error: _RANK[_code(error)])
    return CallError(_code(worst), _describe(worst))


def _code(error: jsonschema_rs.ValidationError) -> ErrorCode:
    return _CODES.get(error.kind.name, "PropertyConstraintViolation")


def _describe(error: jsonschema_rs.ValidationError) -> str:
    """`chargingStation.model: longer than 20 characters`: place and rule, no value."""
    place = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path
    )
    place = place.removeprefix(".")[:120]
    rule, limit = error.kind.name, error.kind.value
    if rule == "required":
        return f"{place}.{limit}: missing".removeprefix(".")
    if rule == "additionalProperties":
        names = ", ".join(_shown(str(name)) for name in limit[:3])
        return f"{place or 'payload'}: OCPP has no field {names} here"
    return f"{place or 'payload'}: {_rule(rule, limit)}"


def _rule(rule: str, limit: Any) -> str:
    texts = {
        "minItems": "fewer than {} entries",
        "maxItems": "more than {} entries",
        "maxLength": "longer than {} characters",
        "minLength": "shorter than {} characters",
        "minimum": "less than {}",
        "maximum": "more than {}",
        "multipleOf": "not a multiple of {}",
        "format": "not a valid {}",
    }
    if rule == "type":
        return "not of type " + " or ".join(limit)
    if rule == "enum":
        return "not one of " + ", ".join(str(option) for option in limit)
    return texts.get(rule, "breaks the rule " + rule).format(limit)


def _shown(name: str) -> str:
    """A field's name as the other side wrote it, short and printable."""
    return "".join(c if c.isprintable() else "?" for c in name[:40])
