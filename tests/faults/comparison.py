"""The oracle: what stations saw answered, held against what Directus holds. Pure.

What is promised, and nothing else is checked:

- Histories (StatusNotification, StationEvent): one row for each thing told by a
  message that was answered; of one whose answer was not seen, one at most.
- Records (Boot, ChargingStation, VariableAttribute): what the last answered
  message told; a later one without a seen answer may have replaced it. A
  Connector: the state with the newest of the station's times.
- Evse, Connector: one row for each place that was told of.
- The message log: see `Log`.

No row may be there that no message explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, TypeAlias

from tests.faults.directus import Row, Rows
from tests.faults.stations import Payload, Told

Kind = Literal["missing", "double", "disorder", "unexplained"]

_SEEN = timedelta(seconds=3)
"""How exact lastSeen is at rest: it is written at most every second, and gathered one more."""


class Log(Enum):
    """What the message log owes. In no case may it hold a frame more often than it was sent."""

    WHOLE = "every frame of a message that was answered"
    """While the service lives and its journal has room."""
    CALLS = "the call of every answered message that made a record"
    """Across a kill -9: a call is on disk with the record that it makes. An answer's frame is
    written after the answer has left, with the next batch, and so may be lost."""
    NOTHING = "nothing"
    """When the journal has no room: the log goes first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was promised."""

    kind: Kind
    collection: str
    station: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.collection} of {self.station}: {self.what}"


@dataclass(frozen=True, slots=True)
class Write:
    """What a message made of a record."""

    value: Hashable
    answered: bool


_Report: TypeAlias = Callable[[Kind, str, str], None]


def compare(station: str, told: Sequence[Told], rows: Rows, log: Log) -> list[Finding]:
    """All that is wrong with the rows of one station."""
    findings: list[Finding] = []

    def report(kind: Kind, collection: str, what: str) -> None:
        findings.append(Finding(kind, collection, station, what))

    _compare_history("StatusNotification", told, rows, _states, _state_of_row, report)
    _compare_history("StationEvent", told, rows, _events, _event_of_row, report)
    _compare_places(told, rows, report)
    _compare_connectors(told, rows, report)
    _compare_variables(told, rows, report)
    _compare_boots(told, rows, report)
    _compare_presence(told, rows, report)
    _compare_log(told, rows, log, report)
    return findings


# ---- histories ---------------------------------------------------------------------------


def _compare_history(
    collection: str,
    told: Iterable[Told],
    rows: Rows,
    identities: Callable[[Told], Iterable[Hashable]],
    identity: Callable[[Row], Hashable],
    report: _Report,
) -> None:
    owed = {each: message.answered for message in told for each in identities(message)}
    found = Counter(identity(row) for row in rows.get(collection, ()))
    for each, answered in owed.items():
        if answered and not found[each]:
            report("missing", collection, str(each))
    for each, count in found.items():
        if each not in owed:
            report("unexplained", collection, str(each))
        elif count > 1:
            report("double", collection, f"{each} is there {count} times")


def _states(told: Told) -> Iterator[tuple[Any, ...]]:
    """(evse, connector, time, status) of each connector's state that a message tells."""
    payload = told.payload
    if told.action == "StatusNotification":
        yield (
            payload["evseId"],
            payload["connectorId"],
            _time(payload["timestamp"]),
            payload["connectorStatus"],
        )
    for event in payload.get("eventData", ()):
        if event["variable"]["name"] == "AvailabilityState":
            evse = event["component"]["evse"]
            at = _time(event["timestamp"])
            yield evse["id"], evse["connectorId"], at, event["actualValue"]


def _state_of_row(row: Row) -> tuple[Any, ...]:
    at = _time(row["timestamp"])
    return row["evseId"], row["connectorId"], at, row["connectorStatus"]


def _events(told: Told) -> Iterator[tuple[Any, ...]]:
    payload = told.payload
    for event in payload.get("eventData", ()):
        yield "Event", _time(event["timestamp"]), event["actualValue"], event["eventId"]
    if told.action == "SecurityEventNotification":
        yield "Security", _time(payload["timestamp"]), payload["techInfo"], payload["type"]


def _event_of_row(row: Row) -> tuple[Any, ...]:
    if row["kind"] == "Event":
        return "Event", _time(row["timestamp"]), row["actualValue"], row["payload"]["eventId"]
    return row["kind"], _time(row["timestamp"]), row["info"], row["type"]


# ---- records -----------------------------------------------------------------------------


def judge(writes: Sequence[Write], found: Hashable) -> Kind | None:
    """What is wrong with a record that these wrote, oldest first; None if nothing."""
    last = max((n for n, write in enumerate(writes) if write.answered), default=None)
    acceptable = [write.value for write in writes[last or 0 :]]
    if last is None:
        acceptable.append(None)
    if found in acceptable:
        return None
    if found is None:
        return "missing"
    return "disorder" if found in [write.value for write in writes] else "unexplained"


def _check_record(
    collection: str, what: str, writes: Sequence[Write], found: Hashable, report: _Report
) -> None:
    kind = judge(writes, found)
    if kind is not None:
        owed = next((each.value for each in reversed(writes) if each.answered), None)
        report(kind, collection, f"{what} is {found}, not {owed}")


def _single(collection: str, rows: Iterable[Row], what: str, report: _Report) -> Row | None:
    found = list(rows)
    if len(found) > 1:
        report("double", collection, f"{what} has {len(found)} rows")
    return found[0] if found else None


def _compare_places(told: Iterable[Told], rows: Rows, report: _Report) -> None:
    evses: dict[Hashable, bool] = {}
    connectors: dict[Hashable, bool] = {}
    for message in told:
        for evse, connector, *_ in _states(message):
            evses[evse] = evses.get(evse, False) or message.answered
            place = (evse, connector)
            connectors[place] = connectors.get(place, False) or message.answered
        for data in message.payload.get("reportData", ()):
            evse = data["component"]["evse"]["id"]
            evses[evse] = evses.get(evse, False) or message.answered
    _check_places("Evse", evses, [row["evseId"] for row in rows.get("Evse", ())], report)
    places = [(row["evseId"], row["connectorId"]) for row in rows.get("Connector", ())]
    _check_places("Connector", connectors, places, report)


def _check_places(
    collection: str, owed: Mapping[Hashable, bool], found: Iterable[Hashable], report: _Report
) -> None:
    counts = Counter(found)
    for place, answered in owed.items():
        if answered and not counts[place]:
            report("missing", collection, str(place))
    for place, count in counts.items():
        if place not in owed:
            report("unexplained", collection, str(place))
        elif count > 1:
            report("double", collection, f"{place} is there {count} times")


def _compare_connectors(told: Iterable[Told], rows: Rows, report: _Report) -> None:
    writes: dict[Hashable, list[Write]] = {}
    for message in told:
        for evse, connector, at, status in _states(message):
            writes.setdefault((evse, connector), []).append(Write((at, status), message.answered))
    for place, found in writes.items():
        mine = [r for r in rows.get("Connector", ()) if (r["evseId"], r["connectorId"]) == place]
        if mine and mine[0]["timestamp"] is not None:
            state = (_time(mine[0]["timestamp"]), mine[0]["connectorStatus"])
        else:
            state = None
        found.sort(key=lambda write: write.value[0])  # type: ignore[index]
        _check_record("Connector", f"the state of {place}", found, state, report)


def _compare_variables(told: Iterable[Told], rows: Rows, report: _Report) -> None:
    writes: dict[str, list[Write]] = {}
    for message in told:
        for data in message.payload.get("reportData", ()):
            at = _time(message.payload["generatedAt"])
            value = (data["variableAttribute"][0]["value"], at)
            name = data["variable"]["name"]
            writes.setdefault(name, []).append(Write(value, message.answered))
    found: dict[str, list[Row]] = {}
    for row in rows.get("VariableAttribute", ()):
        found.setdefault(row["variable"], []).append(row)
    for name, each in writes.items():
        row = _single("VariableAttribute", found.pop(name, ()), name, report)
        value = None if row is None else (row["value"], _time(row["generatedAt"]))
        _check_record("VariableAttribute", name, each, value, report)
    for name in found:
        report("unexplained", "VariableAttribute", name)


def _compare_boots(told: Sequence[Told], rows: Rows, report: _Report) -> None:
    boots = [message for message in told if message.action == "BootNotification"]
    writes = [Write(_boot(message.payload), message.answered) for message in boots]
    answer = next((message.answer for message in reversed(boots) if message.answer), None)
    unsure = bool(boots) and not boots[-1].answered
    for collection in ("Boot", "ChargingStation"):
        row = _single(collection, rows.get(collection, ()), "the station", report)
        if row is None or row["firmwareVersion"] is None:
            found = None
        else:
            found = (row["model"], row["vendorName"], row["firmwareVersion"], row["lastBootReason"])
        _check_record(collection, "what the last boot told", writes, found, report)
        if row is None or answer is None or unsure:
            continue
        if _time(row["lastBootTime"]) != _time(answer["currentTime"]):
            what = f"lastBootTime is {row['lastBootTime']}, the answer said {answer['currentTime']}"
            report("disorder", collection, what)
        status = row["status" if collection == "Boot" else "registrationStatus"]
        if status != answer["status"]:
            report("disorder", collection, f"is {status}, the answer said {answer['status']}")


def _boot(payload: Payload) -> tuple[str, ...]:
    told = payload["chargingStation"]
    return told["model"], told["vendorName"], told["firmwareVersion"], payload["reason"]


def _compare_presence(told: Sequence[Told], rows: Rows, report: _Report) -> None:
    """The stations have gone by now; their last word was a heartbeat."""
    stations = rows.get("ChargingStation", ())
    last = told[-1] if told else None
    if not stations or last is None or last.action != "Heartbeat" or last.answer is None:
        return
    row, at = stations[0], _time(last.answer["currentTime"])
    if row["isOnline"] is not False:
        report("disorder", "ChargingStation", f"isOnline is {row['isOnline']}, it has gone")
    if row["lastSeen"] is None or _time(row["lastSeen"]) < at - _SEEN:
        report("disorder", "ChargingStation", f"lastSeen is {row['lastSeen']}, it spoke at {at}")


# ---- the message log ---------------------------------------------------------------------


def _compare_log(told: Sequence[Told], rows: Rows, log: Log, report: _Report) -> None:
    frames: dict[tuple[str, str], list[Row]] = {}
    for row in rows.get("OcppMessage", ()):
        frames.setdefault((row["messageId"], row["direction"]), []).append(row)
    for message in told:
        calls = frames.pop((message.message_id, "in"), [])
        answers = frames.pop((message.message_id, "out"), [])
        _compare_frames("call", message, calls, _owes_call(message, log), report)
        _compare_frames("answer", message, answers, _owes_answer(message, log), report)
        for row in calls:
            if row["payload"] != message.payload:
                report("disorder", "OcppMessage", f"{message.message_id}: another payload")
    for message_id, direction in frames:
        report("unexplained", "OcppMessage", f"{message_id} {direction}")
    _compare_order(told, rows, report)


def _owes_call(message: Told, log: Log) -> bool:
    if log is Log.CALLS:
        return message.answered and message.action != "Heartbeat"
    return message.answered and log is Log.WHOLE


def _owes_answer(message: Told, log: Log) -> bool:
    return message.answered and log is Log.WHOLE


def _compare_frames(
    what: str, message: Told, rows: Sequence[Row], owed: bool, report: _Report
) -> None:
    if owed and not rows:
        report("missing", "OcppMessage", f"the {what} of {message.message_id}")
    if len(rows) > message.attempts:
        told = f"the {what} of {message.message_id}: {len(rows)} rows of {message.attempts} sent"
        report("double", "OcppMessage", told)


def _compare_order(told: Sequence[Told], rows: Rows, report: _Report) -> None:
    """Sorted by time, the log tells the calls in the order in which they were sent."""
    numbers = {message.message_id: number for number, message in enumerate(told)}
    calls = [
        (_time(row["timestamp"]), numbers[row["messageId"]])
        for row in rows.get("OcppMessage", ())
        if row["direction"] == "in" and row["messageId"] in numbers
    ]
    highest = -1
    for at, number in sorted(calls):
        if number < highest:
            report("disorder", "OcppMessage", f"message {number} is at {at}, after {highest}")
        highest = max(highest, number)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
