"""Who is here: what a connection leaves on the station's record.

Implements ports.Presence. Whether the station may take part is another question
(`gate`); a conversation that the connection interrupts is `pending_boot`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.pending_boot import PendingBoot
from citrine_py.ports import Clock, Jobs, Put, Records, SessionInfo

log = structlog.get_logger()

SEEN_EVERY = timedelta(seconds=1)
"""How exact lastSeen is."""

_AGAIN = 2.0  # seconds until it is tried again to write what the journal did not take


@dataclass(frozen=True, slots=True)
class StationPresence:
    """Keeps isOnline, lastSeen and how the station is connected.

    Attributes:
        returned: told of every station that connects, for what waits until it is here.
        arrived: told of those that were accepted before; such a station may boot anew.
        left: told of every station that is gone, and why.
    """

    records: Records
    clock: Clock
    jobs: Jobs
    pending: PendingBoot
    returned: Sequence[Callable[[SessionInfo], None]] = ()
    arrived: Sequence[Callable[[str], None]] = ()
    left: Sequence[Callable[[SessionInfo, str], None]] = ()

    async def connected(self, session: SessionInfo) -> None:
        """See ports.Presence. A station nobody knew gets its record here."""
        known = self.records.get(CHARGING_STATION, session.station) is not None
        fields = {
            "isOnline": True,
            "listener": session.listener,
            "protocol": session.protocol,
            "securityProfile": session.security_profile,
            "remoteAddress": session.remote,
            "connectedAt": session.since,
            "lastSeen": self.clock.now(),
        }
        await self._keep(session.station, fields)
        if not known:
            log.info("station.new", station=session.station, listener=session.listener)
        self.pending.connected(session)
        for each in self.returned:
            each(session)
        here = self.records.get(CHARGING_STATION, session.station)
        if here is not None and here.registrationStatus == "Accepted":
            for tell in self.arrived:
                tell(session.station)

    async def gone(self, session: SessionInfo, reason: str) -> None:
        """See ports.Presence."""
        if self.records.get(CHARGING_STATION, session.station) is not None:
            fields = {"isOnline": False, "lastSeen": self.clock.now()}
            await self._keep(session.station, fields)
        for each in self.left:
            each(session, reason)
        await self.pending.gone(session, reason)

    async def _keep(self, station: str, fields: Mapping[str, Any]) -> None:
        """Writes what is so now. When the journal takes nothing a known station is served all the
        same, and its record follows as soon as it can."""
        self.jobs.cancel(_job(station))
        try:
            await self.records.write(Put(CHARGING_STATION, station, fields))
        except StoreUnavailable:
            if self.records.get(CHARGING_STATION, station) is None:
                raise
            self.jobs.start(_job(station), lambda: self._keep_later(station, fields))

    async def _keep_later(self, station: str, fields: Mapping[str, Any]) -> None:
        while self.records.get(CHARGING_STATION, station) is not None:
            await self.clock.sleep(_AGAIN)
            with suppress(StoreUnavailable):
                await self.records.write(Put(CHARGING_STATION, station, fields))
                return

    def seen(self, session: SessionInfo) -> None:
        """See ports.Presence."""
        station = self.records.get(CHARGING_STATION, session.station)
        now = self.clock.now()
        if station is not None and (
            station.lastSeen is None or now - station.lastSeen >= SEEN_EVERY
        ):
            self.records.touch(CHARGING_STATION, session.station, lastSeen=now)

    async def reset(self) -> None:
        """Nobody is connected: for the start of the service, before its listeners. Not journalled,
        so that a full disk keeps it from no start; the next one would tell it again."""
        for station in self.records.select(CHARGING_STATION, isOnline=True):
            self.records.touch(CHARGING_STATION, station.id, isOnline=False)


def _job(station: str) -> str:
    return f"presence {station}"
