"""A01: a station's password changes, and nobody is locked out.

Only bcrypt hashes are kept, on the Credential view of the station's
BasicAuthPassword. A password on its way to the station is journalled first, as
pending: if the answer is lost, old and new are both valid until one is used
(`security` decides that). Plain text is in no record, log or error.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import (
    BadRequest,
    NotFound,
    StationError,
    StationIncoherent,
    StationOffline,
    StationSilent,
)
from citrine_py.model.keys import password_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import CREDENTIAL, Credential
from citrine_py.modules.variables import PASSWORD, SECURITY
from citrine_py.ports import (
    Change,
    Clock,
    Hasher,
    PasswordOutcome,
    Payload,
    Put,
    Records,
    Stations,
)

log = structlog.get_logger()

_ALPHABET = string.ascii_letters + string.digits + "*-_=:+|@."
_RULE = re.compile(rf"[{re.escape(_ALPHABET)}]{{16,40}}")
_GENERATED = 40  # characters


def check_password(password: str) -> None:
    """OCPP's passwordString: 16 to 40 characters of its identifierString alphabet.

    Raises:
        BadRequest: it is not; the message does not repeat it.
    """
    if not _RULE.fullmatch(password):
        raise BadRequest(
            "password: must have 16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ ."
        )


def generate_password() -> str:
    """A random password, as long as OCPP allows."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED))


class UnderWay:
    """The stations to which a new password is being sent."""

    def __init__(self) -> None:
        self._stations: set[str] = set()

    def __contains__(self, station: str) -> bool:
        return station in self._stations

    def begin(self, station: str) -> None:
        """Raises BadRequest if one is on its way already."""
        if station in self._stations:
            raise BadRequest(f"{station}: another password is being set; try again after it")
        self._stations.add(station)

    def end(self, station: str) -> None:
        """Its outcome is recorded."""
        self._stations.discard(station)


@dataclass(frozen=True, slots=True)
class StationPasswords:
    """Implements ports.Passwords."""

    records: Records
    stations: Stations
    clock: Clock
    hasher: Hasher
    under_way: UnderWay

    async def set_password(
        self, station: str, password: str | None, *, set_on_charger: bool
    ) -> PasswordOutcome:
        """See ports.Passwords."""
        if password is None and set_on_charger:
            raise BadRequest("Password is required when setOnCharger is true")
        if password is not None:
            check_password(password)
        if set_on_charger:
            await self.records.write(*await self.replacing(station, password or ""))
            log.info("password.recorded", station=station)
            return PasswordOutcome(True, "Updated 1 attributes")
        reply = await self.send(station, setting(password or generate_password()))
        status = reply["attributeStatus"]
        answer = {"setVariableResult": [reply]}
        if status == "Accepted":
            return PasswordOutcome(True, "Updated 1 attributes", answer)
        if status == "RebootRequired":
            told = "Updated 1 attributes; the charger uses the new password after a reboot"
            return PasswordOutcome(True, told, answer)
        return PasswordOutcome(False, f"The charger answered {status}", answer)

    async def has(self, station: str, password: str) -> bool:
        """Whether it is the station's, by our record, and no other is on its way."""
        before = self._credential(station)
        if before.passwordHash is None or before.pendingPasswordHash is not None:
            return False
        return await self.hasher.matches(password, before.passwordHash)

    async def replacing(self, station: str, password: str) -> list[Change]:
        """The changes by which `password` becomes the only valid one.

        Raises:
            BadRequest: it breaks OCPP's rules.
        """
        check_password(password)
        hashed = await self.hasher.hash(password)
        changed: dict[str, Any] = {"passwordChangedAt": self.clock.now()}
        if self._credential(station).wantedPassword is not None:  # this one is newer
            changed |= {"passwordProgress": None, "passwordInfo": None}
        return [
            Put(CHARGING_STATION, station, changed),
            put_credential(
                station,
                passwordHash=hashed,
                pendingPasswordHash=None,
                previousPasswordHash=None,
                wantedPassword=None,
            ),
        ]

    async def send(self, station: str, data: Payload, seconds: float | None = None) -> Payload:
        """Sends OCPP's SetVariableData of a BasicAuthPassword to the station and returns its
        SetVariableResult. Our record follows what the station said.

        Raises:
            BadRequest: it breaks OCPP's rules, or another one is on its way.
            NotFound: no such station.
            StationError: the station could not be asked; where it may have taken the password
                both are valid.
        """
        check_password(data["attributeValue"])
        if data.get("attributeType", "Actual") != "Actual":
            raise BadRequest("a BasicAuthPassword is set as its Actual attribute only")
        if self.stations.session(station) is None:
            if self.records.get(CHARGING_STATION, station) is None:
                raise NotFound(f"there is no station {station}")
            raise StationOffline(f"{station} is not connected")
        self.under_way.begin(station)
        try:
            return await self._send(station, data, seconds)
        finally:
            self.under_way.end(station)

    async def _send(self, station: str, data: Payload, seconds: float | None) -> Payload:
        new = await self.hasher.hash(data["attributeValue"])
        before = self._credential(station)
        # A pending one whose answer was lost may be what the station has: it stays valid.
        kept = before.pendingPasswordHash or before.previousPasswordHash
        await self.records.write(
            put_credential(station, pendingPasswordHash=new, previousPasswordHash=kept)
        )
        try:
            reply = await self.stations.call(
                station, "SetVariables", {"setVariableData": [data]}, seconds=seconds
            )
        except (StationSilent, StationIncoherent) as error:
            log.warning("password.unanswered", station=station)
            raise type(error)(
                f"{error}; the old and the new password are both valid until one is used"
            ) from None
        except (StationError, BadRequest):
            await self.records.write(_restored(station, before))
            raise
        result: Payload = reply["setVariableResult"][0]
        await self._settle(station, new, before, result["attributeStatus"])
        return result

    async def _settle(self, station: str, new: str, before: Credential, status: str) -> None:
        if status not in {"Accepted", "RebootRequired"}:
            await self.records.write(_restored(station, before))
            log.warning("password.refused", station=station, status=status)
            return
        previous = before.passwordHash if status == "RebootRequired" else None
        hashes = {
            "passwordHash": new,
            "pendingPasswordHash": None,
            "previousPasswordHash": previous,
        }
        when: dict[str, Any] = {"passwordChangedAt": self.clock.now()}
        wanted = before.wantedPassword
        if wanted is not None and self._credential(station).wantedPassword == wanted:
            # The one that waited was this one, or an older one.
            hashes["wantedPassword"] = None
            told = None if status == "Accepted" else "the station uses it after its next boot"
            when |= {"passwordProgress": "Confirmed", "passwordInfo": told}
        changed = put_credential(station, **hashes)
        await self.records.write(Put(CHARGING_STATION, station, when), changed)
        log.info("password.changed", station=station, status=status)

    def _credential(self, station: str) -> Credential:
        key = password_key(station)
        return self.records.get(CREDENTIAL, key) or Credential(id=key)


def setting(password: str) -> Payload:
    """OCPP's SetVariableData of a station's password."""
    return {
        "component": {"name": SECURITY},
        "variable": {"name": PASSWORD},
        "attributeValue": password,
    }


def put_credential(station: str, **hashes: str | None) -> Put:
    """Writes fields of the Credential of a station."""
    fields: dict[str, Any] = {
        "station": station,
        "component": SECURITY,
        "variable": PASSWORD,
        "type": "Actual",
        "mutability": "WriteOnly",
        **hashes,
    }
    return Put(CREDENTIAL, password_key(station), fields)


def _restored(station: str, before: Credential) -> Put:
    return put_credential(
        station,
        pendingPasswordHash=before.pendingPasswordHash,
        previousPasswordHash=before.previousPasswordHash,
    )
