"""A01: a station's password for security profiles 1 and 2, and how it changes.

A password is kept as a bcrypt hash alone. While a change is under way two are
valid, so that a lost answer locks no station out: the one it had and the one
that was sent, until one of them is used.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import BadRequest, StationOffline, StationSilent
from citrine_py.model.keys import password_key
from citrine_py.model.stations import CHARGING_STATION, CREDENTIAL, Credential
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

COMPONENT = "SecurityCtrlr"
VARIABLE = "BasicAuthPassword"
RULE = "a password has 16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ ."

_ALLOWED = re.compile(r"[a-zA-Z0-9*\-_=:+|@.]{16,40}")
_ALPHABET = string.ascii_letters + string.digits + "*-_=:+|@."
_GENERATED = 40  # characters


def is_password(component: str, variable: str) -> bool:
    """Whether this names the password; OCPP's names are case-insensitive."""
    return (
        component.casefold() == COMPONENT.casefold() and variable.casefold() == VARIABLE.casefold()
    )


def check(password: str) -> None:
    """Raises:
    BadRequest: it breaks OCPP's rules for a BasicAuthPassword.
    """
    if not _ALLOWED.fullmatch(password):
        raise BadRequest(RULE)


def generate() -> str:
    """A random password that obeys the rules."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED))


class PasswordBook:
    """The stored hashes of all stations: who knocks with what, and what a change does."""

    def __init__(self, records: Records, hasher: Hasher, clock: Clock) -> None:
        self._records = records
        self._hasher = hasher
        self._clock = clock

    async def admits(self, station: str, password: str) -> bool:
        """Whether the password is valid now (A00.FR.204). The use of one of two valid ones
        decides between them."""
        known = self._records.get(CREDENTIAL, password_key(station))
        if known is None:
            return False
        if known.passwordHash and await self._hasher.matches(password, known.passwordHash):
            await self._used_current(station, known)
            return True
        if known.pendingPasswordHash and await self._hasher.matches(
            password, known.pendingPasswordHash
        ):
            hashes = {"passwordHash": known.pendingPasswordHash, "pendingPasswordHash": None}
            await self._write(station, hashes, changed=True)
            log.info("password.confirmed", station=station)
            return True
        previous = known.previousPasswordHash
        return bool(previous) and await self._hasher.matches(password, previous or "")

    async def _used_current(self, station: str, known: Credential) -> None:
        if known.pendingPasswordHash or known.previousPasswordHash:
            await self._write(station, {"pendingPasswordHash": None, "previousPasswordHash": None})

    async def replaced(self, station: str, password: str) -> list[Change]:
        """Changes that make this the one password: the station has it already.

        Raises:
            BadRequest: it breaks the rules.
        """
        check(password)
        hashed = await self._hasher.hash(password)
        hashes = {"passwordHash": hashed, "pendingPasswordHash": None, "previousPasswordHash": None}
        return self._changes(station, hashes, changed=True)

    async def proposed(self, station: str, password: str) -> None:
        """The password is about to be sent to the station: it is valid from now on, beside
        the present one.

        Raises:
            BadRequest: it breaks the rules.
        """
        check(password)
        hashed = await self._hasher.hash(password)
        await self._write(station, {"pendingPasswordHash": hashed})

    async def settled(self, station: str, status: str | None) -> None:
        """The station said what became of it; None: it certainly never got it (A01.FR.03-05)."""
        known = self._records.get(CREDENTIAL, password_key(station))
        if known is None or not known.pendingPasswordHash:
            return
        hashes: dict[str, str | None] = {"pendingPasswordHash": None}
        applied = status in {"Accepted", "RebootRequired"}
        if applied:
            hashes["passwordHash"] = known.pendingPasswordHash
            previous = known.passwordHash if status == "RebootRequired" else None
            hashes["previousPasswordHash"] = previous
        await self._write(station, hashes, changed=applied)

    async def _write(
        self, station: str, hashes: dict[str, str | None], changed: bool = False
    ) -> None:
        await self._records.write(*self._changes(station, hashes, changed))

    def _changes(self, station: str, hashes: dict[str, str | None], changed: bool) -> list[Change]:
        fields: dict[str, Any] = {
            "station": station,
            "component": COMPONENT,
            "variable": VARIABLE,
            "type": "Actual",
            "mutability": "WriteOnly",
            **hashes,
        }
        now = {"passwordChangedAt": self._clock.now()} if changed else {}
        changes: list[Change] = []
        if now or self._records.get(CHARGING_STATION, station) is None:
            changes.append(Put(CHARGING_STATION, station, now))
        return [*changes, Put(CREDENTIAL, password_key(station), fields)]


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Implements ports.Passwords."""

    records: Records
    stations: Stations
    book: PasswordBook

    async def set_password(
        self, station: str, password: str | None, *, set_on_charger: bool
    ) -> PasswordOutcome:
        """See ports.Passwords."""
        if not 0 < len(station) <= 48 or not station.isprintable() or {*"/:"} & {*station}:
            raise BadRequest("stationId: 1 to 48 printable characters, without / and :")
        if password is not None:
            check(password)
        if set_on_charger:
            if password is None:
                raise BadRequest("Password is required when setOnCharger is true")
            await self.records.write(*await self.book.replaced(station, password))
            log.info("password.recorded", station=station)
            return PasswordOutcome(True, "Updated 1 attributes")
        if self.stations.session(station) is None:
            raise StationOffline(
                f"{station} is not connected, so its password cannot be changed; if it has the "
                "password already, send setOnCharger true"
            )
        return await self._send(station, password if password is not None else generate())

    async def _send(self, station: str, password: str) -> PasswordOutcome:
        await self.book.proposed(station, password)
        entry = {
            "component": {"name": COMPONENT},
            "variable": {"name": VARIABLE},
            "attributeType": "Actual",
            "attributeValue": password,
        }
        try:
            reply = await self.stations.call(station, "SetVariables", {"setVariableData": [entry]})
        except StationSilent:
            log.warning("password.unsettled", station=station)
            raise StationSilent(
                f"{station} did not say whether it took the password: the old and the new one are "
                "both valid until one of them is used"
            ) from None
        except Exception:
            await self.book.settled(station, None)
            raise
        status = reply["setVariableResult"][0]["attributeStatus"]
        await self.book.settled(station, status)
        log.info("password.sent", station=station, status=status)
        return _outcome(status, reply)


def _outcome(status: str, reply: Payload) -> PasswordOutcome:
    if status in {"Accepted", "RebootRequired"}:
        return PasswordOutcome(True, "Updated 1 attributes", reply)
    return PasswordOutcome(
        False, f"the station answered {status}; its password is what it was", reply
    )
