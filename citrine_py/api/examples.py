"""Examples for the documentation: messages from OCPP's schemas, the least that is valid;
records by hand, in `example_rows` and `example_edits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from citrine_py.api.bodies import dumps, shown
from citrine_py.api.example_edits import EDITS
from citrine_py.api.example_rows import ROWS
from citrine_py.model.collection import Collection

_CHOSEN: dict[str, dict[str, Any]] = {
    "Reset": {"type": "OnIdle"},
    "GetBaseReport": {"requestId": 1, "reportBase": "FullInventory"},
    "TriggerMessage": {"requestedMessage": "BootNotification"},
    "ChangeAvailability": {"operationalStatus": "Inoperative", "evse": {"id": 1}},
    "GetTransactionStatus": {"transactionId": "7d1e"},
    "GetVariables": {
        "getVariableData": [
            {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
        ]
    },
    "SetVariables": {
        "setVariableData": [
            {
                "component": {"name": "OCPPCommCtrlr"},
                "variable": {"name": "HeartbeatInterval"},
                "attributeValue": "300",
            }
        ]
    },
}

_BY_FORMAT = {"date-time": "2026-01-31T12:00:00.000Z", "uri": "https://example.com"}


def example_of(schema: dict[str, Any], action: str | None = None) -> Any:
    """A valid value of an OCPP schema; for some actions a telling one."""
    if action in _CHOSEN:
        return _CHOSEN[action]
    return _value(schema, schema.get("definitions", {}))


def _value(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _value(properties[name], definitions) for name in schema.get("required", ())}
    if kind == "array":
        return [_value(schema["items"], definitions)] * max(1, schema.get("minItems", 1))
    if kind in {"integer", "number"}:
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    text = _BY_FORMAT.get(schema.get("format", ""), "text")
    return text[: schema.get("maxLength", len(text))]


REPORT_DATA = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
    "variableAttribute": [{"type": "Actual", "value": "300"}],
}


def row_of(collection: Collection[Any]) -> dict[str, Any]:
    """A row of a collection as the API answers it."""
    row = shown(collection.record.model_validate(ROWS[collection.name]))
    plain: dict[str, Any] = orjson.loads(dumps(row))
    return plain


def edits_of(collection: Collection[Any]) -> Mapping[str, Mapping[str, Any]]:
    """Bodies of a PUT, by what they do."""
    return EDITS[collection.name]
