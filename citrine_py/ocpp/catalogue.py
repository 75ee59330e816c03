"""Every OCPP message as data: who sends it, its functional block, its API path.

Routes, OpenAPI, flows and the simulator derive from these rows; which handler
answers a message is told in `modules/bindings.py`, not here. Another version of
OCPP is another table in `_ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

Sender: TypeAlias = Literal["station", "csms", "both"]

VERSIONS: Mapping[str, str] = MappingProxyType(
    {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}
)
"""OCPP's version by websocket subprotocol (Part 4, table 1)."""


@dataclass(frozen=True, slots=True)
class Action:
    """One message. `block` is the letter of OCPP's functional block; `module` the first
    part of its API path, for messages that a CSMS sends."""

    name: str
    version: str
    block: str
    sender: Sender
    module: str | None = None

    @property
    def path(self) -> str | None:
        """`<module>/<action>` in lower camel case, e.g. `monitoring/setVariables`."""
        if self.module is None:
            return None
        return f"{self.module}/{self.name[0].lower()}{self.name[1:]}"

    @property
    def received(self) -> bool:
        """Whether a station sends it to us."""
        return self.sender != "csms"

    @property
    def sent(self) -> bool:
        """Whether we send it to stations."""
        return self.sender != "station"


# block, module, names; module is None for what stations send
_Rows: TypeAlias = tuple[tuple[str, str | None, str], ...]

_OCPP201: _Rows = (
    ("A", None, "SecurityEventNotification SignCertificate"),
    ("A", "certificates", "CertificateSigned"),
    ("B", None, "BootNotification NotifyReport"),
    ("B", "configuration", "Reset SetNetworkProfile"),
    ("B", "monitoring", "GetVariables SetVariables"),
    ("B", "reporting", "GetBaseReport GetReport"),
    ("C", None, "Authorize"),
    ("C", "evdriver", "ClearCache"),
    ("D", "evdriver", "GetLocalListVersion SendLocalList"),
    ("E", None, "TransactionEvent"),
    ("E", "transactions", "GetTransactionStatus"),
    ("F", "configuration", "TriggerMessage"),
    ("F", "evdriver", "RequestStartTransaction RequestStopTransaction UnlockConnector"),
    ("G", None, "Heartbeat StatusNotification"),
    ("G", "configuration", "ChangeAvailability"),
    ("H", None, "ReservationStatusUpdate"),
    ("H", "evdriver", "CancelReservation ReserveNow"),
    ("I", "transactions", "CostUpdated"),
    ("J", None, "MeterValues"),
    ("K", None, "ClearedChargingLimit NotifyChargingLimit NotifyEVChargingNeeds"),
    ("K", None, "NotifyEVChargingSchedule ReportChargingProfiles"),
    ("K", "smartcharging", "ClearChargingProfile GetChargingProfiles GetCompositeSchedule"),
    ("K", "smartcharging", "SetChargingProfile"),
    ("L", None, "FirmwareStatusNotification PublishFirmwareStatusNotification"),
    ("L", "configuration", "PublishFirmware UnpublishFirmware UpdateFirmware"),
    ("M", None, "Get15118EVCertificate GetCertificateStatus"),
    ("M", "certificates", "DeleteCertificate GetInstalledCertificateIds InstallCertificate"),
    ("N", None, "LogStatusNotification NotifyCustomerInformation NotifyEvent"),
    ("N", None, "NotifyMonitoringReport"),
    ("N", "monitoring", "ClearVariableMonitoring SetMonitoringBase SetMonitoringLevel"),
    ("N", "monitoring", "SetVariableMonitoring"),
    ("N", "reporting", "CustomerInformation GetLog GetMonitoringReport"),
    ("O", None, "NotifyDisplayMessages"),
    ("O", "configuration", "ClearDisplayMessage GetDisplayMessages SetDisplayMessage"),
    ("P", "configuration", "DataTransfer"),
)

_BOTH_WAYS = frozenset({"DataTransfer"})


def _table(version: str, rows: _Rows) -> Mapping[str, Action]:
    table: dict[str, Action] = {}
    for block, module, names in rows:
        for name in names.split():
            sender: Sender = "station" if module is None else "csms"
            if name in _BOTH_WAYS:
                sender = "both"
            table[name] = Action(name, version, block, sender, module)
    return MappingProxyType(table)


_ACTIONS: Mapping[str, Mapping[str, Action]] = MappingProxyType(
    {"2.0.1": _table("2.0.1", _OCPP201)}
)


def actions(version: str) -> tuple[Action, ...]:
    """All messages of an OCPP version; none of a version that has no rows yet."""
    return tuple(_ACTIONS.get(version, {}).values())


def find(version: str, name: str) -> Action | None:
    """The message called `name` (as in a CALL: case-sensitive, without "Request")."""
    return _ACTIONS.get(version, {}).get(name)


def sendable(version: str) -> tuple[Action, ...]:
    """What a CSMS sends to stations; each has a `path`."""
    return tuple(action for action in actions(version) if action.sent)


def receivable(version: str) -> tuple[Action, ...]:
    """What stations send to a CSMS."""
    return tuple(action for action in actions(version) if action.received)


def by_path(version: str, path: str) -> Action | None:
    """The message sent under an API path such as `monitoring/setVariables`."""
    return next((action for action in sendable(version) if action.path == path), None)


NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        "RequestStartTransaction": "remoteStartId",
        "ReserveNow": "id",
        **dict.fromkeys(
            (
                "CustomerInformation",
                "GetBaseReport",
                "GetChargingProfiles",
                "GetDisplayMessages",
                "GetLog",
                "GetMonitoringReport",
                "GetReport",
                "PublishFirmware",
                "UpdateFirmware",
            ),
            "requestId",
        ),
    }
)
"""By action, the field with a number of ours, which may be left out by who asks us to send it."""


def stood_in(action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """`payload` with something in the place of what may be left out, to be held to the schema:
    a number of ours, those of a charging profile, and the address for a log's upload."""
    whole = dict(payload)
    number = NUMBERS.get(action)
    if number is not None:
        whole.setdefault(number, 0)
    if action == "GetLog" and isinstance(whole.get("log", {}), dict):
        whole["log"] = {"remoteLocation": "https://", **whole.get("log", {})}
    if action in WITH_PROFILE and isinstance(whole.get("chargingProfile"), dict):
        whole["chargingProfile"] = numbered_profile(whole["chargingProfile"], 0)
    return whole


WITH_PROFILE = frozenset({"RequestStartTransaction", "SetChargingProfile"})
"""Messages with a charging profile, whose ids may be left out as `NUMBERS` may."""


def numbered_profile(profile: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A charging profile with ids for itself and its schedules where it has none: `number` and
    those that follow it."""
    whole: dict[str, Any] = {"id": number, **profile}
    schedules = whole.get("chargingSchedule")
    if isinstance(schedules, list):
        whole["chargingSchedule"] = [
            {"id": whole["id"] + place, **each}
            if isinstance(each, dict) and isinstance(whole["id"], int)
            else each
            for place, each in enumerate(schedules)
        ]
    return whole
