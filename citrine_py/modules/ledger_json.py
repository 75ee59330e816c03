"""The ledger as the record's field `bookkeeping` keeps it: short lists, since it is rewritten
with every event."""

from __future__ import annotations

from typing import Any

from citrine_py.modules.ledger import Ledger, Token
from citrine_py.modules.meter_values import Reading

UNREADABLE = "what was known of earlier events could not be read; figures count from here on"


def packed(ledger: Ledger) -> dict[str, Any]:
    """The ledger as JSON; what is empty is left out."""
    told: dict[str, Any] = {
        "seq": None if ledger.first is None else [ledger.first, ledger.last],
        "missing": [list(each) for each in ledger.missing],
        "times": None if ledger.earliest is None else [ledger.earliest, ledger.latest],
        "started": ledger.started,
        "ended": list(ledger.ended) if ledger.ended else None,
        "told": {name: list(value) for name, value in ledger.told.items()},
        "token": list(ledger.token) if ledger.token else None,
        "stopToken": list(ledger.stop_token) if ledger.stop_token else None,
        "states": [list(each) for each in ledger.states],
        "readings": [[each.at, each.energy, each.kind] for each in ledger.readings],
        "intervals": [[each.at, each.energy] for each in ledger.intervals],
        "notes": list(ledger.notes),
        "closed": list(ledger.closed) if ledger.closed else None,
    }
    return {name: value for name, value in told.items() if value not in (None, [], {})}


def unpacked(told: dict[str, Any] | None) -> Ledger:
    """The ledger out of that JSON. One that somebody has altered starts anew, and says so."""
    if not told:
        return Ledger()
    try:
        return _unpacked(told)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return Ledger().with_note(UNREADABLE)


def _unpacked(told: dict[str, Any]) -> Ledger:
    first, last = told.get("seq", (None, None))
    earliest, latest = told.get("times", (None, None))
    return Ledger(
        first=first,
        last=last,
        missing=tuple((low, high) for low, high in told.get("missing", ())),
        earliest=earliest,
        latest=latest,
        started=told.get("started"),
        ended=_three(told.get("ended")),
        told={name: (seq, at, value) for name, (seq, at, value) in told.get("told", {}).items()},
        token=_five(told.get("token")),
        stop_token=_five(told.get("stopToken")),
        states=tuple((seq, at, state) for seq, at, state in told.get("states", ())),
        readings=tuple(Reading(at, energy, kind) for at, energy, kind in told.get("readings", ())),
        intervals=tuple(Reading(at, energy) for at, energy in told.get("intervals", ())),
        notes=tuple(told.get("notes", ())),
        closed=_two(told.get("closed")),
    )


def _two(value: Any) -> tuple[int, str] | None:
    return None if value is None else (value[0], value[1])


def _three(value: Any) -> tuple[int, int, Any] | None:
    return None if value is None else (value[0], value[1], value[2])


def _five(value: Any) -> Token | None:
    return None if value is None else (value[0], value[1], value[2], value[3], value[4])
