"""A01: passwords that are sent when the station is there.

Until then one stands sealed beside the hashes, and in plain text nowhere; the station's record says
how it stands. It is sent the way of `passwords`, by whose rules a lost answer locks nobody out.
Implements ports.Passwords.
"""

from __future__ import annotations

import structlog

from citrine_py.errors import (
    BadRequest,
    NotFound,
    StationBusy,
    StationError,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.model.keys import password_key
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import CREDENTIAL, Credential
from citrine_py.modules.passwords import (
    StationPasswords,
    check_password,
    generate_password,
    put_credential,
    setting,
)
from citrine_py.modules.rounds import Rounds
from citrine_py.ports import Change, Jobs, PasswordOutcome, Put, Records, Stations
from citrine_py.ports_wishes import Vault

log = structlog.get_logger()

_WANTED = "Wanted: it is sent to the charger when it is there"
_UNSURE = "its answer was lost; the old and the new password are both valid until one is used"


class PasswordWishes:
    """Passwords, now or when the station is there. `vault`: None where there is no key for it."""

    def __init__(
        self,
        records: Records,
        stations: Stations,
        jobs: Jobs,
        passwords: StationPasswords,
        vault: Vault | None,
    ) -> None:
        self._records = records
        self._stations = stations
        self._passwords = passwords
        self._vault = vault
        self._rounds = Rounds(jobs, "wished password", self._catch_up)

    async def set_password(
        self,
        station: str,
        password: str | None,
        *,
        set_on_charger: bool,
        when_online: bool = False,
    ) -> PasswordOutcome:
        """See ports.Passwords."""
        if not when_online:
            return await self._passwords.set_password(
                station, password, set_on_charger=set_on_charger
            )
        vault = self._checked(station, set_on_charger)
        wanted = password if password is not None else generate_password()
        check_password(wanted)
        if self._ready(station) and station not in self._passwords.under_way:
            try:
                return await self._passwords.set_password(station, wanted, set_on_charger=False)
            except (StationOffline, StationBusy, StationSilent, StationIncoherent) as error:
                log.info("password.kept_wanted", station=station, reason=type(error).__name__)
        told = {"passwordProgress": "Wanted", "passwordInfo": None}
        await self._records.write(
            Put(CHARGING_STATION, station, told),
            put_credential(station, wantedPassword=vault.seal(station, wanted)),
        )
        log.info("password.wanted", station=station)
        self._rounds.begin(station)
        return PasswordOutcome(True, _WANTED)

    def _checked(self, station: str, set_on_charger: bool) -> Vault:
        """Raises BadRequest: such a password cannot wait."""
        if set_on_charger:
            raise BadRequest("whenOnline: the charger has the password if setOnCharger is true")
        if self._vault is None:
            raise BadRequest(
                "whenOnline: a password waits encrypted, with the key of the setting "
                "CITRINE_SECRETS_KEY; there is none"
            )
        if self._records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station}")
        return self._vault

    def arrived(self, station: str) -> None:
        """The station is here and accepted, or its boot is."""
        if self._credential(station).wantedPassword is not None:
            self._rounds.begin(station)

    # ---- one station -------------------------------------------------------------------

    def _ready(self, station: str) -> bool:
        record = self._records.get(CHARGING_STATION, station)
        accepted = record is not None and record.registrationStatus == "Accepted"
        return accepted and self._stations.session(station) is not None

    def _credential(self, station: str) -> Credential:
        key = password_key(station)
        return self._records.get(CREDENTIAL, key) or Credential(id=key)

    async def _catch_up(self, station: str) -> bool:
        credential = self._credential(station)
        sealed = credential.wantedPassword
        if sealed is None or not self._ready(station):
            return True
        if self._vault is None:
            await self._note(station, "Wanted", "the setting CITRINE_SECRETS_KEY is missing")
            return True
        password = self._vault.open(station, sealed)
        if password is None:
            await self._over(
                station, sealed, "Refused", "CITRINE_SECRETS_KEY is not the key it waited with"
            )
            return True
        if await self._passwords.has(station, password):  # taken, though its answer was lost
            await self._over(station, sealed, "Confirmed", None)
            return True
        return await self._send(station, sealed, password)

    async def _send(self, station: str, sealed: str, password: str) -> bool:
        """Whether the station has answered. Its own words may repeat the password."""
        await self._note(station, "Sent", None)
        try:
            result = await self._passwords.send(station, setting(password))
        except (StationSilent, StationIncoherent):
            await self._waits(station, sealed, _UNSURE)
            return False
        except (StationOffline, StationBusy) as error:
            await self._waits(station, sealed, str(error))
            return False
        except StationRefused as error:
            why = f"the station answered {error.code}"
            await self._over(station, sealed, "Refused", why)
        except (StationError, BadRequest) as error:  # another is on its way
            await self._waits(station, sealed, str(error))
            return False
        else:
            status = result["attributeStatus"]
            if status not in {"Accepted", "RebootRequired"}:
                await self._over(station, sealed, "Refused", f"the station answered {status}")
        return True

    async def _waits(self, station: str, sealed: str, why: str) -> None:
        if self._credential(station).wantedPassword == sealed:
            await self._note(station, "Wanted", why)

    async def _note(self, station: str, progress: str, info: str | None) -> None:
        told = {"passwordProgress": progress, "passwordInfo": info}
        await self._write(station, Put(CHARGING_STATION, station, told))

    async def _over(self, station: str, sealed: str, progress: str, info: str | None) -> None:
        """The password is not kept any longer, unless a newer one waits by now."""
        if self._credential(station).wantedPassword != sealed:
            return
        log.info("password.wish_over", station=station, progress=progress)
        told = {"passwordProgress": progress, "passwordInfo": info}
        await self._write(
            station,
            Put(CHARGING_STATION, station, told),
            put_credential(station, wantedPassword=None),
        )

    async def _write(self, station: str, *changes: Change) -> None:
        try:
            await self._records.write(*changes)
        except StoreUnavailable as error:
            log.warning("wish.unrecorded", station=station, reason=str(error))
