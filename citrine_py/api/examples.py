"""Examples for the documentation, made from OCPP's schemas: the least that is valid."""

from __future__ import annotations

from typing import Any

_CHOSEN: dict[str, dict[str, Any]] = {
    "Reset": {"type": "OnIdle"},
    "GetBaseReport": {"requestId": 1, "reportBase": "FullInventory"},
    "TriggerMessage": {"requestedMessage": "BootNotification"},
    "ChangeAvailability": {"operationalStatus": "Inoperative", "evse": {"id": 1}},
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
