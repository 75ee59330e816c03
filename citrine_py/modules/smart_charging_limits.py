"""What stations' SmartChargingCtrlr says of the charging profiles that they take.

Read once for each connection: a station does not change it while it is connected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from citrine_py.errors import DirectusError
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.profile_rules import StationLimits
from citrine_py.ports import Records, Stations

log = structlog.get_logger()

CONTROLLER = "SmartChargingCtrlr"
_UNITS = {"a": "A", "amp": "A", "w": "W", "watt": "W", "current": "A", "power": "W"}


@dataclass(frozen=True, slots=True)
class SmartChargingLimits:
    """Reads them. `known`: by station, with the id of the connection they were read for."""

    records: Records
    stations: Stations
    known: dict[str, tuple[str, StationLimits]] = field(default_factory=dict)

    async def of(self, station: str) -> StationLimits:
        """What the station takes; nothing is known of it while Directus cannot be asked."""
        session = self.stations.session(station)
        held = self.known.get(station)
        if session is not None and held is not None and held[0] == session.id:
            return held[1]
        where = {"station": station, "component": CONTROLLER}
        try:
            rows = await self.records.find(VARIABLE_ATTRIBUTE, where)
        except DirectusError as error:
            log.info("profile.limits_unknown", station=station, reason=str(error))
            return StationLimits()
        limits = read_limits(rows)
        if session is not None and rows:
            self.known[station] = (session.id, limits)
        return limits


def read_limits(rows: Iterable[VariableAttribute]) -> StationLimits:
    """What the rows of a SmartChargingCtrlr say."""
    told = {(row.variable or "").casefold(): row for row in rows if row.type == "Actual"}
    units = [each.strip().casefold() for each in (_value(told, "rateunit") or "").split(",")]
    switching = _value(told, "acphaseswitchingsupported")
    return StationLimits(
        frozenset(_UNITS[each] for each in units if each in _UNITS),
        _number(told, "profilestacklevel"),
        _number(told, "periodsperschedule"),
        None if switching is None else switching.casefold() == "true",
    )


def _value(told: dict[str, VariableAttribute], name: str) -> str | None:
    row = told.get(name)
    return None if row is None else row.value


def _number(told: dict[str, VariableAttribute], name: str) -> int | None:
    text = _value(told, name)
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
