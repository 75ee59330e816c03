"""L01-L04: how a station's firmware update goes, and that of what it publishes to others.

The latest status stands on the station's record, every one in its history, and each
moves the job on that asked for it (`station_jobs`).
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.history import told_status
from citrine_py.modules.job_progress import FIRMWARE
from citrine_py.modules.station_jobs import moved
from citrine_py.ports import Call, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnFirmwareStatusNotification:
    """Keeps a firmware status (L01, L02)."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        latest = {"firmwareStatus": call.payload["status"], "firmwareStatusAt": call.received}
        await self.records.write(
            Put(CHARGING_STATION, call.station, latest),
            told_status(call, "Firmware"),
            *moved(self.records, call, "UpdateFirmware", FIRMWARE),
        )
        return {}


@dataclass(frozen=True, slots=True)
class OnPublishFirmwareStatusNotification:
    """Keeps how far a local controller is with publishing firmware (L03). Published names
    the addresses that stations find it at."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        changes = moved(self.records, call, "PublishFirmware", FIRMWARE)
        places = call.payload.get("location")
        if places:
            changes = [
                Put(put.collection, put.key, {**put.fields, "result": "\n".join(places)})
                for put in changes
                if isinstance(put, Put)
            ]
        await self.records.write(told_status(call, "Firmware"), *changes)
        return {}
