"""L01: how a station's firmware update goes.

The latest status stands on the station's record, every one in its history. Sending
updates needs no code of its own (`requests`).
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.keys import derived
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Payload, Put, Records


@dataclass(frozen=True, slots=True)
class OnFirmwareStatusNotification:
    """Keeps a firmware status."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        status = call.payload["status"]
        request = call.payload.get("requestId")
        event = {
            "station": call.station,
            "timestamp": call.received,
            "kind": "Firmware",
            "type": status,
            "info": None if request is None else f"request {request}",
            "payload": redact(call.action, call.payload),
        }
        key = derived("StationEvent", call.station, call.session, call.message_id)
        await self.records.write(
            Put(
                CHARGING_STATION,
                call.station,
                {"firmwareStatus": status, "firmwareStatusAt": call.received},
            ),
            Put(STATION_EVENT, key, event),
        )
        return {}
