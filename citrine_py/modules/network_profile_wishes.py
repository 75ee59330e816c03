"""B09, B10: network profiles, brought to stations when they are there.

To activate one takes three steps, each noted when the station has taken it, so that a lost
line or a restart of the service goes on where it was: the profile, its slot as the first of
NetworkConfigurationPriority, a reset. It is confirmed when the station boots by way of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from citrine_py.model.collection import Owner
from citrine_py.model.keys import network_profile_key
from citrine_py.model.network_profiles import NETWORK_PROFILE, UNDER_WAY, NetworkProfile
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.blocks import Common
from citrine_py.modules.network_profiles import (
    Listeners,
    connection_data,
    digest,
    downwards,
    first,
    problem,
    recorded,
    same_profile,
)
from citrine_py.modules.rounds import Rounds
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.ports import Payload, Put

log = structlog.get_logger()

_PRIORITY: Payload = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "NetworkConfigurationPriority"},
}
_AWAITED = frozenset({"Prioritised", "Resetting"})
_STATION_HAS_IT = frozenset({"Set", *_AWAITED, "Confirmed", "Failed"})


class _Refused(Exception):
    """The station does not do it."""


class NetworkProfileWishes:
    """Brings network profiles to stations, and is the sender of SetNetworkProfile."""

    def __init__(self, common: Common, variables: VariableCalls, listeners: Listeners) -> None:
        self._records = common.records
        self._stations = common.stations
        self._clock = common.clock
        self._variables = variables
        self._listeners = listeners
        self._rounds = Rounds(common.jobs, "network profiles", self._catch_up)

    # ---- what happens ------------------------------------------------------------------

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """Sends the message now, and records what stands in the slot.

        Raises:
            BadRequest: it leads the station to a lower security profile than it has.
        """
        data = payload["connectionData"]
        lower = downwards(self._records.get(CHARGING_STATION, station), data["securityProfile"])
        if lower is not None:
            raise BadRequest(lower)
        reply = await self._stations.call(station, "SetNetworkProfile", payload, seconds=seconds)
        accepted = reply["status"] == "Accepted"
        told = (
            self._entered("Confirmed", None) if accepted else self._entered("Refused", _said(reply))
        )
        await self._record(station, payload["configurationSlot"], {**recorded(data), **told})
        return reply

    async def _record(self, station: str, slot: int, told: dict[str, Any]) -> None:
        """Keeps what somebody sent. What an operator is just editing stays his."""
        key = network_profile_key(station, slot)
        before = self._records.get(NETWORK_PROFILE, key)
        shared = NETWORK_PROFILE.owned_by(Owner.SHARED)
        fields = {**told, "listener": None}
        if before is None:
            fields |= {"station": station, "configurationSlot": slot, "activate": False}
            row = NetworkProfile.model_validate({**fields, "id": key})
            over = None
        else:
            row = before.model_copy(update=fields)
            over = {name: getattr(before, name) for name in fields if name in shared}
        try:
            put = Put(NETWORK_PROFILE, key, {**fields, "digest": digest(row)}, only_over=over)
            await self._records.write(put)
        except StoreUnavailable as error:
            log.warning("wish.unrecorded", key=key, reason=str(error))

    def changed(
        self, _key: str, before: NetworkProfile | None, after: NetworkProfile | None
    ) -> None:
        """An operator has made or edited a profile."""
        if after is not None and after.station is not None and before != after and _open(after):
            self._rounds.begin(after.station)

    def arrived(self, station: str) -> None:
        """The station is here and accepted, or its boot is."""
        rows = self._records.select(NETWORK_PROFILE, station=station)
        if any(_open(row) or row.progress == "Resetting" for row in rows):
            self._rounds.begin(station)

    # ---- one station -------------------------------------------------------------------

    async def _catch_up(self, station: str) -> bool:
        rows = self._records.select(NETWORK_PROFILE, station=station)
        for row in rows:
            if _edited(row):
                await self._write(row.id, self._wanted(row))
        done = True
        for key in [row.id for row in rows]:
            if not self._ready(station):
                return True
            await self._back(key)
            done = await self._go_on(key) and done
        return done

    def _wanted(self, row: NetworkProfile) -> dict[str, Any]:
        """The fields of a row that was edited: a profile that the station has is not sent again
        to activate it."""
        now = digest(row)
        progress = "Wanted"
        if same_profile(row.digest, now) and row.progress in _STATION_HAS_IT:
            progress = "Set" if row.activate else "Confirmed"
        return {**self._entered(progress, None), "digest": now}

    def _ready(self, station: str) -> bool:
        record = self._records.get(CHARGING_STATION, station)
        accepted = record is not None and record.registrationStatus == "Accepted"
        return accepted and self._stations.session(station) is not None

    async def _back(self, key: str) -> None:
        """Looks at how a station has come back that was to be reset into a profile."""
        row = self._records.get(NETWORK_PROFILE, key)
        if row is None or row.progress not in _AWAITED or row.station is None:
            return
        station = self._records.get(CHARGING_STATION, row.station)
        session = self._stations.session(row.station)
        if station is None or session is None or station.lastBootTime is None:
            return
        triggered = station.lastBootReason == "Triggered"
        if triggered or row.timestamp is None or station.lastBootTime <= row.timestamp:
            return
        profile = connection_data(row, self._listeners).get("securityProfile")
        if session.security_profile == profile and row.listener in {None, "", session.listener}:
            log.info("networkprofile.confirmed", station=row.station, slot=row.configurationSlot)
            await self._write(key, self._entered("Confirmed", None))
        elif row.progress == "Resetting":
            came = f"{session.listener}, security profile {session.security_profile}"
            why = f"the station came back by {came}: it may have found no way by this profile"
            log.warning("networkprofile.failed", station=row.station, slot=row.configurationSlot)
            await self._write(key, self._entered("Failed", why))

    async def _go_on(self, key: str) -> bool:
        """Takes the steps that are left; False where one has to be tried again."""
        steps: dict[str | None, Callable[[NetworkProfile], Awaitable[dict[str, Any]]]] = {
            "Wanted": self._set,
            "Sent": self._set,
            "Set": self._prioritise,
            "Prioritised": self._reset,
        }
        while True:
            row = self._records.get(NETWORK_PROFILE, key)
            if row is None or row.station is None or _edited(row) or row.progress not in steps:
                return True
            try:
                told = await steps[row.progress](row)
            except (StationOffline, StationBusy, StationSilent) as error:
                await self._write(key, {"info": str(error)})
                return False
            except (_Refused, StationError, BadRequest) as error:
                log.info("networkprofile.refused", station=row.station, step=row.progress)
                told = self._entered("Refused", str(error))
            now = self._records.get(NETWORK_PROFILE, key)
            if now is None or _edited(now):
                return True  # it was edited meanwhile: that is another wish
            if not await self._write(key, told):
                return False

    async def _set(self, row: NetworkProfile) -> dict[str, Any]:
        assert row.station is not None  # noqa: S101 - looked at before
        why = problem(row, self._listeners)
        if why is not None:
            raise _Refused(why)
        data = connection_data(row, self._listeners)
        station = self._records.get(CHARGING_STATION, row.station)
        lower = downwards(station, data["securityProfile"])
        if lower is not None:
            raise _Refused(lower)
        await self._write(row.id, self._entered("Sent", None))
        payload = {"configurationSlot": row.configurationSlot, "connectionData": data}
        reply = await self._stations.call(row.station, "SetNetworkProfile", payload)
        if reply["status"] != "Accepted":
            raise _Refused(_said(reply))
        return self._entered("Set" if row.activate else "Confirmed", None)

    async def _prioritise(self, row: NetworkProfile) -> dict[str, Any]:
        """The other slots stay behind it: they are the station's way back."""
        assert row.station is not None  # noqa: S101 - looked at before
        assert row.configurationSlot is not None  # noqa: S101 - as above
        (read,) = await self._variables.get(row.station, [_PRIORITY])
        if read["attributeStatus"] != "Accepted":
            status = read["attributeStatus"]
            raise _Refused(f"NetworkConfigurationPriority cannot be read: {status}")
        wanted = first(row.configurationSlot, read.get("attributeValue", ""))
        (result,) = await self._variables.set(
            row.station, [{**_PRIORITY, "attributeValue": wanted}]
        )
        status = result["attributeStatus"]
        if status not in {"Accepted", "RebootRequired"}:
            raise _Refused(f"NetworkConfigurationPriority {wanted}: {status}")
        return self._entered("Prioritised", None)

    async def _reset(self, row: NetworkProfile) -> dict[str, Any]:
        assert row.station is not None  # noqa: S101 - looked at before
        reset = self._entered("Resetting", "the station is to come back by this profile")
        reply = await self._stations.call(row.station, "Reset", {"type": "OnIdle"})
        if reply["status"] not in {"Accepted", "Scheduled"}:
            raise _Refused(f"Reset: {_said(reply)}")
        if reply["status"] == "Scheduled":
            reset["info"] = "the station resets when it is idle"
        return reset

    def _entered(self, progress: str, info: str | None) -> dict[str, Any]:
        return {"progress": progress, "info": info, "timestamp": self._clock.now()}

    async def _write(self, key: str, fields: dict[str, Any]) -> bool:
        try:
            await self._records.write(Put(NETWORK_PROFILE, key, fields))
        except StoreUnavailable as error:
            log.warning("wish.unrecorded", key=key, reason=str(error))
            return False
        return True


def _edited(row: NetworkProfile) -> bool:
    """Whether it is not what was last looked at."""
    return row.progress is None or row.digest != digest(row)


def _open(row: NetworkProfile) -> bool:
    return _edited(row) or row.progress in UNDER_WAY


def _said(reply: Payload) -> str:
    info = reply.get("statusInfo", {})
    more = ": ".join(part for part in (info.get("reasonCode"), info.get("additionalInfo")) if part)
    return f"{reply['status']} ({more})" if more else str(reply["status"])
