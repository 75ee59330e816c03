"""What is asked of a charger program, besides its transaction. A refusal is an outcome too."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.people import Json

TOKEN: Json = {"idToken": "AABBCCDD", "type": "ISO14443"}
_EVSE: Json = {"id": 1, "connectorId": 1}
_PROFILE: Json = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [
        {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Step:
    """A message to the station."""

    name: str
    path: str
    payload: Json = field(default_factory=dict)


def _trigger(message: str, **more: Json) -> Step:
    wanted: Json = {"requestedMessage": message, **more}
    return Step(f"TriggerMessage {message}", "configuration/triggerMessage", wanted)


def _availability(wanted: str) -> Step:
    payload: Json = {"operationalStatus": wanted, "evse": _EVSE}
    return Step(f"ChangeAvailability {wanted}", "configuration/changeAvailability", payload)


_INTERVAL: Json = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
}

_REGISTER = "Energy.Active.Import.Register"
_METERING = {
    "TxStartedMeasurands": _REGISTER,
    "TxUpdatedMeasurands": f"{_REGISTER},Power.Active.Import",
    "TxUpdatedInterval": "5",
    "TxEndedMeasurands": _REGISTER,
}

BEFORE = (
    Step("GetBaseReport", "reporting/getBaseReport", {"reportBase": "FullInventory"}),
    Step("GetVariables", "monitoring/getVariables", {"getVariableData": [_INTERVAL]}),
    Step(
        "SetVariables",
        "monitoring/setVariables",
        {"setVariableData": [{**_INTERVAL, "attributeValue": "60"}]},
    ),
    Step(
        "SetVariables of metering",
        "monitoring/setVariables",
        {
            "setVariableData": [
                {
                    "component": {"name": "SampledDataCtrlr"},
                    "variable": {"name": name},
                    "attributeValue": value,
                }
                for name, value in _METERING.items()
            ]
        },
    ),
    _trigger("Heartbeat"),
    _trigger("StatusNotification", evse=_EVSE),
    _availability("Inoperative"),
    _availability("Operative"),
    Step("UnlockConnector", "evdriver/unlockConnector", {"evseId": 1, "connectorId": 1}),
    Step("ClearCache", "evdriver/clearCache"),
    Step("GetLocalListVersion", "evdriver/getLocalListVersion"),
    Step(
        "SendLocalList",
        "evdriver/sendLocalList",
        {
            "versionNumber": 1,
            "updateType": "Full",
            "localAuthorizationList": [
                {"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}},
            ],
        },
    ),
    Step(
        "SetChargingProfile",
        "smartcharging/setChargingProfile",
        {"evseId": 1, "chargingProfile": _PROFILE},
    ),
)
AFTER = (
    Step(
        "GetLog",
        "reporting/getLog",
        {"logType": "DiagnosticsLog", "log": {}},
    ),
    Step("Reset", "configuration/reset", {"type": "OnIdle"}),
)
