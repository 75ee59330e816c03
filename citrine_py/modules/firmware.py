"""L: how a firmware update goes on."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.diagnostics import told
from citrine_py.ports import Call, Clock, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnFirmwareStatusNotification:
    """FirmwareStatusNotification (L01): the latest on the station, each as an event."""

    records: Records
    clock: Clock

    async def __call__(self, call: Call) -> Payload:
        now, status = self.clock.now(), call.payload["status"]
        station = {"firmwareStatus": status, "firmwareStatusAt": now}
        await self.records.write(
            Put(CHARGING_STATION, call.station, station),
            told(call, "Firmware", status, now),
        )
        return {}
