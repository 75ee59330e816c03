"""A00: who may connect; and security events (A04)."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.keys import derived
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import parse
from citrine_py.modules.passwords import PasswordBook
from citrine_py.ports import Call, Knock, Payload, Put, Records, Refused

_PASSWORD_PROFILES = {1, 2}
_CERTIFICATE_PROFILE = 3


@dataclass(frozen=True, slots=True)
class StationAdmission:
    """Implements ports.Admission."""

    records: Records
    passwords: PasswordBook

    async def admit(self, knock: Knock) -> Refused | None:
        """See ports.Admission."""
        known = self.records.get(CHARGING_STATION, knock.station) is not None
        if not known and not knock.allow_unknown:
            return Refused(
                404,
                "this station is not known here: add it to the collection ChargingStation under "
                "this very id",
            )
        if knock.security_profile in _PASSWORD_PROFILES:
            return await self._check_password(knock)
        if (
            knock.security_profile == _CERTIFICATE_PROFILE
            and knock.certificate_name != knock.station
        ):
            return Refused(403, "the client certificate is not this station's")
        return None

    async def _check_password(self, knock: Knock) -> Refused | None:
        if knock.user is None or knock.password is None:
            return Refused(401, "a user and a password are needed")
        if knock.user != knock.station:
            return Refused(401, "the user must be the station's id")
        if not await self.passwords.admits(knock.station, knock.password):
            return Refused(401, "the password is wrong, or none is set for this station")
        return None


@dataclass(frozen=True, slots=True)
class OnSecurityEventNotification:
    """SecurityEventNotification: kept as an event."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        payload = call.payload
        key = derived(
            "StationEvent", call.station, "Security", payload["type"], payload["timestamp"],
            call.message_id,
        )  # fmt: skip
        fields = {
            "station": call.station,
            "timestamp": parse(payload["timestamp"]),
            "kind": "Security",
            "type": payload["type"],
            "info": payload.get("techInfo"),
            "payload": payload,
        }
        await self.records.write(Put(STATION_EVENT, key, fields))
        return {}
