"""TriggerMessage as people and flows send it (F06)."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.modules.gate import Triggered
from citrine_py.ports import Payload, Stations


@dataclass(frozen=True, slots=True)
class TriggerRequests:
    """Sender of TriggerMessage."""

    stations: Stations
    triggered: Triggered

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """F06; what is asked for passes the gate of a Pending station once."""
        requested = payload["requestedMessage"]
        self.triggered.expect(station, requested)
        accepted = False
        try:
            reply = await self.stations.call(station, "TriggerMessage", payload, seconds=seconds)
            accepted = reply["status"] == "Accepted"
        finally:
            if not accepted:
                self.triggered.forget(station, requested)
        return reply
