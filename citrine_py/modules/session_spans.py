"""A transaction as pricing sees it: spans of time, each with its state and its energy.

They come from the transaction's segments. Its energy is what the registers say: what the
segments lack of it is spread over the whole session, what they have too much is taken from
all of them alike. Where there are no segments the totals serve: first it charged, then it idled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from citrine_py.model.costs import PricedSession
from citrine_py.model.times import parse

_FIRST, _LAST = 1970, 3000  # years
_LONGEST = 10**9  # seconds


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end` the chargingState was `state` (None: not known) and `energy` (Wh,
    never negative) was taken."""

    start: datetime
    end: datetime
    state: str | None
    energy: Fraction


def spans(session: PricedSession, until: datetime | None = None) -> list[Span]:
    """The spans of a session, in order. It ended at its endedAt; one that goes on is taken to
    go on in its last state `until` then."""
    end = _moment(session.endedAt) or _moment(until)
    told = [span for each in session.segments or () if (span := _span(each)) is not None]
    if not told:
        told = _from_totals(session, end)
    elif end is not None and told[-1].end < end:
        told.append(Span(told[-1].end, end, told[-1].state, Fraction(0)))
    return _with_energy(told, session)


def _span(segment: Mapping[str, Any]) -> Span | None:
    """A segment; None where it has no times."""
    start, end = _moment(segment.get("from")), _moment(segment.get("to"))
    if start is None:
        return None
    energy = max(_number(segment.get("energyWh")) or Fraction(0), Fraction(0))
    state = segment.get("state")
    return Span(start, max(start, end or start), state if isinstance(state, str) else None, energy)


def _from_totals(session: PricedSession, end: datetime | None) -> list[Span]:
    start = _moment(session.startedAt) or end
    if start is None:
        return []
    charging, idle = _length(session.chargingSeconds), _length(session.idleSeconds)
    if not charging and not idle:
        return [Span(start, max(start, end or start), None, Fraction(0))]
    charged, left = start + charging, start + charging + idle
    zero = Fraction(0)
    return [Span(start, charged, "Charging", zero), Span(charged, left, "SuspendedEV", zero)]


def _with_energy(told: list[Span], session: PricedSession) -> list[Span]:
    wanted = _number(session.energyWh)
    if wanted is None or not told:
        return told
    wanted = max(wanted, Fraction(0))
    held = sum((span.energy for span in told), Fraction(0))
    if held > wanted:
        return [replace(s, energy=s.energy * wanted / held) for s in told]
    if held == wanted:
        return told
    if held == 0 and told[0].state == "Charging":  # from totals: it came while it charged
        return [replace(told[0], energy=wanted), *told[1:]]
    return [*told, Span(told[0].start, told[-1].end, None, wanted - held)]


def _moment(value: Any) -> datetime | None:
    """A moment, as a time or a text; None where it is none, or one that no station has seen."""
    try:
        found = parse(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, datetime) and _FIRST <= found.year <= _LAST else None


def _length(seconds: Any) -> timedelta:
    return timedelta(seconds=float(min(max(_number(seconds) or 0, 0), _LONGEST)))


def _number(value: Any) -> Fraction | None:
    """A number as its decimal digits say, exactly; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Fraction(Decimal(str(value)))
