"""When a tariff's prices change: a stretch of time, cut where they do.

Prices go by the clock on the wall of the tariff's time zone: what a driver reads there
is what holds, also in the nights in which clocks are put forward or back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from citrine_py.model.rates import Period, Rates

LONGEST = timedelta(days=400)
"""A longer stretch (some clock was wrong) is not cut: the prices of its beginning hold."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def pieces(
    rates: Rates, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, Period | None]]:
    """The stretch from `start` to `end` in pieces with one period each, in order; neighbours
    differ in it. An empty or backward stretch is one piece without length."""
    end = max(start, end)
    if not rates.periods or rates.zone is None or end - start > LONGEST or start == end:
        return [(start, end, rates.period(start))]
    found: list[tuple[datetime, datetime, Period | None]] = []
    for begin, finish in pairwise(_cuts(rates, rates.zone, start, end)):
        period = rates.period(begin)
        if found and found[-1][2] is period:
            found[-1] = (found[-1][0], finish, period)
        else:
            found.append((begin, finish, period))
    return found


def _cuts(rates: Rates, zone: tzinfo, start: datetime, end: datetime) -> list[datetime]:
    """All moments at which another period may begin, the two ends with them."""
    times = {time(0), *(each.start for each in rates.periods), *(e.end for e in rates.periods)}
    moments = {start.astimezone(UTC), end.astimezone(UTC)}
    for day in _days(start.astimezone(zone).date(), end.astimezone(zone).date()):
        for at in times:
            moments |= {_moment(day, at, zone, fold) for fold in (0, 1)}
        midnight, next_midnight = (_moment(each, time(0), zone) for each in (day, day + _DAY))
        if _offset(midnight, zone) != _offset(next_midnight, zone):
            moments.add(_shift(midnight, next_midnight, zone))
    return sorted(each for each in moments if start <= each <= end)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += _DAY


def _moment(day: date, at: time, zone: tzinfo, fold: int = 0) -> datetime:
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)


def _offset(moment: datetime, zone: tzinfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _shift(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment, to the second, at which the zone's clocks are put forward or back."""
    offset = _offset(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle <= before:
            break
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after
