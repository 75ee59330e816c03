"""F06: TriggerMessage. Lenient as many stations are: without an EVSE, all of them are told.

No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from citrine_py.simulator.availability import Availability
from citrine_py.simulator.certificates import Certificates
from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Boot, Payload
from citrine_py.simulator.firmware import Firmware
from citrine_py.simulator.logs import Logs
from citrine_py.simulator.outlet import Outlet


class Triggers:
    """What a station tells when it is asked to."""

    def __init__(
        self,
        core: Core,
        outlets: Sequence[Outlet],
        *,
        availability: Availability,
        firmware: Firmware,
        logs: Logs,
        certificates: Certificates,
    ) -> None:
        self._core = core
        self._outlets = outlets
        self._availability = availability
        self._tellers: dict[str, Callable[[list[Outlet]], bool]] = {
            "BootNotification": self._boot,
            "StatusNotification": self._statuses,
            "MeterValues": self._meters,
            "TransactionEvent": self._transactions,
            "Heartbeat": lambda _: self._tell("Heartbeat", {}),
            "LogStatusNotification": lambda _: self._tell("LogStatusNotification", logs.status()),
            "FirmwareStatusNotification": lambda _: self._tell(
                "FirmwareStatusNotification", firmware.status()
            ),
            "PublishFirmwareStatusNotification": lambda _: self._tell(
                "PublishFirmwareStatusNotification", firmware.publishing()
            ),
            "SignChargingStationCertificate": lambda _: certificates.ask_for(
                "ChargingStationCertificate"
            ),
            "SignV2GCertificate": lambda _: certificates.ask_for("V2GCertificate"),
        }

    @property
    def answers(self) -> Answers:
        return {"TriggerMessage": self._trigger}

    def _trigger(self, asked: Payload) -> Payload:
        teller = self._tellers.get(asked["requestedMessage"])
        if teller is None:
            return {"status": "NotImplemented"}
        evse = asked.get("evse", {})
        meant = [it for it in self._outlets if evse.get("id") in {None, it.number}]
        if evse.get("connectorId", 1) != 1:
            meant = []
        return dict(OK) if teller(meant) else {"status": "Rejected"}

    def _tell(self, action: str, payload: Payload) -> bool:
        self._core.tell(action, payload)
        return True

    def _boot(self, _: list[Outlet]) -> bool:
        if self._core.registration == "Accepted":
            return False
        self._core.do(Boot())
        return True

    def _statuses(self, outlets: list[Outlet]) -> bool:
        for outlet in outlets:
            self._core.tell("StatusNotification", self._availability.status(outlet.number))
        return bool(outlets)

    def _meters(self, outlets: list[Outlet]) -> bool:
        for outlet in outlets:
            value = outlet.meter_value("Trigger")
            self._core.tell("MeterValues", {"evseId": outlet.number, "meterValue": [value]})
        return bool(outlets)

    def _transactions(self, outlets: list[Outlet]) -> bool:
        running = [it for it in outlets if it.transaction is not None]
        for outlet in running:
            outlet.trigger()
        return bool(running)
