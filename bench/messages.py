"""The messages that the chargers of the benchmarks send, as OCPP-J text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from citrine_py.model.times import iso

VARIABLES = 20
"""Variables in a NotifyReport, so that 50 of them report 1,000."""


def call(message_id: str, action: str, payload: dict[str, Any]) -> str:
    """A CALL."""
    return orjson.dumps([2, message_id, action, payload]).decode()


def boot() -> dict[str, Any]:
    """A BootNotification's payload."""
    station = {"model": "Bench", "vendorName": "citrine-py"}
    return {"reason": "PowerUp", "chargingStation": station}


def heartbeat(_label: str, _number: int) -> dict[str, Any]:
    return {}


def status(_label: str, number: int) -> dict[str, Any]:
    """A StatusNotification of the one connector, which is another each time."""
    return {
        "timestamp": iso(datetime.now(UTC)),
        "connectorStatus": "Occupied" if number % 2 else "Available",
        "evseId": 1,
        "connectorId": 1,
    }


def event(_label: str, number: int) -> dict[str, Any]:
    """A NotifyEvent of one event."""
    now = iso(datetime.now(UTC))
    data = {
        "eventId": number,
        "timestamp": now,
        "trigger": "Delta",
        "actualValue": str(number),
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ChargingStation"},
        "variable": {"name": "Temperature"},
    }
    return {"generatedAt": now, "seqNo": 0, "eventData": [data]}


def report(label: str, number: int) -> dict[str, Any]:
    """A NotifyReport of 20 variables; those of another label or number are others."""
    characteristics = {"dataType": "integer", "unit": "W", "supportsMonitoring": False}
    data = [
        {
            "component": {"name": f"Bench{label}"},
            "variable": {"name": f"Variable{number * VARIABLES + each}"},
            "variableAttribute": [{"type": "Actual", "value": str(each), "mutability": "ReadOnly"}],
            "variableCharacteristics": characteristics,
        }
        for each in range(VARIABLES)
    ]
    return {
        "requestId": 1,
        "generatedAt": iso(datetime.now(UTC)),
        "seqNo": number,
        "tbc": True,
        "reportData": data,
    }


PAYLOADS: dict[str, Callable[[str, int], dict[str, Any]]] = {
    "Heartbeat": heartbeat,
    "StatusNotification": status,
    "NotifyEvent": event,
    "NotifyReport": report,
}
"""By action: the payload of the message with this number, in a round with this label."""
