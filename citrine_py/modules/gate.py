"""B01-B03: what a station may send before it is accepted.

Only BootNotification, what we asked for by TriggerMessage, and the reports we asked
for; all else gets SecurityError (B02.FR.09, B03.FR.07). Whether it is accepted is
what its last BootNotification was answered: that outlives connections and restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.model.stations import BOOT, CHARGING_STATION
from citrine_py.modules.reports import Reports
from citrine_py.ocpp.errors import CallError
from citrine_py.ports import Call, Clock, Records

TRIGGER_LIFETIME = 60.0
"""Seconds in which a triggered message is expected."""

_TRIGGERS: Mapping[str, str] = MappingProxyType(
    {
        "SignChargingStationCertificate": "SignCertificate",
        "SignV2GCertificate": "SignCertificate",
        "SignCombinedCertificate": "SignCertificate",
    }
)
"""What TriggerMessage calls messages whose action has another name."""


class Triggered:
    """The messages that stations were asked to send (F06), each expected once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def expect(self, station: str, requested: str) -> None:
        """TriggerMessage asks for `requested`. To be told before it is sent: the message may
        follow the station's answer at once."""
        now = self._clock.monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[station, _TRIGGERS.get(requested, requested)] = now + TRIGGER_LIFETIME

    def forget(self, station: str, requested: str) -> None:
        """The station will not send it."""
        self._until.pop((station, _TRIGGERS.get(requested, requested)), None)

    def take(self, station: str, action: str) -> bool:
        """Whether `action` was asked for; from then on it is not."""
        return self._until.pop((station, action), -1.0) > self._clock.monotonic()


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets a station's call pass or not."""

    records: Records
    triggered: Triggered
    reports: Reports

    def check(self, call: Call) -> None:
        """Nothing, if the call may pass.

        Raises:
            CallError: SecurityError.
        """
        if call.action == "BootNotification":
            return
        station = self.records.get(CHARGING_STATION, call.station)
        status = station.registrationStatus if station is not None else None
        if status == "Accepted":
            return
        if status == "Pending" and self._asked_for(call):
            return
        said = f"the station is {status}" if status else "the station has not booted"
        raise CallError("SecurityError", f"{said}: only BootNotification is allowed")

    def _asked_for(self, call: Call) -> bool:
        if call.action == "NotifyReport":
            request_id = call.payload.get("requestId")
            if isinstance(request_id, int):
                boot = self.records.get(BOOT, call.station)
                if boot is not None and boot.reportRequestId == request_id:
                    return True
                return self.reports.find(call.station, request_id) is not None
        return self.triggered.take(call.station, call.action)
