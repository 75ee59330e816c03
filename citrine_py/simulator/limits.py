"""K: which limit charging profiles set at a moment, and until when that holds.

Pure functions over OCPP's ChargingProfileType. The rules are those of Part 2, K.3: of one
purpose the highest stack level that says something counts; a TxProfile stands instead of
the TxDefaultProfile; of several purposes the lowest limit counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from citrine_py.model.times import parse
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.meter import AC_VOLTAGE

STATION = ("ChargingStationMaxProfile", "ChargingStationExternalConstraints")
_PERIODS = {"Daily": timedelta(days=1), "Weekly": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Installed:
    """A profile as it lies in a station: for this EVSE (0: all of it, or each), from whom."""

    evse: int
    profile: Payload
    source: str = "CSO"

    @property
    def purpose(self) -> str:
        return str(self.profile["chargingProfilePurpose"])


@dataclass(frozen=True, slots=True)
class Load:
    """Whom a limit is for: an EVSE, its transaction (None: none), phases, how many EVSEs share
    what is for the whole station."""

    evse: int
    transaction_id: str | None = None
    began: datetime | None = None
    phases: int = 3
    sharing: int = 1


def limit(installed: Iterable[Installed], load: Load, at: datetime) -> float | None:
    """W that may be given at `at`; None without a limit."""
    known = list(installed)
    found = [_share(known, purpose, load, at) for purpose in STATION]
    own = _of_purpose(known, "TxProfile", load, at)
    found.append(_of_purpose(known, "TxDefaultProfile", load, at) if own is None else own)
    return min((each for each in found if each is not None), default=None)


def changes(
    installed: Iterable[Installed], load: Load, start: datetime, end: datetime
) -> list[datetime]:
    """The moments after `start` and before `end` at which the limit may become another."""
    found = {
        moment
        for each in installed
        if each.evse in {0, load.evse}
        for moment in _edges(each.profile, load, start, end)
    }
    return sorted(moment for moment in found if start < moment < end)


def _share(known: list[Installed], purpose: str, load: Load, at: datetime) -> float | None:
    watts = _of_purpose(known, purpose, load, at)
    return None if watts is None else watts / max(1, load.sharing)


def _of_purpose(known: list[Installed], purpose: str, load: Load, at: datetime) -> float | None:
    """The one of the highest stack level that has a limit now; an EVSE's own goes first."""
    candidates = sorted(
        (each for each in known if each.purpose == purpose and each.evse in {0, load.evse}),
        key=lambda each: (each.profile["stackLevel"], each.evse),
        reverse=True,
    )
    for each in candidates:
        watts = _watts(each.profile, load, at)
        if watts is not None:
            return watts
    return None


def _watts(profile: Payload, load: Load, at: datetime) -> float | None:
    if profile.get("transactionId") not in {None, load.transaction_id}:
        return None
    if not _from(profile) <= at < _to(profile):
        return None
    schedule: Payload = profile["chargingSchedule"][0]
    start = _start(profile, schedule, load, at)
    if start is None or at < start or at >= _end(profile, schedule, start):
        return None
    offset = (at - start).total_seconds()
    period = [it for it in schedule["chargingSchedulePeriod"] if it["startPeriod"] <= offset][-1:]
    return _in_watts(schedule, period[0], load.phases) if period else None


def _in_watts(schedule: Payload, period: Payload, phases: int) -> float:
    value = float(period["limit"])
    if schedule["chargingRateUnit"] == "W":
        return value
    used: int = min(phases, period.get("numberPhases", 3))
    return value * AC_VOLTAGE * used


def _edges(profile: Payload, load: Load, start: datetime, end: datetime) -> Iterator[datetime]:
    yield from (_from(profile), _to(profile))
    schedule: Payload = profile["chargingSchedule"][0]
    at: datetime | None = start
    while at is not None and at < end:
        began = _start(profile, schedule, load, at)
        if began is None:
            return
        over = _end(profile, schedule, began)
        yield from (began, over)
        for period in schedule["chargingSchedulePeriod"]:
            yield began + timedelta(seconds=period["startPeriod"])
        every = _PERIODS.get(profile.get("recurrencyKind", ""))
        at = began + every if profile["chargingProfileKind"] == "Recurring" and every else None


def _start(profile: Payload, schedule: Payload, load: Load, at: datetime) -> datetime | None:
    """When the schedule that counts at `at` began."""
    kind = profile["chargingProfileKind"]
    if kind == "Relative":
        return load.began
    start = schedule.get("startSchedule")
    if start is None:
        return load.began if profile["chargingProfilePurpose"] == "TxProfile" else None
    first = parse(start)
    if kind == "Recurring" and at > first:
        return (
            first
            + (at - first)
            // _PERIODS[profile["recurrencyKind"]]
            * _PERIODS[profile["recurrencyKind"]]
        )
    return first


def _end(profile: Payload, schedule: Payload, start: datetime) -> datetime:
    seconds = schedule.get("duration")
    end = _LAST if seconds is None else start + timedelta(seconds=seconds)
    if profile["chargingProfileKind"] == "Recurring":
        end = min(end, start + _PERIODS[profile["recurrencyKind"]])
    return end


_FIRST, _LAST = parse("1970-01-01T00:00:00Z"), parse("9000-01-01T00:00:00Z")


def _from(profile: Payload) -> datetime:
    return parse(profile["validFrom"]) if "validFrom" in profile else _FIRST


def _to(profile: Payload) -> datetime:
    return parse(profile["validTo"]) if "validTo" in profile else _LAST
