"""K09: the charging profiles that a station says it has, and what our records make of them.

A report comes in parts, which may come twice or never end. Each part counts as it comes; what
a whole report did not name is missing on the station: ours is sent again, others' is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citrine_py.model.charging_profiles import (
    CHARGING_PROFILE,
    ON_STATION,
    OURS,
    ChargingProfile,
)
from citrine_py.model.jobs import Job
from citrine_py.model.keys import charging_profile_key
from citrine_py.modules.job_reports import part
from citrine_py.modules.profile_rows import numbered, profile_fields
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.ports import Call, Change, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnReportChargingProfiles:
    """Joins what a station reports into the records."""

    records: Records
    sending: ProfileSending

    async def __call__(self, call: Call) -> Payload:
        told = call.payload
        changes: list[Change] = [
            self._reported(call, profile) for profile in told["chargingProfile"]
        ]
        found = part(self.records, call, "GetChargingProfiles")
        if found is not None:
            changes.append(found.put)
            if found.whole:
                numbers = frozenset(each["id"] for each in told["chargingProfile"])
                changes += missing(self.records, found.job, call.received, numbers)
        await self.records.write(*changes)
        if found is not None and found.whole:
            self.sending.due(call.station)
        return {}

    def _reported(self, call: Call, profile: Payload) -> Change:
        """One that we know keeps what we want of it; another is recorded as it is."""
        row = numbered(self.records, call.station, profile["id"])
        seen: dict[str, Any] = {"reportedAt": call.received}
        if row is not None and row.source in OURS:
            if row.status in {"Sent", "Refused", "Cleared"}:
                seen |= {"status": "Confirmed", "timestamp": call.received}
            return Put(CHARGING_PROFILE, row.id, seen)
        key = row.id if row is not None else charging_profile_key(call.station, profile["id"])
        fields = {
            **profile_fields(profile),
            **seen,
            "station": call.station,
            "evseId": call.payload["evseId"],
            "source": call.payload["chargingLimitSource"],
            "status": "Confirmed",
            "timestamp": call.received,
        }
        return Put(CHARGING_PROFILE, key, fields)


def of_job(row: ChargingProfile, job: Job) -> bool:
    """Whether a row is among those that a GetChargingProfiles asked for."""
    asked = job.parameters if isinstance(job.parameters, dict) else {}
    which = asked.get("chargingProfile", {})
    evse_id, level = asked.get("evseId"), which.get("stackLevel")
    numbers, purpose = which.get("chargingProfileId"), which.get("chargingProfilePurpose")
    sources = which.get("chargingLimitSource")
    source = "CSO" if row.source in OURS else row.source
    return (
        (evse_id is None or (row.evseId or 0) == evse_id)
        and (level is None or row.stackLevel == level)
        and (purpose is None or row.chargingProfilePurpose == purpose)
        and (numbers is None or row.chargingProfileId in numbers)
        and (sources is None or source in sources)
    )


def missing(
    records: Records, job: Job, now: datetime, told: frozenset[int] = frozenset()
) -> list[Change]:
    """What becomes of the rows that the station should have and has not named since it was
    asked."""
    changes: list[Change] = []
    for row in records.select(CHARGING_PROFILE, station=job.station):
        if row.status not in ON_STATION or row.chargingProfileId is None or not of_job(row, job):
            continue
        if row.chargingProfileId in told or _since(row, job):
            continue
        status = "Wanted" if row.source in OURS else "Cleared"
        info = "the station did not have it"
        fields = {"status": status, "statusInfo": info, "timestamp": now}
        changes.append(Put(CHARGING_PROFILE, row.id, fields))
    return changes


def _since(row: ChargingProfile, job: Job) -> bool:
    """Whether the station has been sent it, or has told of it, since it was asked."""
    return job.sentAt is not None and any(
        moment is not None and moment >= job.sentAt for moment in (row.reportedAt, row.sentAt)
    )
