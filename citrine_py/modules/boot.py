"""B01-B03: whether a station may take part.

Decides the answer to BootNotification from the Boot record and keeps what the
station told of itself. The conversation with a Pending station is in
`pending_boot`. Talks to no socket and no Directus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from citrine_py.live import Live
from citrine_py.model.stations import (
    BOOT,
    CHARGING_STATION,
    Boot,
    ChargingStation,
    RegistrationStatus,
)
from citrine_py.model.times import iso
from citrine_py.modules.pending_boot import ACTIVE, PendingBoot
from citrine_py.ports import Call, Clock, Payload, Put, Records

log = structlog.get_logger()

_EVENTS: Mapping[RegistrationStatus, str] = MappingProxyType(
    {"Accepted": "boot.accepted", "Pending": "boot.pending", "Rejected": "boot.rejected"}
)
_INT32 = 2**31 - 1
_REASON_CODE, _ADDITIONAL_INFO = 20, 512  # characters that StatusInfoType has room for


@dataclass(frozen=True, slots=True)
class BootRules:
    """What the settings say about booting.

    Attributes:
        unknown_status: the answer to a station without a Boot record.
        heartbeat_interval: seconds; the interval of an Accepted station.
        retry_interval: seconds; the interval of any other.
    """

    unknown_status: RegistrationStatus = "Accepted"
    heartbeat_interval: int = 60
    retry_interval: int = 15


def registration(
    boot: Boot | None, rules: BootRules, *, restarted: bool = False
) -> RegistrationStatus:
    """The answer that a station gets.

    `restarted`: it has rebooted since we reset it, as the last step of a pending boot.
    """
    if boot is None or boot.status is None:
        return rules.unknown_status
    if boot.status == "Pending" and boot.progress == "Resetting" and restarted:
        return "Accepted"
    return boot.status


def interval(status: RegistrationStatus, boot: Boot | None, rules: BootRules) -> int:
    """Seconds between heartbeats when Accepted, else until the next BootNotification."""
    record = boot or Boot(id="")
    if status == "Accepted":
        wanted, default = record.heartbeatInterval, rules.heartbeat_interval
    else:
        wanted, default = record.bootRetryInterval, rules.retry_interval
    return wanted if wanted is not None and 0 <= wanted <= _INT32 else default


def status_info(boot: Boot | None) -> Payload | None:
    """The operator's StatusInfo as far as it fits OCPP: a mistake must not keep a station out."""
    told = boot.statusInfo if boot is not None else None
    if not isinstance(told, dict):
        return None
    reason = told.get("reasonCode")
    if not isinstance(reason, str) or not reason:
        return None
    info: Payload = {"reasonCode": reason[:_REASON_CODE]}
    more = told.get("additionalInfo")
    if isinstance(more, str) and more:
        info["additionalInfo"] = more[:_ADDITIONAL_INFO]
    return info


def identity(payload: Payload) -> dict[str, Any]:
    """What a BootNotification tells of the station, as fields of Boot and ChargingStation."""
    told = payload["chargingStation"]
    modem = told.get("modem", {})
    return {
        "model": told["model"],
        "vendorName": told["vendorName"],
        "serialNumber": told.get("serialNumber"),
        "firmwareVersion": told.get("firmwareVersion"),
        "iccid": modem.get("iccid"),
        "imsi": modem.get("imsi"),
    }


def has_restarted(station: ChargingStation | None, boot: Boot | None, reason: str) -> bool:
    """Whether a station that we reset has gone through it: it says so, or came back since."""
    if reason == "RemoteReset":
        return True
    if station is None or boot is None or station.connectedAt is None or boot.progressAt is None:
        return False
    return station.connectedAt > boot.progressAt


@dataclass(frozen=True, slots=True)
class OnBootNotification:
    """Answers BootNotification."""

    records: Records
    clock: Clock
    pending: PendingBoot
    rules: Live[BootRules]
    accepted: Sequence[Callable[[str], None]] = ()
    """Told of a station whose boot was accepted, just before the answer leaves."""

    async def __call__(self, call: Call) -> Payload:
        now = self.clock.now()
        boot = self.records.get(BOOT, call.station)
        station = self.records.get(CHARGING_STATION, call.station)
        reason = call.payload["reason"]
        restarted = has_restarted(station, boot, reason)
        rules = self.rules.now
        status = registration(boot, rules, restarted=restarted)
        await self._record(call, boot, status, now)
        log.info(_EVENTS[status], station=call.station, reason=reason)
        answer: Payload = {
            "currentTime": iso(now),
            "interval": interval(status, boot, rules),
            "status": status,
        }
        info = status_info(boot)
        if info is not None:
            answer["statusInfo"] = info
        self._go_on(call.station, status, boot, now)
        return answer

    def _go_on(
        self, station: str, status: RegistrationStatus, boot: Boot | None, now: datetime
    ) -> None:
        """The last thing done, without an await: a job runs only after the answer has left."""
        if status == "Accepted":
            for tell in self.accepted:
                tell(station)
        if status != "Pending":
            if boot is not None and boot.progress in ACTIVE:
                self.pending.stop(station)
        elif boot is None or boot.progress != "Resetting" or self._reset_failed(boot, now):
            self.pending.start(station)

    def _reset_failed(self, boot: Boot, now: datetime) -> bool:
        """It still boots on the connection on which it was reset, long after."""
        patience = timedelta(seconds=self.pending.report_timeout)
        return boot.progressAt is None or now - boot.progressAt > patience

    async def _record(
        self, call: Call, boot: Boot | None, status: RegistrationStatus, now: datetime
    ) -> None:
        told = identity(call.payload)
        booted = {"lastBootTime": now, "lastBootReason": call.payload["reason"]}
        station: dict[str, Any] = {**told, **booted, "registrationStatus": status}
        fields: dict[str, Any] = {
            **told,
            **booted,
            "station": call.station,
            "status": status,
            "lastBootStatus": status,
        }
        if status != "Pending":
            fields |= {
                "progress": "Done" if status == "Accepted" else None,
                "progressInfo": None,
                "progressAt": now,
            }
        before = boot.status if boot is not None else None
        await self.records.write(
            Put(CHARGING_STATION, call.station, station),
            Put(BOOT, call.station, fields, only_over={"status": before}),
        )
