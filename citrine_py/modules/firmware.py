"""L01: how a station's firmware update goes.

The latest status stands on the station's record, every one in its history. Sending
updates needs no code of its own (`requests`).
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.history import told_status
from citrine_py.ports import Call, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnFirmwareStatusNotification:
    """Keeps a firmware status."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        latest = {"firmwareStatus": call.payload["status"], "firmwareStatusAt": call.received}
        await self.records.write(
            Put(CHARGING_STATION, call.station, latest), told_status(call, "Firmware")
        )
        return {}
