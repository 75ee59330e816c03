"""K01, K05, K08-K10: charging profiles that people and flows send to stations.

What is sent is a ChargingProfile record from that moment on, so that an operator sees it
whatever the station answers. Ids that are ours to choose may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from citrine_py.errors import BadRequest, StationError, StationSilent
from citrine_py.model.charging_profiles import (
    CHARGING_PROFILE,
    IN_FORCE,
    OURS,
    ChargingProfile,
    ChargingProfileState,
)
from citrine_py.model.keys import charging_profile_key
from citrine_py.modules.answers import said
from citrine_py.modules.profile_reports import missing
from citrine_py.modules.profile_rows import fresh_number, numbered, profile_fields
from citrine_py.modules.profile_rules import check, running
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.modules.requests import Sender
from citrine_py.modules.station_jobs import find
from citrine_py.ocpp.catalogue import numbered_profile
from citrine_py.ports import Clock, Payload, Put, Records, Stations


@dataclass(frozen=True, slots=True)
class ProfileRequests:
    """Senders of SetChargingProfile, GetChargingProfiles and ClearChargingProfile, and of the
    profile that goes along with a RequestStartTransaction.

    Attributes:
        ask: sends GetChargingProfiles as the job that it is.
    """

    records: Records
    stations: Stations
    clock: Clock
    sending: ProfileSending
    ask: Sender

    async def set(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """K01. A profile takes the place of the one with its id.

        Raises:
            BadRequest: it breaks a rule of K01.
        """
        payload = self._filled(station, payload)
        number = payload["chargingProfile"]["id"]
        row = numbered(self.records, station, number)
        key = row.id if row is not None else charging_profile_key(station, number)
        others = [
            each
            for each in self.records.select(CHARGING_PROFILE, station=station)
            if each.id != key
        ]
        limits = await self.sending.limits.of(station)
        needs = [row] if row is not None else []
        transaction = running(self.records, station, payload)
        check(payload, limits, [*others, *_past(needs)], transaction, self.clock.now())
        if self.stations.session(station) is None:  # nothing is kept of what cannot be asked
            return await self.stations.call(station, "SetChargingProfile", payload, seconds=seconds)
        now = self.clock.now()
        begun = {
            "station": station,
            "evseId": payload["evseId"],
            **profile_fields(payload["chargingProfile"]),
            "source": row.source if row is not None and row.source in OURS else "Request",
            "status": "Sent",
            "statusInfo": None,
            "sentAt": now,
            "timestamp": now,
        }
        self.sending.flying.add(key)
        try:
            await self.records.write(Put(CHARGING_PROFILE, key, begun))
            return await self._call(station, key, payload, seconds)
        finally:
            self.sending.flying.discard(key)

    async def _call(
        self, station: str, key: str, payload: Payload, seconds: float | None
    ) -> Payload:
        try:
            reply = await self.stations.call(
                station, "SetChargingProfile", payload, seconds=seconds
            )
        except StationSilent as error:
            await self._note(key, "Sent", str(error))  # it may have taken it
            raise
        except StationError as error:
            await self._note(key, "Refused", str(error))
            raise
        accepted = reply["status"] == "Accepted"
        await self._note(key, "Confirmed" if accepted else "Refused", said(reply))
        return reply

    async def clear(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """K10. What the station does not have (Unknown) is cleared here too.

        Raises:
            BadRequest: it does not say which (K10.FR.02), or says others' limits (K10.FR.06).
        """
        criteria = payload.get("chargingProfileCriteria", {})
        purpose, number = criteria.get("chargingProfilePurpose"), payload.get("chargingProfileId")
        if number is None and not criteria.keys() & {
            "chargingProfilePurpose", "evseId", "stackLevel",
        }:  # fmt: skip
            raise BadRequest(
                "ClearChargingProfile: say a chargingProfileId, or a purpose, an evseId or a "
                "stackLevel among chargingProfileCriteria (K10.FR.02)"
            )
        if purpose == "ChargingStationExternalConstraints":
            raise BadRequest(
                "ClearChargingProfile: external constraints are others' to clear (K10.FR.06)"
            )
        reply = await self.stations.call(station, "ClearChargingProfile", payload, seconds=seconds)
        rows = self.records.select(CHARGING_PROFILE, station=station)
        found = [row for row in rows if row.status in IN_FORCE and _meant(row, number, criteria)]
        over = {"status": "Cleared", "statusInfo": said(reply), "timestamp": self.clock.now()}
        await self.records.write(*(Put(CHARGING_PROFILE, row.id, over) for row in found))
        return reply

    async def get(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """K09. Of a station that has none of those that were asked for, none is left here.

        Raises:
            BadRequest: it does not say which (K09.FR.03).
        """
        which = payload["chargingProfile"].keys() - {"customData"}
        if not which:
            raise BadRequest(
                "GetChargingProfiles: chargingProfile must say a chargingProfileId, or a purpose, "
                "a stackLevel or a chargingLimitSource (K09.FR.03)"
            )
        if "chargingProfileId" in which and len(which) > 1:
            raise BadRequest(
                "GetChargingProfiles: chargingProfileId stands alone among the criteria (K09.FR.03)"
            )
        reply = await self.ask(station, payload, seconds)
        job = find(self.records, station, "GetChargingProfiles", payload["requestId"])
        if reply["status"] == "NoProfiles" and job is not None:
            await self.records.write(*missing(self.records, job, self.clock.now()))
            self.sending.due(station)
        return reply

    def starting(self, send: Sender) -> Sender:
        """Sends RequestStartTransaction by `send`, with ids for a profile given along (K05) and
        a record of it, which gets the transaction's id when it is known."""

        async def start(station: str, payload: Payload, seconds: float | None) -> Payload:
            if "chargingProfile" not in payload:
                return await send(station, payload, seconds)
            profile = numbered_profile(
                payload["chargingProfile"], fresh_number(self.records, station)
            )
            reply = await send(station, {**payload, "chargingProfile": profile}, seconds)
            now, accepted = self.clock.now(), reply["status"] == "Accepted"
            fields = {
                "station": station,
                "evseId": payload.get("evseId"),
                **profile_fields(profile),
                "transactionId": reply.get("transactionId"),
                "remoteStartId": payload["remoteStartId"],
                "source": "Request",
                "status": "Confirmed" if accepted else "Refused",
                "statusInfo": said(reply),
                "sentAt": now,
                "timestamp": now,
            }
            key = charging_profile_key(station, profile["id"])
            await self.records.write(Put(CHARGING_PROFILE, key, fields))
            return reply

        return start

    def _filled(self, station: str, payload: Payload) -> Payload:
        number = fresh_number(self.records, station)
        return {**payload, "chargingProfile": numbered_profile(payload["chargingProfile"], number)}

    async def _note(self, key: str, status: ChargingProfileState, info: str) -> None:
        fields = {"status": status, "statusInfo": info, "timestamp": self.clock.now()}
        await self.records.write(Put(CHARGING_PROFILE, key, fields))


def _past(rows: Iterable[ChargingProfile]) -> list[ChargingProfile]:
    """Those that are replaced: they are in nobody's way, but know what the car needs."""
    return [row.model_copy(update={"status": "Ended"}) for row in rows]


def _meant(row: ChargingProfile, number: int | None, criteria: Payload) -> bool:
    """Whether a ClearChargingProfile means the profile of a row."""
    if row.source not in OURS and row.source != "CSO":
        return False
    if number is not None:
        return row.chargingProfileId == number
    evse_id, level = criteria.get("evseId"), criteria.get("stackLevel")
    purpose = criteria.get("chargingProfilePurpose")
    return (
        (evse_id is None or (row.evseId or 0) == evse_id)
        and (level is None or row.stackLevel == level)
        and (purpose is None or row.chargingProfilePurpose == purpose)
    )
