"""Who is here: what a connection leaves on the station's record.

Implements ports.Presence. Whether the station may take part is another question
(`gate`); a conversation that the connection interrupts is `pending_boot`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.pending_boot import PendingBoot
from citrine_py.ports import Clock, Put, Records, SessionInfo

log = structlog.get_logger()

SEEN_EVERY = timedelta(seconds=1)
"""How exact lastSeen is."""


@dataclass(frozen=True, slots=True)
class StationPresence:
    """Keeps isOnline, lastSeen and how the station is connected.

    Attributes:
        returned: told of every station that connects, for what waits until it is here.
        arrived: told of those that were accepted before; such a station may boot anew.
    """

    records: Records
    clock: Clock
    pending: PendingBoot
    returned: Sequence[Callable[[SessionInfo], None]] = ()
    arrived: Sequence[Callable[[str], None]] = ()

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
        await self.records.write(Put(CHARGING_STATION, session.station, fields))
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
            await self.records.write(Put(CHARGING_STATION, session.station, fields))
        await self.pending.gone(session, reason)

    def seen(self, session: SessionInfo) -> None:
        """See ports.Presence."""
        station = self.records.get(CHARGING_STATION, session.station)
        now = self.clock.now()
        if station is not None and (
            station.lastSeen is None or now - station.lastSeen >= SEEN_EVERY
        ):
            self.records.touch(CHARGING_STATION, session.station, lastSeen=now)

    async def reset(self) -> None:
        """Nobody is connected: for the start of the service, before its listeners."""
        online = self.records.select(CHARGING_STATION, isOnline=True)
        if online:
            await self.records.write(
                *(Put(CHARGING_STATION, station.id, {"isOnline": False}) for station in online)
            )
