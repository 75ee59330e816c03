"""Examples for the documentation: messages from OCPP's schemas, the least that is valid;
records by hand, as they are after a charger has booted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from citrine_py.api.bodies import dumps, shown
from citrine_py.model.collection import Collection
from citrine_py.model.keys import (
    authorization_key,
    certificate_key,
    connector_key,
    dead_letter_key,
    display_message_key,
    evse_key,
    job_key,
    monitoring_key,
    reservation_key,
    transaction_event_key,
    transaction_key,
    variable_attribute_key,
)

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


_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
_LOCATION = "0d2f2a0e-5a55-4a0e-9f3a-1f0f3c0b7a11"
_TARIFF = "7c9a7a54-3c1f-4a5e-9d52-2f4c8b6d1e90"
_NIGHT = {"name": "Night", "from": "22:00", "to": "06:00", "pricePerKwh": 0.3}
_MESSAGE = "4b8b6f0a-0a7c-4c62-8d0f-6f5d1f9e2c33"
_TRANSACTION = transaction_key("cp001", "7d1e")
_EVENT = transaction_event_key("cp001", "7d1e", 0, "Started", "2026-01-31T12:00:00.000Z")

REPORT_DATA = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
    "variableAttribute": [{"type": "Actual", "value": "300"}],
}

_ROWS: Mapping[str, Mapping[str, Any]] = {
    "Location": {"id": _LOCATION, "name": "North depot", "city": "Leipzig", "country": "DE"},
    "ChargingStation": {
        "id": "cp001",
        "name": "Gate 1",
        "location": _LOCATION,
        "isOnline": True,
        "registrationStatus": "Accepted",
        "protocol": "ocpp2.0.1",
        "lastSeen": _NOON,
    },
    "Boot": {
        "id": "cp001",
        "station": "cp001",
        "status": "Pending",
        "getBaseReportOnPending": True,
        "lastBootTime": _NOON,
        "lastBootStatus": "Accepted",
    },
    "Evse": {"id": evse_key("cp001", 1), "station": "cp001", "evseId": 1, "name": "left"},
    "Authorization": {
        "id": authorization_key("04A2B3C4D5E6F7", "ISO14443"),
        "idToken": "04A2B3C4D5E6F7",
        "type": "ISO14443",
        "status": "Accepted",
        "holder": "Ada Lovelace",
        "groupIdToken": "FLEET-1",
        "groupIdTokenType": "Central",
        "inLocalList": True,
    },
    "Connector": {
        "id": connector_key("cp001", 1, 1),
        "station": "cp001",
        "evse": evse_key("cp001", 1),
        "evseId": 1,
        "connectorId": 1,
        "connectorStatus": "Available",
        "connectorType": "cType2",
        "timestamp": _NOON,
    },
    "VariableAttribute": {
        "id": variable_attribute_key("cp001", "OCPPCommCtrlr", "HeartbeatInterval"),
        "station": "cp001",
        "component": "OCPPCommCtrlr",
        "variable": "HeartbeatInterval",
        "type": "Actual",
        "value": "300",
        "mutability": "ReadWrite",
    },
    "Tariff": {
        "id": _TARIFF,
        "name": "City day and night",
        "currency": "EUR",
        "pricePerKwh": Decimal("0.45"),
        "pricePerMinIdle": Decimal("0.1"),
        "idleGraceMinutes": 10,
        "taxRate": Decimal(19),
        "pricesIncludeTax": True,
        "periods": [_NIGHT],
        "timeZone": "Europe/Berlin",
        "isDefault": True,
    },
    "StatusNotification": {
        "id": _MESSAGE,
        "station": "cp001",
        "connector": connector_key("cp001", 1, 1),
        "evseId": 1,
        "connectorId": 1,
        "connectorStatus": "Available",
        "timestamp": _NOON,
    },
    "StationEvent": {
        "id": _MESSAGE,
        "station": "cp001",
        "timestamp": _NOON,
        "kind": "Security",
        "type": "SettingSystemTime",
    },
    "Reservation": {
        "id": reservation_key("cp001", 7),
        "station": "cp001",
        "reservationId": 7,
        "status": "Active",
        "statusInfo": "Accepted",
        "idToken": "04A2B3C4D5E6F7",
        "idTokenType": "ISO14443",
        "evseId": 1,
        "expiryDateTime": _NOON,
        "timestamp": _NOON,
    },
    "Certificate": {
        "id": certificate_key("cp001", "ChargingStationCertificate", "1"),
        "station": "cp001",
        "certificateType": "ChargingStationCertificate",
        "status": "Accepted",
        "subject": "CN=cp001,O=Fleet",
        "issuer": "CN=Fleet CA",
        "serialNumber": "4f1a",
        "notAfter": _NOON,
        "validity": "EndsSoon",
    },
    "Job": {
        "id": job_key("cp001", "UpdateFirmware", 7),
        "station": "cp001",
        "action": "UpdateFirmware",
        "parameters": {
            "requestId": 7,
            "firmware": {"location": "https://example.com/f.bin", "retrieveDateTime": _NOON},
        },
        "status": "Running",
        "progress": "Downloading",
        "info": "Accepted",
        "requestId": 7,
        "askedAt": _NOON,
        "sentAt": _NOON,
        "timestamp": _NOON,
        "history": [{"at": _NOON, "status": "Downloading"}],
    },
    "VariableMonitoring": {
        "id": monitoring_key("cp001", 3),
        "station": "cp001",
        "monitorId": 3,
        "component": "EVSE",
        "evseId": 1,
        "variable": "Power",
        "type": "UpperThreshold",
        "value": 22000.0,
        "severity": 4,
        "transaction": False,
        "timestamp": _NOON,
    },
    "DisplayMessage": {
        "id": display_message_key("cp001", 5),
        "station": "cp001",
        "messageId": 5,
        "priority": "NormalCycle",
        "content": "Open until 22:00",
        "format": "UTF8",
        "language": "en",
        "timestamp": _NOON,
    },
    "OcppMessage": {
        "id": _MESSAGE,
        "station": "cp001",
        "timestamp": _NOON,
        "direction": "in",
        "type": "CALL",
        "action": "Heartbeat",
        "messageId": "1",
        "payload": {},
        "protocol": "ocpp2.0.1",
    },
    "Transaction": {
        "id": _TRANSACTION,
        "station": "cp001",
        "transactionId": "7d1e",
        "isActive": False,
        "chargingState": "EVConnected",
        "stoppedReason": "EVDisconnected",
        "evse": evse_key("cp001", 1),
        "evseId": 1,
        "connectorId": 1,
        "idToken": "04AA",
        "idTokenType": "ISO14443",
        "startedAt": _NOON,
        "endedAt": _NOON,
        "energyWh": 8000,
        "totalKwh": 8,
        "totalCost": 3.6,
        "currency": "EUR",
    },
    "TransactionEvent": {
        "id": _EVENT,
        "station": "cp001",
        "transaction": _TRANSACTION,
        "transactionId": "7d1e",
        "seqNo": 0,
        "eventType": "Started",
        "triggerReason": "Authorized",
        "timestamp": _NOON,
        "receivedAt": _NOON,
        "offline": False,
        "idToken": "04AA",
        "idTokenStatus": "Accepted",
    },
    "MeterValue": {
        "id": _MESSAGE,
        "station": "cp001",
        "transaction": _TRANSACTION,
        "transactionEvent": _EVENT,
        "evseId": 1,
        "timestamp": _NOON,
        "receivedAt": _NOON,
        "context": "Transaction.Begin",
        "energyImport": 1000,
        "sampledValue": [{"value": 1000, "context": "Transaction.Begin"}],
    },
    "DeadLetter": {
        "id": dead_letter_key("StationEvent", _MESSAGE),
        "collection": "StationEvent",
        "item": _MESSAGE,
        "station": "cp001",
        "change": "Put",
        "payload": {"station": "cp001", "kind": "Security", "type": "SettingSystemTime"},
        "reason": 'A record that it belongs to is missing: Invalid foreign key "cp001" for field '
        '"station" in collection "StationEvent".',
        "code": "INVALID_FOREIGN_KEY",
        "firstRefusedAt": _NOON,
        "lastRefusedAt": _NOON,
        "timesRefused": 1,
        "status": "Open",
    },
}
_EDITS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "Location": {"address": {"name": "North depot", "city": "Leipzig", "country": "DE"}},
    "ChargingStation": {"name": {"name": "Gate 1"}, "new": {}},
    "Boot": {
        "pending": {"status": "Pending"},
        "pending with report": {"status": "Pending", "getBaseReportOnPending": True},
        "pending with variables": {
            "status": "Pending",
            "pendingBootSetVariables": [
                {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "300"}
            ],
        },
        "heartbeat": {"heartbeatInterval": 300},
    },
    "Evse": {"name": {"name": "left"}},
    "Connector": {"type": {"connectorType": "cType2"}},
    "Tariff": {
        "for a station": {
            "stationId": "cp001",
            "currency": "EUR",
            "pricePerKwh": 0.45,
            "pricePerMin": 0.02,
            "pricePerSession": 1,
            "authorizationAmount": 60,
            "paymentFee": 0.3,
            "taxRate": 19,
        },
        "for all, cheaper at night": {
            "name": "City day and night",
            "currency": "EUR",
            "pricePerKwh": 0.45,
            "timeZone": "Europe/Berlin",
            "periods": [_NIGHT],
            "isDefault": True,
        },
    },
    "DeadLetter": {"retry": {"status": "Retry"}, "discard": {"status": "Discard"}},
}


def row_of(collection: Collection[Any]) -> dict[str, Any]:
    """A row of a collection as the API answers it."""
    row = shown(collection.record.model_validate(_ROWS[collection.name]))
    plain: dict[str, Any] = orjson.loads(dumps(row))
    return plain


def edits_of(collection: Collection[Any]) -> Mapping[str, Mapping[str, Any]]:
    """Bodies of a PUT, by what they do."""
    return _EDITS[collection.name]
