"""Bodies of a PUT for the documentation, by collection and by what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citrine_py.api.example_rows import NIGHT

EDITS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
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
            "periods": [NIGHT],
            "isDefault": True,
        },
    },
    "DeadLetter": {"retry": {"status": "Retry"}, "discard": {"status": "Discard"}},
}
