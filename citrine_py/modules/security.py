"""A00, A04: who may connect, and the security events that stations tell.

Admission decides from records alone; the edge turns its refusals into HTTP. How a
password gets into the records is in `passwords`.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from citrine_py.model.keys import password_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import parse
from citrine_py.model.variables import CREDENTIAL
from citrine_py.modules.history import told
from citrine_py.modules.passwords import UnderWay
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Clock, Hasher, Knock, Payload, Put, Records, Refused

log = structlog.get_logger()

_WRONG = "the user or the password is wrong"


@dataclass(frozen=True, slots=True)
class StationAdmission:
    """Implements ports.Admission."""

    records: Records
    clock: Clock
    hasher: Hasher
    under_way: UnderWay

    async def admit(self, knock: Knock) -> Refused | None:
        """See ports.Admission. A00.FR.204: user and password belong to the station of the URL."""
        if not knock.allow_unknown and self.records.get(CHARGING_STATION, knock.station) is None:
            return Refused(404, "the station is not known: add it to Charging Stations")
        if self._falls_back(knock):
            return Refused(
                403,
                "the station was on a higher security profile, and lower ones are refused since: "
                "allow them on its page if that is meant",
            )
        if knock.security_profile in {1, 2}:
            return await self._by_password(knock)
        if knock.security_profile == 3 and knock.certificate_name != knock.station:
            return Refused(403, "the certificate's common name is not the station's id")
        return None

    def _falls_back(self, knock: Knock) -> bool:
        """A05: once on a higher security profile, a station comes by no lower one."""
        station = self.records.get(CHARGING_STATION, knock.station)
        if station is None or station.allowLowerSecurityProfile:
            return False
        return station.securityProfile is not None and (
            knock.security_profile < station.securityProfile
        )

    async def _by_password(self, knock: Knock) -> Refused | None:
        if knock.user is None or not knock.password:
            return Refused(401, "a user and a password are required")
        if knock.user != knock.station:
            return Refused(401, _WRONG)
        credential = self.records.get(CREDENTIAL, password_key(knock.station))
        if credential is None:
            return Refused(401, "the station has no password: set one")
        if await self._is(knock.password, credential.passwordHash):
            await self._old_used(
                knock.station, credential.pendingPasswordHash, credential.previousPasswordHash
            )
        elif await self._is(knock.password, credential.pendingPasswordHash):
            await self._pending_used(knock.station, credential.pendingPasswordHash)
        elif not await self._is(knock.password, credential.previousPasswordHash):
            return Refused(401, _WRONG)
        return None

    async def _is(self, password: str, hashed: str | None) -> bool:
        return hashed is not None and await self.hasher.matches(password, hashed)

    async def _old_used(self, station: str, pending: str | None, previous: str | None) -> None:
        """The current one is in use, so the others are not needed; but one that is being sent
        right now may yet be taken."""
        if (pending is None and previous is None) or station in self.under_way:
            return
        fields = {"pendingPasswordHash": None, "previousPasswordHash": None}
        await self.records.write(Put(CREDENTIAL, password_key(station), fields))

    async def _pending_used(self, station: str, pending: str | None) -> None:
        """The station has taken it, though its answer was lost."""
        fields = {
            "passwordHash": pending,
            "pendingPasswordHash": None,
            "previousPasswordHash": None,
        }
        await self.records.write(
            Put(CHARGING_STATION, station, {"passwordChangedAt": self.clock.now()}),
            Put(CREDENTIAL, password_key(station), fields),
        )
        log.info("password.taken", station=station)


@dataclass(frozen=True, slots=True)
class OnSecurityEventNotification:
    """Keeps a security event."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        payload = redact(call.action, call.payload)
        at = parse(payload["timestamp"])
        line = told(call, "Security", payload["type"], payload.get("techInfo"), at)
        await self.records.write(line)
        log.warning("security.event", station=call.station, type=payload["type"])
        return {}
