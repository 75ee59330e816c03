"""E01-E10: what must be kept of a transaction's events so that each can still be joined in.

Stations repeat events, send them late, offline, out of order, or never. A `Ledger` is the
sum of those that came: joining the same events in any order, any number of times, makes
the same ledger, and it stays small however many there are. seqNo orders events, their
time breaks ties; of two ends the earlier counts. Pure data; `transaction_facts` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from citrine_py.model.times import parse
from citrine_py.modules.meter_values import Reading, Told, energy_told
from citrine_py.ports import Payload

Range: TypeAlias = tuple[int, int]
Stamped: TypeAlias = tuple[int, int, Any]
"""seqNo, time in milliseconds, value."""
State: TypeAlias = tuple[int, int, str]
Token: TypeAlias = tuple[int, int, str, str, str]
"""seqNo, time, idToken, type, its groupIdToken or nothing."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MOST_RANGES = 200
_MOST_STATES = 400
_MOST_READINGS = 400
_MOST_INTERVALS = 2000
_MOST_NOTES = 10
_WIDTHS = tuple(minutes * 60_000 for minutes in (15, 60, 360, 1440, 43_200))
"""Of the slices of time of which a few readings are kept; each divides the
next, so that it makes no difference when they become wider."""


def milliseconds(moment: datetime) -> int:
    """A time as the ledger has it."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(at: int) -> datetime:
    """The time that `milliseconds` made."""
    return _EPOCH + at * _MILLISECOND


@dataclass(frozen=True, slots=True)
class Event:
    """A TransactionEvent as far as the ledger is concerned."""

    seq_no: int
    at: int
    type: str
    stopped_reason: str
    told: Mapping[str, Any]
    token: tuple[str, str, str] | None
    stops: bool  # its token is one that stops the transaction
    energy: Told

    @classmethod
    def of(cls, payload: Payload, group: str = "") -> Event:
        """The event of an OCPP TransactionEventRequest. `group`: that of its idToken."""
        info, evse = payload["transactionInfo"], payload.get("evse", {})
        token = payload.get("idToken")
        told = {
            "chargingState": info.get("chargingState"),
            "triggerReason": payload["triggerReason"],
            "timeSpentCharging": info.get("timeSpentCharging"),
            "remoteStartId": info.get("remoteStartId"),
            "reservationId": payload.get("reservationId"),
            "numberOfPhasesUsed": payload.get("numberOfPhasesUsed"),
            "cableMaxCurrent": payload.get("cableMaxCurrent"),
            "evseId": evse.get("id"),
            "connectorId": evse.get("connectorId"),
        }
        values = payload.get("meterValue", ())
        return cls(
            seq_no=payload["seqNo"],
            at=milliseconds(parse(payload["timestamp"])),
            type=payload["eventType"],
            stopped_reason=info.get("stoppedReason", "Local"),  # OCPP's meaning of none
            told={name: value for name, value in told.items() if value is not None},
            token=(token["idToken"], token["type"], group) if token and token["idToken"] else None,
            stops=payload["eventType"] == "Ended" or payload["triggerReason"] == "StopAuthorized",
            energy=energy_told((milliseconds(parse(each["timestamp"])), each) for each in values),
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sum of the events of one transaction. Times in milliseconds.

    Attributes:
        first, last: the least and the greatest seqNo.
        missing: those between that have not come, as ranges.
        started: when, by the Started event; None until it has come.
        ended: the Ended event's time, seqNo and reason.
        told: the newest value of what events tell.
        token: the first token that did not stop it.
        stop_token: the last that did.
        closed: when and why we took it for ended without its Ended event.
    """

    first: int | None = None
    last: int | None = None
    missing: tuple[Range, ...] = ()
    earliest: int | None = None
    latest: int | None = None
    started: int | None = None
    ended: Stamped | None = None
    told: Mapping[str, Stamped] = field(default_factory=dict)
    token: Token | None = None
    stop_token: Token | None = None
    states: tuple[State, ...] = ()
    readings: tuple[Reading, ...] = ()
    intervals: tuple[Reading, ...] = ()
    notes: tuple[str, ...] = ()
    closed: tuple[int, str] | None = None

    def with_event(self, event: Event) -> Ledger:
        """The ledger with this event too."""
        first, last, missing = _seen(self, event.seq_no)
        states = self.states
        if "chargingState" in event.told:
            states = (*states, (event.seq_no, event.at, event.told["chargingState"]))
        readings = _thinned((*self.readings, *event.energy.readings))
        intervals = () if readings else _gathered((*self.intervals, *event.energy.intervals))
        started, ended = self.started, self.ended
        if event.type == "Started":
            started = event.at if started is None else min(started, event.at)
        if event.type == "Ended":
            end = (event.seq_no, event.at, event.stopped_reason)
            ended = end if ended is None else min(ended, end, key=_earlier)
        token, stop_token = _tokens(self, event)
        return replace(
            self,
            first=first,
            last=last,
            missing=missing,
            earliest=event.at if self.earliest is None else min(self.earliest, event.at),
            latest=event.at if self.latest is None else max(self.latest, event.at),
            started=started,
            ended=ended,
            told=_newest(self.told, event),
            token=token,
            stop_token=stop_token,
            states=_without_repeats(states, missing),
            readings=readings,
            intervals=intervals,
            notes=_united(self.notes, event.energy.odd),
        )

    def with_note(self, text: str) -> Ledger:
        """The ledger with a doubt that no event alone shows."""
        return replace(self, notes=_united(self.notes, (text,)))

    def with_remote_start(self, remote_start_id: int) -> Ledger:
        """The ledger of a transaction that a remote start set off; what events tell goes first."""
        return replace(self, told={"remoteStartId": (-1, 0, remote_start_id), **self.told})

    def with_closing(self, at: datetime, why: str) -> Ledger:
        """The ledger of a transaction taken for ended, until an event comes that is later than
        both `at` and all that came; the station's clock may be ahead of ours."""
        return replace(self, closed=(max(milliseconds(at), self.latest or 0), why))

    @property
    def active(self) -> bool:
        """Whether it runs, as far as is known."""
        if self.ended is not None:
            return False
        return self.closed is None or (self.latest or 0) > self.closed[0]


# ---- parts -------------------------------------------------------------------------------


def _seen(ledger: Ledger, seq_no: int) -> tuple[int, int, tuple[Range, ...]]:
    first, last = ledger.first, ledger.last
    if first is None or last is None:
        return seq_no, seq_no, ()
    missing = list(ledger.missing)
    if seq_no > last + 1:
        missing.append((last + 1, seq_no - 1))
    elif seq_no < first - 1:
        missing.insert(0, (seq_no + 1, first - 1))
    else:
        missing = [part for each in missing for part in _split(each, seq_no)]
    return min(first, seq_no), max(last, seq_no), tuple(missing[-_MOST_RANGES:])


def _split(gap: Range, seq_no: int) -> Iterable[Range]:
    low, high = gap
    if not low <= seq_no <= high:
        return (gap,)
    return [(a, b) for a, b in ((low, seq_no - 1), (seq_no + 1, high)) if a <= b]


def _newest(told: Mapping[str, Stamped], event: Event) -> dict[str, Stamped]:
    result = dict(told)
    for name, value in event.told.items():
        new = (event.seq_no, event.at, value)
        old = result.get(name)
        result[name] = new if old is None else max(old, new, key=_later)
    return result


def _later(stamped: Stamped) -> tuple[int, int, str]:
    return stamped[0], stamped[1], str(stamped[2])


def _earlier(ended: Stamped) -> tuple[int, int, str]:
    return ended[1], ended[0], ended[2]


def _tokens(ledger: Ledger, event: Event) -> tuple[Token | None, Token | None]:
    if event.token is None:
        return ledger.token, ledger.stop_token
    new = (event.seq_no, event.at, *event.token)
    if event.stops:
        return ledger.token, new if ledger.stop_token is None else max(ledger.stop_token, new)
    return new if ledger.token is None else min(ledger.token, new), ledger.stop_token


def _without_repeats(states: Sequence[State], missing: Sequence[Range]) -> tuple[State, ...]:
    """A state told again is left out once nothing can come between any more."""
    kept: list[State] = []
    for state in sorted(set(states)):
        before = kept[-1] if kept else None
        if before is None or before[2] != state[2] or _gap(missing, before[0], state[0]):
            kept.append(state)
    return tuple(kept[: _MOST_STATES - 1] + kept[-1:]) if len(kept) > _MOST_STATES else tuple(kept)


def _gap(missing: Sequence[Range], after: int, before: int) -> bool:
    return any(after < high and low < before for low, high in missing)


def _thinned(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The first two, the last two, the least and the greatest reading of each slice of time, in
    slices as narrow as leave at most `_MOST_READINGS`. Two, as one may be wrong."""
    ordered = sorted(set(readings), key=lambda each: (each.at, each.energy, each.kind))
    if len(ordered) <= 2:
        return tuple(ordered)
    for width in _WIDTHS:
        kept: dict[Reading, None] = {}
        for reading in _ends(ordered, width):
            kept[reading] = None
        if len(kept) <= _MOST_READINGS:
            break
    return tuple(sorted(kept, key=lambda each: (each.at, each.energy, each.kind)))


def _ends(ordered: Sequence[Reading], width: int) -> Iterable[Reading]:
    """The least and the greatest are other ones only where a register jumped: that stays known."""
    slices: dict[int, list[Reading]] = {}
    for reading in ordered:
        slices.setdefault(reading.at // width, []).append(reading)
    for each in slices.values():
        yield from (*each[:2], *each[-2:])
        yield from (min(each, key=_register), max(each, key=_register))
    yield from [each for each in ordered if each.kind == "B"][:1]
    yield from [each for each in ordered if each.kind == "E"][-1:]


def _register(reading: Reading) -> tuple[int, int, str]:
    return reading.energy, reading.at, reading.kind


def _gathered(intervals: Sequence[Reading]) -> tuple[Reading, ...]:
    ordered = sorted(set(intervals), key=lambda each: (each.at, each.energy))
    while len(ordered) > _MOST_INTERVALS:
        oldest, second, *rest = ordered
        ordered = [Reading(second.at, oldest.energy + second.energy), *rest]
    return tuple(ordered)


def _united(notes: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*notes, *more})[:_MOST_NOTES])
