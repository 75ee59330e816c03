"""SendLocalList and GetLocalListVersion as people and programs send them (D01, D02)."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.modules.local_list_update import LocalListUpdate
from citrine_py.modules.local_lists import LocalLists
from citrine_py.ports import Payload, Stations


@dataclass(frozen=True, slots=True)
class LocalListRequests:
    """Senders of both messages; what the station then has is noted."""

    stations: Stations
    lists: LocalLists
    update: LocalListUpdate

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """D01, as it was asked for; whole lists of our own are sent by `LocalLists`."""
        reply = await self.stations.call(station, "SendLocalList", payload, seconds=seconds)
        if reply["status"] == "Accepted":
            await self.update.by_hand(station, payload)
        return reply

    async def version(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """D02."""
        return {"versionNumber": await self.lists.version(station, seconds)}
