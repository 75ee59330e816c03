"""K15-K17: what a car tells of its needs, and the schedule that it is given.

The answer says whether a schedule comes; it comes right after it, as a TxProfile. A car may
tell its needs again; its profile keeps its id, so that the new one takes the old one's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from citrine_py.model.charging_profiles import CHARGING_PROFILE, ON_STATION, ChargingProfile
from citrine_py.model.keys import share_key
from citrine_py.model.transactions import LIVE_TRANSACTION, Transaction
from citrine_py.modules.ev_schedules import within
from citrine_py.modules.load_balancing import HOLD, LoadBalancing
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.modules.sites import (
    Site,
    needed_watts,
    profile_watts,
    share_fields,
    station_site,
)
from citrine_py.ports import Call, Payload, Put, Records

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CarSchedules:
    """Finds and makes the profiles of cars that tell their needs."""

    records: Records
    sending: ProfileSending
    balancing: LoadBalancing

    def transaction(self, station: str, evse_id: int) -> Transaction | None:
        """The newest transaction that runs on an EVSE."""
        running = self.records.select(
            LIVE_TRANSACTION, station=station, evseId=evse_id, isActive=True
        )
        return max(running, key=lambda each: (each.startedAt is not None, each.startedAt, each.id),
                   default=None)  # fmt: skip

    def row(self, station: str, transaction: Transaction) -> ChargingProfile | None:
        """The profile that the transaction has of us."""
        key = share_key(station, transaction.transactionId or "")
        return self.records.get(CHARGING_PROFILE, key)

    def site(self, station: str) -> tuple[Site, bool]:
        """See `sites.station_site`."""
        return station_site(self.records, station)

    def watts(self, station: str, transaction: Transaction, most: float) -> float:
        """What the car may take at once: what it can, within the limits that are in force."""
        site, limited = self.site(station)
        given = self.balancing.allowed(site, transaction, most) if limited else most
        for row in self.records.select(CHARGING_PROFILE, station=station):
            if row.status in ON_STATION and _caps(row, transaction.evseId):
                cap = profile_watts(site, row, None)
                given = given if cap is None else min(given, cap)
        return given

    def fields(
        self, station: str, transaction: Transaction, watts: float, now: datetime, unit: str
    ) -> dict[str, Any]:
        """The row of a profile that lets the car take `watts`."""
        site, limited = self.site(station)
        hold = HOLD if limited else None
        return {
            **share_fields(site, watts, unit, transaction.numberOfPhasesUsed, now=now, hold=hold),
            "station": station,
            "evseId": transaction.evseId,
            "chargingProfilePurpose": "TxProfile",
            "transactionId": transaction.transactionId,
            "source": "Location" if limited else "Car",
            "location": site.location if limited else None,
            "status": "Wanted",
            "statusInfo": None,
            "timestamp": now,
        }


@dataclass(frozen=True, slots=True)
class OnNotifyEVChargingNeeds:
    """Answers NotifyEVChargingNeeds: Rejected where no transaction runs or the needs cannot be
    read (K15.FR.04, K17.FR.06), Processing where there is no power for the car yet
    (K15.FR.05), else Accepted (K15.FR.03)."""

    records: Records
    schedules: CarSchedules

    async def __call__(self, call: Call) -> Payload:
        evse_id, needs = call.payload["evseId"], call.payload["chargingNeeds"]
        transaction = self.schedules.transaction(call.station, evse_id)
        site, limited = self.schedules.site(call.station)
        most = needed_watts(site, needs)
        if transaction is None or most is None:
            reason = "no_transaction" if transaction is None else "needs_unreadable"
            log.info("needs.rejected", station=call.station, evse=evse_id, reason=reason)
            return {"status": "Rejected"}
        watts = self.schedules.watts(call.station, transaction, most)
        row = self.schedules.row(call.station, transaction)
        unit = _unit(row, needs)
        fields = self.schedules.fields(call.station, transaction, watts, call.received, unit)
        key = share_key(call.station, transaction.transactionId or "")
        put = Put(CHARGING_PROFILE, key, {**fields, "chargingNeeds": needs, "evSchedule": None})
        await self.records.write(put)
        self.schedules.sending.due(call.station)
        enough = watts >= min(most, site.minimum()) or not limited
        log.info("needs.answered", station=call.station, evse=evse_id, watts=round(watts))
        return {"status": "Accepted" if enough else "Processing"}


@dataclass(frozen=True, slots=True)
class OnNotifyEVChargingSchedule:
    """Keeps what the car means to do. Rejected where that is more than it was given; the profile
    is then sent again, for the car to think again (K15.FR.12, K15.FR.13, K16)."""

    records: Records
    schedules: CarSchedules

    async def __call__(self, call: Call) -> Payload:
        told = call.payload
        transaction = self.schedules.transaction(call.station, told["evseId"])
        row = None if transaction is None else self.schedules.row(call.station, transaction)
        if row is None:
            log.info("schedule.unasked", station=call.station, evse=told["evseId"])
            return {"status": "Rejected" if transaction is None else "Accepted"}
        site, _ = self.schedules.site(call.station)
        fits = within(site, told["chargingSchedule"], told["timeBase"], row)
        status = "Accepted" if fits else "Rejected"
        plan = {**told["chargingSchedule"], "timeBase": told["timeBase"], "status": status}
        again = {} if fits else {"status": "Wanted", "timestamp": call.received}
        fields = {"evSchedule": plan, **again}
        await self.records.write(Put(CHARGING_PROFILE, row.id, fields))
        if not fits:
            log.info("schedule.rejected", station=call.station, evse=told["evseId"])
            self.schedules.sending.due(call.station)
        return {"status": status}


def _caps(row: ChargingProfile, evse_id: int | None) -> bool:
    whole = row.chargingProfilePurpose == "ChargingStationMaxProfile"
    others = row.chargingProfilePurpose == "ChargingStationExternalConstraints"
    return whole or (others and row.evseId in (None, 0, evse_id))


def _unit(row: ChargingProfile | None, needs: Payload) -> str:
    """That of the car's last profile; else W for direct current, where phases mean nothing."""
    if row is not None and row.chargingRateUnit is not None:
        return row.chargingRateUnit
    return "W" if needs.get("requestedEnergyTransfer") == "DC" else "A"
