"""K11-K14: limits that others than we have set at a station, as it tells of them."""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.charging_profiles import CHARGING_PROFILE, ON_STATION
from citrine_py.model.keys import external_limit_key
from citrine_py.modules.history import told
from citrine_py.modules.profile_rows import schedule_fields
from citrine_py.ports import Call, Change, Payload, Put, Records

PURPOSE = "ChargingStationExternalConstraints"


@dataclass(frozen=True, slots=True)
class OnNotifyChargingLimit:
    """K11, K12: keeps the limit, in the place of the last one of its source."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        limit, evse_id = call.payload["chargingLimit"], call.payload.get("evseId", 0)
        source = limit["chargingLimitSource"]
        first, *more = call.payload.get("chargingSchedule", [None])
        nothing = dict.fromkeys(
            ("chargingRateUnit", "limit", "chargingSchedulePeriod", "startSchedule",
             "duration", "minChargingRate")
        )  # fmt: skip
        fields = {
            "station": call.station,
            "evseId": evse_id,
            "chargingProfilePurpose": PURPOSE,
            "source": source,
            "isGridCritical": limit.get("isGridCritical"),
            **(nothing if first is None else schedule_fields(first)),
            "moreSchedules": more or None,
            "status": "Confirmed",
            "statusInfo": None,
            "reportedAt": call.received,
            "timestamp": call.received,
        }
        key = external_limit_key(call.station, evse_id, source)
        line = told(call, "Charging", "limit", f"{source}, EVSE {evse_id}" if evse_id else source)
        await self.records.write(Put(CHARGING_PROFILE, key, fields), line)
        return {}


@dataclass(frozen=True, slots=True)
class OnClearedChargingLimit:
    """K13, K14: ends the limits of a source; of one EVSE, if it is said."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        source, evse_id = call.payload["chargingLimitSource"], call.payload.get("evseId")
        rows = self.records.select(CHARGING_PROFILE, station=call.station, source=source)
        over = {
            "status": "Cleared",
            "statusInfo": f"{source} has ended it",
            "timestamp": call.received,
        }
        changes: list[Change] = [
            Put(CHARGING_PROFILE, row.id, over)
            for row in rows
            if row.status in ON_STATION
            and row.chargingProfilePurpose == PURPOSE
            and (not evse_id or row.evseId == evse_id)
        ]
        info = f"{source}, EVSE {evse_id}" if evse_id else source
        await self.records.write(*changes, told(call, "Charging", "limit cleared", info))
        return {}
