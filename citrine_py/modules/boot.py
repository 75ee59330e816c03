"""B01-B03: whether a station may take part.

The Boot record decides the answer to BootNotification; without one the rules'
default does. The conversation with a Pending station is in `pending_boot`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.model.stations import BOOT, CHARGING_STATION, Boot, RegistrationStatus
from citrine_py.model.times import iso
from citrine_py.modules.pending_boot import PendingBoots
from citrine_py.ports import Call, Clock, Payload, Put, Records

log = structlog.get_logger()

_REASON_CODE = 20  # characters of StatusInfoType.reasonCode
_ADDITIONAL_INFO = 512
_EVENTS = {"Accepted": "boot.accepted", "Pending": "boot.pending", "Rejected": "boot.rejected"}


@dataclass(frozen=True, slots=True)
class BootRules:
    """What applies where a Boot record says nothing. Intervals in seconds."""

    unknown_status: RegistrationStatus = "Accepted"
    heartbeat_interval: int = 60  # of an Accepted station
    retry_interval: int = 15  # of any other


def registration(boot: Boot | None, rules: BootRules) -> RegistrationStatus:
    """The answer to the next BootNotification (B01.FR.02, B02.FR.01)."""
    return boot.status if boot is not None and boot.status is not None else rules.unknown_status


def interval(status: RegistrationStatus, boot: Boot | None, rules: BootRules) -> int:
    """Seconds between heartbeats once Accepted, else until the station asks again."""
    accepted = status == "Accepted"
    default = rules.heartbeat_interval if accepted else rules.retry_interval
    if boot is None:
        return default
    chosen = boot.heartbeatInterval if accepted else boot.bootRetryInterval
    return chosen if chosen is not None and chosen >= 0 else default


def status_info(boot: Boot | None) -> Payload | None:
    """The operator's statusInfo, if it is one that OCPP allows; else it is left out."""
    given = boot.statusInfo if boot is not None else None
    if not given or not isinstance(given.get("reasonCode"), str) or not given["reasonCode"]:
        return None
    told: Payload = {"reasonCode": given["reasonCode"][:_REASON_CODE]}
    if isinstance(given.get("additionalInfo"), str) and given["additionalInfo"]:
        told["additionalInfo"] = given["additionalInfo"][:_ADDITIONAL_INFO]
    return told


@dataclass(frozen=True, slots=True)
class OnBootNotification:
    """BootNotification."""

    records: Records
    clock: Clock
    pending: PendingBoots
    rules: BootRules

    async def __call__(self, call: Call) -> Payload:
        now = self.clock.now()
        boot = self.records.get(BOOT, call.station)
        status = registration(boot, self.rules)
        told = _told(call.payload)
        on_boot: dict[str, Any] = {
            "station": call.station,
            "lastBootTime": now,
            "lastBootStatus": status,
            "lastBootReason": call.payload["reason"],
            **told,
            **_progress(status, boot, now),
        }
        only_over = None
        if boot is None or boot.status is None:
            on_boot["status"] = status
            only_over = {"status": None}
        on_station = {
            "registrationStatus": status,
            "lastBootTime": now,
            "lastBootReason": call.payload["reason"],
            **told,
        }
        await self.records.write(
            Put(CHARGING_STATION, call.station, on_station),
            Put(BOOT, call.station, on_boot, only_over=only_over),
        )
        log.info(_EVENTS[status], station=call.station, reason=call.payload["reason"])
        answer: Payload = {
            "currentTime": iso(now),
            "interval": interval(status, boot, self.rules),
            "status": status,
        }
        info = status_info(boot)
        if info is not None:
            answer["statusInfo"] = info
        if status == "Pending":
            self.pending.begin(call.station, call.session)  # sends after this answer
        else:
            self.pending.end(call.station)
        return answer


def _told(payload: Payload) -> dict[str, Any]:
    """What the station says of itself."""
    station = payload["chargingStation"]
    modem = station.get("modem") or {}
    return {
        "model": station["model"],
        "vendorName": station["vendorName"],
        "serialNumber": station.get("serialNumber"),
        "firmwareVersion": station.get("firmwareVersion"),
        "iccid": modem.get("iccid"),
        "imsi": modem.get("imsi"),
    }


def _progress(status: RegistrationStatus, boot: Boot | None, now: Any) -> dict[str, Any]:
    """An accepted boot is done; what was noted on the way to it stays readable."""
    if status == "Accepted":
        on_the_way = boot is not None and boot.progress in {"AwaitingBoot", "Resetting", "Done"}
        note = boot.progressInfo if boot is not None and on_the_way else None
        return {"progress": "Done", "progressAt": now, "progressInfo": note}
    if status == "Rejected":
        return {"progress": None, "progressAt": now, "progressInfo": None}
    return {}
