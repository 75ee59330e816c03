"""Who is here: the online part of a station's record."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.pending_boot import PendingBoots
from citrine_py.ports import Clock, Put, Records, SessionInfo

log = structlog.get_logger()

_NOTED_EVERY = timedelta(seconds=1)


class StationPresence:
    """Implements ports.Presence."""

    def __init__(self, records: Records, clock: Clock, pending: PendingBoots) -> None:
        self._records = records
        self._clock = clock
        self._pending = pending
        self._noted: dict[str, datetime] = {}

    async def reset(self) -> None:
        """At the start nobody is here, whatever the records say."""
        stale = self._records.select(CHARGING_STATION, isOnline=True)
        changes = [Put(CHARGING_STATION, each.id, {"isOnline": False}) for each in stale]
        if changes:
            await self._records.write(*changes)

    async def connected(self, session: SessionInfo) -> None:
        """See ports.Presence."""
        if self._records.get(CHARGING_STATION, session.station) is None:
            log.info("station.new", station=session.station, listener=session.listener)
        fields = {
            "isOnline": True,
            "listener": session.listener,
            "protocol": session.protocol,
            "securityProfile": session.security_profile,
            "remoteAddress": session.remote,
            "connectedAt": session.since,
            "lastSeen": session.since,
        }
        await self._records.write(Put(CHARGING_STATION, session.station, fields))
        self._pending.connected(session)

    async def gone(self, session: SessionInfo, reason: str) -> None:
        """See ports.Presence."""
        self._noted.pop(session.id, None)
        self._pending.gone(session)
        log.info("station.offline", station=session.station, reason=reason)
        if self._records.get(CHARGING_STATION, session.station) is None:
            return  # an operator removed it meanwhile
        fields = {"isOnline": False, "lastSeen": self._clock.now()}
        await self._records.write(Put(CHARGING_STATION, session.station, fields))

    def seen(self, session: SessionInfo) -> None:
        """See ports.Presence."""
        now = self._clock.now()
        noted = self._noted.get(session.id)
        if noted is None or now - noted >= _NOTED_EVERY:
            self._noted[session.id] = now
            self._records.touch(CHARGING_STATION, session.station, lastSeen=now)
