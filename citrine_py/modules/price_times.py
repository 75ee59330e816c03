"""When a tariff's prices change: a stretch of time, cut where they do.

Prices go by the clock on the wall of the tariff's time zone: what a driver reads there
is what holds, also in the nights in which clocks are put forward or back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import TypeAlias

from citrine_py.model.rates import Period, Rates

LONGEST = timedelta(days=400)
"""A longer stretch (some clock was wrong) is not cut: the prices of its beginning hold."""

Piece: TypeAlias = tuple[datetime, datetime, Period | None]

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Timeline:
    """The stretch from `start` to `end`, cut once, for the many stretches within it."""

    def __init__(self, rates: Rates, start: datetime, end: datetime) -> None:
        self._rates = rates
        self._pieces = pieces(rates, start, end) if end - start <= LONGEST else None
        self._starts = [piece[0] for piece in self._pieces or ()]

    def cut(self, start: datetime, end: datetime) -> list[Piece]:
        """As `pieces`, of a stretch within."""
        if self._pieces is None:
            return pieces(self._rates, start, end)
        first = max(bisect_right(self._starts, start) - 1, 0)
        begin, finish, period = self._pieces[first]
        if end <= finish:
            return [(start, max(start, end), period)]
        found = [(start, finish, period)]
        for begin, finish, period in self._pieces[first + 1 :]:
            if begin >= end:
                break
            found.append((begin, min(finish, end), period))
        return found


def pieces(rates: Rates, start: datetime, end: datetime) -> list[Piece]:
    """The stretch from `start` to `end` in pieces with one period each, in order; neighbours
    differ in it. An empty or backward stretch is one piece without length."""
    end = max(start, end)
    if not rates.periods or rates.zone is None or end - start > LONGEST or start == end:
        return [(start, end, rates.period(start))]
    found: list[Piece] = []
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
