"""K01, K10: brings stations what their ChargingProfile rows say, and keeps what they answer.

Whoever wants a profile, an operator, the limit of a location or a car, leaves a row that is
Wanted or Removing and says so here. What cannot be sent now stays on the row and is sent when
the station is back; what was sent without an answer is sent again, which does no harm: the
station puts it in the place of the one with its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog

from citrine_py.errors import (
    BadRequest,
    StationBusy,
    StationError,
    StationOffline,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.model.charging_profiles import (
    CHARGING_PROFILE,
    ChargingProfile,
    ChargingProfileState,
)
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.answers import said
from citrine_py.modules.profile_rows import defaults, free_level, fresh_number, request
from citrine_py.modules.profile_rules import check, running
from citrine_py.modules.sites import converted, station_site
from citrine_py.modules.smart_charging_limits import SmartChargingLimits
from citrine_py.ports import Change, Clock, Delete, Jobs, Payload, Put, Records, Stations

log = structlog.get_logger()

_TO_SEND = (None, "Wanted", "Sent")
_MOST_TURNS = 5
"""How often a row that people change all the while is sent in one go."""


@dataclass(frozen=True, slots=True)
class ProfileSending:
    """Sends rows, one after the other for each station.

    Attributes:
        flying: keys of rows that somebody else is sending at this moment.
    """

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
    limits: SmartChargingLimits
    flying: set[str] = field(default_factory=set)
    _serving: set[str] = field(default_factory=set)

    def due(self, station: str) -> None:
        """Rows of the station have something to be sent. One that is being served notices."""
        if station not in self._serving:
            self._serving.add(station)
            self.jobs.start(f"charging profiles {station}", lambda: self._serve(station))

    def here(self, station: str) -> bool:
        """Whether the station can be asked."""
        record = self.records.get(CHARGING_STATION, station)
        accepted = record is not None and record.registrationStatus == "Accepted"
        return accepted and self.stations.session(station) is not None

    async def _serve(self, station: str) -> None:
        """Nothing awaits between the last look and its end, so that no wish falls between."""
        try:
            await self._send_all(station)
        finally:
            self._serving.discard(station)

    async def _send_all(self, station: str) -> None:
        """What is to be removed goes first: it may be in the way of what comes."""
        tried: dict[str, tuple[ChargingProfile | None, int]] = {}
        while self.here(station):
            waiting = [row for row in self._waiting(station) if _news(row, tried.get(row.id))]
            if not waiting:
                return
            row = waiting[0]
            again = await (
                self._remove(row) if row.status == "Removing" else self._set(row, station)
            )
            left = None if again else self.records.get(CHARGING_PROFILE, row.id)
            tried[row.id] = (left, tried.get(row.id, (None, 0))[1] + 1)

    def _waiting(self, station: str) -> list[ChargingProfile]:
        rows = [
            row
            for row in self.records.select(CHARGING_PROFILE, station=station)
            if row.status == "Removing" or row.status in _TO_SEND
        ]
        return sorted(
            (row for row in rows if row.id not in self.flying),
            key=lambda row: (row.status != "Removing", row.sentAt is not None, row.id),
        )

    # ---- set ---------------------------------------------------------------------------

    async def _set(self, row: ChargingProfile, station: str) -> bool:
        """Whether another wish came while this one was sent."""
        try:
            payload, filled = await self._payload(row, station)
        except BadRequest as error:
            log.info("profile.refused", station=station, row=row.id, reason=str(error))
            return await self._settled(row.id, "Refused", str(error))
        number = payload["chargingProfile"]["id"]
        begun = {"chargingProfileId": number, "sentAt": self.clock.now(), "status": "Sent"}
        before = {name: getattr(row, name) for name in filled}
        fields = {**filled, **begun, "statusInfo": None, "timestamp": self.clock.now()}
        if not await self._write(row.id, Put(CHARGING_PROFILE, row.id, fields, only_over=before)):
            return False
        _, status, info = await self._call(station, "SetChargingProfile", payload)
        now = self.records.get(CHARGING_PROFILE, row.id)
        if now is None or now.status != "Sent":
            return now is not None  # it was removed, or is wanted again
        if _message(now, number) != payload:
            await self._note(row.id, "Wanted", None)
            return True
        log.info("profile.answered", station=station, profile=number, status=status, info=info)
        return await self._settled(row.id, status, info)

    async def _settled(self, key: str, status: ChargingProfileState, info: str | None) -> bool:
        """Notes what came of a row; whether it is wanted anew by then."""
        await self._note(key, status, info)
        after = self.records.get(CHARGING_PROFILE, key)
        return status != "Wanted" and after is not None and after.status == "Wanted"

    async def _payload(self, row: ChargingProfile, station: str) -> tuple[Payload, dict[str, Any]]:
        """The message, and the fields of the row that it fills.

        Raises:
            BadRequest: the row says something that may not be sent.
        """
        limits = await self.limits.of(station)
        others = [
            each
            for each in self.records.select(CHARGING_PROFILE, station=station)
            if each.id != row.id
        ]
        filled = defaults(row, self.clock.now())
        if row.chargingRateUnit is None:
            filled["chargingRateUnit"] = limits.unit()
        elif limits.unit(row.chargingRateUnit) != row.chargingRateUnit and not row.moreSchedules:
            site, _ = station_site(self.records, station)
            filled |= converted(site, row, limits.unit(row.chargingRateUnit))
        whole = row.model_copy(update=filled)
        if row.stackLevel is None:
            filled["stackLevel"] = free_level(others, whole)
            whole = whole.model_copy(update=filled)
        number = row.chargingProfileId or fresh_number(self.records, station)
        payload = request(whole, number)
        transaction = running(self.records, station, payload)
        check(payload, limits, others, transaction, self.clock.now())
        return payload, filled

    # ---- clear -------------------------------------------------------------------------

    async def _remove(self, row: ChargingProfile) -> bool:
        """K10, by the profile's id. The row goes with the profile, for nobody wants it."""
        payload = {"chargingProfileId": row.chargingProfileId}
        station = row.station or ""
        reply, _, info = await self._call(station, "ClearChargingProfile", payload)
        if reply is not None:  # Accepted, or Unknown: the station has none of this id
            log.info("profile.cleared", station=station, profile=row.chargingProfileId, info=info)
            await self._write(row.id, Delete(CHARGING_PROFILE, row.id))
        else:
            await self._note(row.id, "Removing", info)
        return False

    # ---- both --------------------------------------------------------------------------

    async def _call(
        self, station: str, action: str, payload: Payload
    ) -> tuple[Payload | None, ChargingProfileState, str | None]:
        """The station's answer if there is one, the status of a row with it, what it said."""
        try:
            reply = await self.stations.call(station, action, payload)
        except (StationOffline, StationBusy) as error:
            return None, "Wanted", str(error)
        except StationSilent as error:
            return None, "Sent", str(error)
        except (StationError, BadRequest) as error:
            return None, "Refused", str(error)
        status: ChargingProfileState = "Confirmed" if reply["status"] == "Accepted" else "Refused"
        return reply, status, said(reply)

    async def _note(self, key: str, status: ChargingProfileState, info: str | None) -> None:
        fields = {"status": status, "statusInfo": info, "timestamp": self.clock.now()}
        await self._write(key, Put(CHARGING_PROFILE, key, fields))

    async def _write(self, key: str, *changes: Change) -> bool:
        try:
            await self.records.write(*changes)
        except StoreUnavailable as error:
            log.warning("profile.unrecorded", key=key, reason=str(error))
            return False
        return True


def _news(row: ChargingProfile, tried: tuple[ChargingProfile | None, int] | None) -> bool:
    """Whether a row has changed since it was tried, and not too often."""
    return tried is None or (row != tried[0] and tried[1] < _MOST_TURNS)


def _message(row: ChargingProfile, number: int) -> Payload | None:
    """What the row says now; None if it says nothing that could be sent."""
    try:
        return request(row, number)
    except BadRequest:
        return None
