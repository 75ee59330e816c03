"""Who is connected where; the newest connection of a station wins.

Implements ports.Stations. Presence is told of one session at a time for each
station, in order, and never that a station is gone when a newer session of it is
here: only the connection that still holds the station's place may clear it.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

import structlog

from citrine_py.edge.connection import NORMAL, TRY_AGAIN_LATER, Connection
from citrine_py.edge.failures import log_failure
from citrine_py.edge.stats import EdgeStats
from citrine_py.errors import StationOffline
from citrine_py.ports import Payload, Presence, SessionInfo

log = structlog.get_logger()


class Registry:
    """The connected stations of all listeners."""

    def __init__(self, stats: EdgeStats) -> None:
        self._stats = stats
        self._here: dict[str, Connection] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._here)

    # ---- ports.Stations ----------------------------------------------------------------

    def session(self, station: str) -> SessionInfo | None:
        connection = self._here.get(station)
        return connection.info if connection is not None else None

    async def call(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        connection = self._here.get(station)
        if connection is None:
            raise StationOffline(f"{station} is not connected")
        return await connection.call(action, payload, seconds)

    def disconnect(self, station: str, reason: str) -> None:
        connection = self._here.get(station)
        if connection is not None:
            connection.close(NORMAL, reason[:100])

    # ---- for the listeners -------------------------------------------------------------

    def sessions(self) -> list[SessionInfo]:
        """All connections that hold their station's place."""
        return [connection.info for connection in self._here.values()]

    async def host(self, connection: Connection, presence: Presence) -> None:
        """Gives the connection its station's place, serves it, and clears the place."""
        station = connection.info.station
        older = self._here.get(station)
        self._here[station] = connection
        if older is not None:
            self._stats.replaced += 1
            older.replace()
        lock = self._locks.get(station) or self._locks.setdefault(station, asyncio.Lock())
        reason = "failed"
        try:
            async with lock:
                if self._holds(connection):
                    await self._greet(connection, presence)
            reason = await connection.run()
        finally:
            log.info("connection.closed", reason=reason, replaced=not self._holds(connection))
            await self._leave(connection, presence, reason, lock)

    def close_all(self) -> None:
        """Closes every connection once its call in work is answered."""
        for connection in list(self._here.values()):
            connection.stop()

    def _holds(self, connection: Connection) -> bool:
        return self._here.get(connection.info.station) is connection

    async def _greet(self, connection: Connection, presence: Presence) -> None:
        try:
            await presence.connected(connection.info)
        except Exception as error:  # noqa: BLE001 - a seam: this station tries again
            log_failure("connection.unrecorded", error)
            connection.close(TRY_AGAIN_LATER, "try again later")

    async def _leave(
        self, connection: Connection, presence: Presence, reason: str, lock: asyncio.Lock
    ) -> None:
        station = connection.info.station
        if not self._holds(connection):
            return
        del self._here[station]
        async with lock:
            if station in self._here:
                return
            try:
                await presence.gone(connection.info, reason)
            except Exception as error:  # noqa: BLE001 - a seam: nobody waits for this
                log_failure("connection.unrecorded", error)
