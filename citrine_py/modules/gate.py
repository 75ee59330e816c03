"""B02, B03: what a station may say before it is accepted.

Only BootNotification; while Pending also what we asked it for: the parts of a
report, a message we triggered. Everything else is refused with SecurityError
(B02.FR.09, B03.FR.07). Acceptance is on the station's record, so it outlives
the connection and our own restart.
"""

from __future__ import annotations

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.reports import Reports
from citrine_py.ocpp.errors import CallError
from citrine_py.ports import Call, Clock, Records

_TRIGGERED_WITHIN = 120.0
"""Seconds in which a triggered message must come."""

_TRIGGERED_AS = {
    "SignChargingStationCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
}
"""OCPP's MessageTriggerEnumType where it is not the message's own name."""


class Triggered:
    """Messages that stations were asked for by TriggerMessage (F06)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[tuple[str, str], float] = {}

    def expect(self, station: str, requested: str) -> None:
        """The next message of this kind is one that we asked for."""
        action = _TRIGGERED_AS.get(requested, requested)
        self._expected[station, action] = self._clock.monotonic() + _TRIGGERED_WITHIN

    def withdraw(self, station: str, requested: str) -> None:
        """The station will not send it."""
        self._expected.pop((station, _TRIGGERED_AS.get(requested, requested)), None)

    def take(self, station: str, action: str) -> bool:
        """Whether this message was asked for; once."""
        until = self._expected.pop((station, action), None)
        return until is not None and self._clock.monotonic() <= until


class Gate:
    """Lets a message through, or refuses it."""

    def __init__(self, records: Records, reports: Reports, triggered: Triggered) -> None:
        self._records = records
        self._reports = reports
        self._triggered = triggered

    def check(self, call: Call) -> None:
        """Raises:
        CallError: SecurityError, the station is not accepted and nobody asked for this.
        """
        if call.action == "BootNotification":
            return
        record = self._records.get(CHARGING_STATION, call.station)
        status = record.registrationStatus if record is not None else None
        if status == "Accepted":
            return
        if status == "Pending" and self._asked_for(call):
            return
        state = {None: "has not booted yet", "Pending": "is pending", "Rejected": "is rejected"}
        raise CallError(
            "SecurityError",
            f"the station {state[status]}: only BootNotification is taken before it is accepted",
        )

    def _asked_for(self, call: Call) -> bool:
        if call.action == "NotifyReport" and self._reports.asked(
            call.station, call.payload.get("requestId")
        ):
            return True
        return self._triggered.take(call.station, call.action)
