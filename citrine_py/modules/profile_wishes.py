"""K01, K10: the charging profiles that people make, change and remove in Directus.

A row that is new or another wish than before is sent; one that is removed is cleared on the
station, for which it comes back as Removing until the station has no such profile any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.model.charging_profiles import (
    CHARGING_PROFILE,
    ON_STATION,
    OURS,
    ChargingProfile,
)
from citrine_py.model.keys import derived
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.profile_rows import wish
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.ports import Change, Clock, Jobs, Put, Records

log = structlog.get_logger()

_REACHED = (*ON_STATION, "Removing")


@dataclass(frozen=True, slots=True)
class ProfileWishes:
    """Takes what operators want, and sends what waits when a station is back."""

    records: Records
    clock: Clock
    jobs: Jobs
    sending: ProfileSending

    def changed(
        self, key: str, before: ChargingProfile | None, after: ChargingProfile | None
    ) -> None:
        """An operator has made, edited or removed a row."""
        changes: list[Change] = []
        if before is not None and _left(before, after):
            changes += self._removal(before)
        if after is not None and after.station and _ours(after) and _anew(before, after):
            changes.append(Put(CHARGING_PROFILE, key, self._wanted(before, after)))
        stations = {row.station for row in (before, after) if row is not None and row.station}
        if changes:
            self.jobs.start(f"wished profile {key}", lambda: self._take(key, changes, stations))

    def arrived(self, station: str) -> None:
        """The station is here and accepted."""
        self.sending.due(station)

    def _wanted(self, before: ChargingProfile | None, after: ChargingProfile) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "status": "Wanted",
            "statusInfo": None,
            "timestamp": self.clock.now(),
        }
        if after.source is None:
            fields["source"] = "Operator"
        if before is not None and before.station != after.station:
            fields["chargingProfileId"] = None
        return fields

    def _removal(self, row: ChargingProfile) -> list[Change]:
        """A row of its own that clears the profile, unless the station is gone too."""
        if self.records.get(CHARGING_STATION, row.station or "") is None:
            return []
        fields = {
            "station": row.station,
            "evseId": row.evseId,
            "chargingProfilePurpose": row.chargingProfilePurpose,
            "stackLevel": row.stackLevel,
            "transactionId": row.transactionId,
            "limit": row.limit,
            "chargingRateUnit": row.chargingRateUnit,
            "chargingProfileId": row.chargingProfileId,
            "source": row.source,
            "status": "Removing",
            "timestamp": self.clock.now(),
        }
        key = derived("ChargingProfile", row.station, "removing", row.chargingProfileId)
        return [Put(CHARGING_PROFILE, key, fields)]

    async def _take(self, key: str, changes: list[Change], stations: set[str]) -> None:
        try:
            await self.records.write(*changes)
        except StoreUnavailable as error:
            log.warning("profile.unrecorded", key=key, reason=str(error))
            return
        for station in sorted(stations):
            self.sending.due(station)


def _ours(row: ChargingProfile) -> bool:
    return row.source is None or row.source in OURS


def _left(before: ChargingProfile, after: ChargingProfile | None) -> bool:
    """Whether the station still has what the row said before, and nobody wants it there."""
    reached = before.status in _REACHED and before.chargingProfileId is not None
    gone = after is None or after.station != before.station
    return gone and reached and before.source in OURS


def _anew(before: ChargingProfile | None, after: ChargingProfile) -> bool:
    """Whether the row is another wish than before. A new row without a status is one, too."""
    if before is None:
        return after.status in (None, "Wanted")
    return wish(before) != wish(after)
