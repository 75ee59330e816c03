"""K15, K16: whether what a car means to do keeps to what it was given. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from citrine_py.model.charging_profiles import ChargingProfile
from citrine_py.model.times import parse
from citrine_py.modules.profile_rows import schedule_of
from citrine_py.modules.sites import PHASES, Site
from citrine_py.ports import Payload

_ROUNDING = 1.01  # of limits that were converted


def within(site: Site, planned: Payload, time_base: str, row: ChargingProfile) -> bool:
    """Whether no period of the car's schedule is above one that the row allows at its time, in
    the row's schedule or one of the others that the car could choose from."""
    base = parse(time_base)
    begins = parse(planned["startSchedule"]) if "startSchedule" in planned else base
    offered: list[tuple[Mapping[str, Any], datetime]] = [
        (schedule_of(row), row.startSchedule or base)
    ]
    for more in row.moreSchedules or ():
        starts = parse(more["startSchedule"]) if "startSchedule" in more else base
        offered.append((more, starts))
    return any(_below(site, planned, begins, given, starts) for given, starts in offered)


def _below(
    site: Site,
    planned: Payload,
    begins: datetime,
    given: Mapping[str, Any],
    starts: datetime,
) -> bool:
    """Looks where one of the two steps: in between nothing changes."""
    steps = {begins + timedelta(seconds=each["startPeriod"]) for each in _periods(planned)}
    steps |= {starts + timedelta(seconds=each["startPeriod"]) for each in _periods(given)}
    for moment in steps:
        plan = _at(site, planned, begins, max(moment, begins))
        limit = _at(site, given, starts, max(moment, begins, starts))
        if plan > limit * _ROUNDING:
            return False
    return True


def _periods(schedule: Mapping[str, Any]) -> Sequence[Payload]:
    periods: Sequence[Payload] = schedule["chargingSchedulePeriod"]
    return periods


def _at(site: Site, schedule: Mapping[str, Any], starts: datetime, moment: datetime) -> float:
    """W of the period that holds at a moment."""
    after = (moment - starts).total_seconds()
    begun = [each for each in _periods(schedule) if each["startPeriod"] <= after]
    period = begun[-1] if begun else _periods(schedule)[0]
    limit = float(period["limit"])
    if schedule["chargingRateUnit"] == "W":
        return limit
    return site.watts(limit, period.get("numberPhases", PHASES))
