"""Times of the week in which a token is good, as an operator's form has them: pure functions.

A window is {"days": ["Monday", ...], "from": "08:00", "to": "18:00"}. Without days it is every
day's. One that ends before it begins, or when it begins, ends on the next day. Times are those
of a clock on the wall: a day of a time change has its windows at the usual hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY_DAY = frozenset(range(7))
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(:[0-5]\d)?")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of the day; `days` count from Monday, 0. `end` is beyond `begin`, perhaps on the
    next day."""

    days: frozenset[int]
    begin: int
    end: int


def windows(value: Any) -> tuple[Window, ...] | None:
    """The windows that an operator has filled in; None if there are none, so that every time
    is good. What cannot be read is no window, so that it opens nothing."""
    if value is None or value == []:
        return None
    rows = value if isinstance(value, list) else []
    return tuple(window for window in map(_window, rows) if window is not None)


def _window(row: Any) -> Window | None:
    if not isinstance(row, dict):
        return None
    days, begin, end = _days(row.get("days")), _minutes(row.get("from")), _minutes(row.get("to"))
    if days is None or begin is None or end is None:
        return None
    begin %= _DAY
    return Window(days, begin, end if end > begin else end + _DAY)


def _days(value: Any) -> frozenset[int] | None:
    if value is None or value == []:
        return _EVERY_DAY
    if not isinstance(value, list):
        return None
    short = [str(each)[:3].lower() for each in value]
    if not all(each in _DAYS for each in short):
        return None
    return frozenset(_DAYS.index(each) for each in short)


def _minutes(value: Any) -> int | None:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes if minutes <= _DAY else None


def zone(name: str | None) -> tzinfo | None:
    """The time zone of IANA's name; UTC without one; None if there is none of this name."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there, no name, a folder
        return None


def open_until(found: Sequence[Window], place: tzinfo, moment: datetime) -> datetime | None:
    """When the window that is open at `moment` ends, the latest if there are several; None if
    none is open."""
    local = moment.astimezone(place).replace(tzinfo=None)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [
        day + timedelta(minutes=window.end)
        for day in (today, today - timedelta(days=1))
        for window in found
        if day.weekday() in window.days
        and day + timedelta(minutes=window.begin) <= local < day + timedelta(minutes=window.end)
    ]
    return max(ends).replace(tzinfo=place).astimezone(UTC) if ends else None
