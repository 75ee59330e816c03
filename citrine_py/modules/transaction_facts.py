"""What a transaction's ledger amounts to: the fields of its record, and the doubts.

Pure functions: the same ledger gives the same fields. Energy is by the register rules of
`meter_values` and the guard of `energy`; times in a state follow the station's own times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from citrine_py.model.keys import folded_token, token_key
from citrine_py.model.times import iso
from citrine_py.modules.energy import Chain, Limits, of_intervals, of_registers
from citrine_py.modules.ledger import Ledger, Range, Token, moment
from citrine_py.modules.meter_values import Reading

_CUTS = tuple(minutes * 60_000 for minutes in (15, 60, 360, 1440))
"""Segments end at these times of day too (quarters of an hour if that does not make too
many), so that prices by time find the energy of their time."""
_MOST_SEGMENTS = 200
_TOLERANCE = 120_000  # milliseconds: of the last reading before the end, of events after it
_SHOWN = 3  # readings left out, in words
_IDLE = frozenset({"SuspendedEV", "EVConnected"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state. Milliseconds."""

    since: int
    until: int
    state: str | None


def fields_of(ledger: Ledger, limits: Limits) -> dict[str, Any]:
    """The fields of the Transaction record that follow from its events."""
    since, until = _span(ledger)
    chain = _chain(ledger, since, limits)
    stretches = _stretches(ledger, since, until)
    wh = None if chain.total is None else chain.total / 1000
    told = {name: value[2] for name, value in ledger.told.items()}
    return {
        **{name: told.get(name) for name in _TOLD},
        "isActive": ledger.active,
        "stoppedReason": ledger.ended[2] if ledger.ended else None,
        **_tokens(ledger),
        "startedAt": moment(since),
        "endedAt": None if ledger.active else moment(until),
        "lastEventAt": moment(ledger.latest or since),
        "durationSeconds": round((until - since) / 1000),
        "chargingSeconds": _seconds(stretches, {"Charging"}),
        "idleSeconds": _seconds(_after_charging(stretches), _IDLE),
        "meterStart": chain.believed[0].energy / 1000 if chain.believed else None,
        "meterStop": chain.believed[-1].energy / 1000 if chain.believed else None,
        "energyWh": wh,
        "totalKwh": None if wh is None else wh / 1000,
        "segments": segments(stretches, chain),
        "firstSeqNo": ledger.first,
        "lastSeqNo": ledger.last,
        "missingSeqNos": ranges(ledger.missing),
        "doubt": "\n".join(_doubts(ledger, chain, since, until)) or None,
    }


_TOLD = (
    "chargingState",
    "triggerReason",
    "timeSpentCharging",
    "remoteStartId",
    "reservationId",
    "numberOfPhasesUsed",
    "cableMaxCurrent",
    "evseId",
    "connectorId",
)


def ranges(missing: Sequence[Range]) -> str | None:
    """Gaps in words: `3, 7-9`."""
    parts = (str(low) if low == high else f"{low}-{high}" for low, high in missing)
    return ", ".join(parts) or None


def _span(ledger: Ledger) -> tuple[int, int]:
    """Start and end, or the last that was heard; an end before the start counts as the start."""
    known = (ledger.started, ledger.earliest)
    since = next((each for each in known if each is not None), 0)
    until = ledger.ended[1] if ledger.ended else ledger.latest
    return since, max(since, since if until is None else until)


def _tokens(ledger: Ledger) -> dict[str, str | None]:
    by, stop = ledger.token or ledger.stop_token, ledger.stop_token
    if by is None:
        return dict.fromkeys(("idToken", "idTokenType", "tokenKey", "groupIdToken", "stopIdToken"))
    return {
        "idToken": by[2],
        "idTokenType": by[3],
        "tokenKey": token_key(by[2], by[3]),
        "groupIdToken": by[4] or None,
        "stopIdToken": stop[2] if stop is not None and _differ(by, stop) else None,
    }


def _differ(one: Token, other: Token) -> bool:
    return token_key(one[2], one[3]) != token_key(other[2], other[3])


def _chain(ledger: Ledger, since: int, limits: Limits) -> Chain:
    if ledger.readings or not ledger.intervals:
        return of_registers(ledger.readings, limits)
    return of_intervals(ledger.intervals, since, limits)


# ---- time in a state ---------------------------------------------------------------------


def _stretches(ledger: Ledger, since: int, until: int) -> list[Stretch]:
    """The time from start to end by state; None before the first that was told."""
    found: list[Stretch] = []
    at, state = since, None
    for _, told_at, told in ledger.states:
        change = min(max(at, told_at), until)
        if told == state:
            continue
        if change > at:
            found.append(Stretch(at, change, state))
        at, state = change, told
    if until > at:
        found.append(Stretch(at, until, state))
    return found


def _seconds(stretches: Sequence[Stretch], states: frozenset[str] | set[str]) -> int:
    return round(sum(each.until - each.since for each in stretches if each.state in states) / 1000)


def _after_charging(stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    first = next((i for i, each in enumerate(stretches) if each.state == "Charging"), None)
    return [] if first is None else stretches[first:]


def segments(stretches: Sequence[Stretch], chain: Chain) -> list[dict[str, Any]]:
    """The stretches with their energy, cut at times of day; neighbours of one state in which
    nothing flowed are one."""
    found: list[dict[str, Any]] = []
    for width in (*_CUTS, 0):
        found = _cut(stretches, chain, width)
        if len(found) <= _MOST_SEGMENTS:
            break
    return found


def _cut(stretches: Sequence[Stretch], chain: Chain, width: int) -> list[dict[str, Any]]:
    found: list[tuple[int, int, str | None, int]] = []
    for stretch in stretches:
        for since, until in pairwise(_bounds(stretch, width)):
            energy = chain.until(until) - chain.until(since)
            goes_on = found and energy == 0 and found[-1][2:] == (stretch.state, 0)
            found.append((found.pop()[0] if goes_on else since, until, stretch.state, energy))
    return [
        {
            "from": iso(moment(since)),
            "to": iso(moment(until)),
            "state": state,
            "energyWh": energy / 1000,
        }
        for since, until, state, energy in found
    ]


def _bounds(stretch: Stretch, width: int) -> Iterator[int]:
    yield stretch.since
    if width:
        span = stretch.until - stretch.since
        if span // width <= 2 * _MOST_SEGMENTS:
            yield from range(stretch.since - stretch.since % width + width, stretch.until, width)
    yield stretch.until


# ---- doubts ------------------------------------------------------------------------------


def _doubts(ledger: Ledger, chain: Chain, since: int, until: int) -> Iterator[str]:
    if ledger.started is None:
        yield "The Started event has not come; times and energy count from the first that did."
    if ledger.ended is None and not ledger.active and ledger.closed is not None:
        yield f"Taken for ended without its Ended event: {ledger.closed[1]}."
    if ledger.ended is not None and ledger.ended[1] < since:
        yield "By the station's clock it ended before it started."
    if ledger.ended is not None and (ledger.latest or 0) > ledger.ended[1] + _TOLERANCE:
        yield "Events came from after its end; the station may have used the id a second time."
    yield from _doubts_of_the_stop(ledger)
    yield from _doubts_of_readings(chain)
    if ledger.ended is not None and chain.believed and chain.believed[-1].at < until - _TOLERANCE:
        last = iso(moment(chain.believed[-1].at))
        yield f"There is no reading at the end; energy counts up to {last}."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in ledger.notes)


def _doubts_of_the_stop(ledger: Ledger) -> Iterator[str]:
    by, stop, reason = ledger.token, ledger.stop_token, ledger.ended[2] if ledger.ended else None
    if by is None or stop is None or not _differ(by, stop) or reason == "MasterPass":
        return
    if not by[4] or folded_token(by[4]) != folded_token(stop[4]):
        yield f"It was stopped with {stop[2]}, which is not of the group of {by[2]}."


def _doubts_of_readings(chain: Chain) -> Iterator[str]:
    out = chain.left_out
    if not out:
        return
    named = ", ".join(_words(each) for each in out[:_SHOWN])
    more = f" and {len(out) - _SHOWN} more" if len(out) > _SHOWN else ""
    base = f"; energy counts from {_words(chain.believed[0])}" if chain.believed else ""
    yield f"Readings that cannot be true are left out: {named}{more}{base}."


def _words(reading: Reading) -> str:
    return f"{reading.energy / 1000:g} Wh at {iso(moment(reading.at))}"


def priced(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a cost depends on; while this is the same, so is the cost."""
    names = ("startedAt", "endedAt", "energyWh", "chargingSeconds", "idleSeconds", "segments")
    return tuple(fields.get(name) for name in names)
