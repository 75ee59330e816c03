"""Any order, repetition and loss of a transaction's events: the same record (E01-E10)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from citrine_py.modules.energy import Limits
from citrine_py.modules.ledger import Event, Ledger
from citrine_py.modules.ledger_json import UNREADABLE, packed, unpacked
from citrine_py.modules.transaction_facts import fields_of
from citrine_py.ports import Payload
from tests.modules.charging import event, session

LIMITS = Limits()
STATES = ("Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle")


def joined(events: list[Payload], ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or Ledger()
    for each in events:
        # By way of the record, as in life.
        ledger = unpacked(json.loads(json.dumps(packed(ledger.with_event(Event.of(each))))))
    return ledger


def facts(events: list[Payload]) -> dict[str, Any]:
    return fields_of(joined(events), LIMITS)


@st.composite
def sessions(draw: st.DrawFn) -> list[Payload]:
    """A transaction of up to 14 events with plausible and other values."""
    count = draw(st.integers(2, 14))
    first = draw(st.sampled_from([0, 0, 7]))
    minutes, register = 0.0, draw(st.sampled_from([0, 5000, 910_000]))
    found = []
    for number in range(count):
        kind = "Started" if number == 0 else "Ended" if number == count - 1 else "Updated"
        minutes += draw(st.sampled_from([0, 1, 10, 70]))
        register += draw(st.sampled_from([0, 1000, 5000]))
        told = draw(st.sampled_from([None, register, register, 0, 10**9]))
        more: dict[str, Any] = {}
        state = draw(st.sampled_from([None, *STATES]))
        if state is not None:
            more["chargingState"] = state
        if draw(st.booleans()):
            more["token"] = {"idToken": draw(st.sampled_from(["a", "b"])), "type": "Central"}
        found.append(event(kind, first + number, minutes, told, **more))
    return found


@given(sessions(), st.data())
def test_any_order_and_repetition_leads_to_the_same_record(
    events: list[Payload], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations([*events, *repeated]))
    assert facts(shuffled) == facts(events)


@given(sessions(), st.data())
def test_what_is_lost_and_comes_late_is_as_if_it_had_come_in_time(
    events: list[Payload], data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.sampled_from(events), min_size=1, unique_by=id))
    in_order = [each for each in events if each in kept]
    shuffled = data.draw(st.permutations(kept))
    assert facts(shuffled) == facts(in_order)
    late = [each for each in events if each not in kept]
    assert fields_of(joined(late, joined(shuffled)), LIMITS) == facts(events)


@given(sessions(), st.data())
def test_nothing_reopens_a_transaction_that_has_ended(
    events: list[Payload], data: st.DataObject
) -> None:
    *others, end = events
    some = data.draw(st.lists(st.sampled_from(others)))
    told = facts([end, *some])
    assert told["isActive"] is False
    assert told["stoppedReason"] == "Local"


def test_a_whole_session_adds_up() -> None:
    told = facts(session())
    expected = {
        "isActive": False,
        "chargingState": "Idle",
        "stoppedReason": "EVDisconnected",
        "durationSeconds": 3600,
        "chargingSeconds": 2400,
        "idleSeconds": 600,
        "meterStart": 1000.0,
        "meterStop": 9000.0,
        "energyWh": 8000.0,
        "totalKwh": 8.0,
        "firstSeqNo": 0,
        "lastSeqNo": 8,
        "missingSeqNos": None,
        "idToken": "04AA",
        "doubt": None,
        "evseId": 1,
        "connectorId": 1,
    }
    assert {name: told[name] for name in expected} == expected


def test_gaps_are_shown_until_they_are_filled() -> None:
    ledger = Ledger()
    shown = []
    for number in (0, 4, 9, 2, 3, 1, 7, 8, 5, 6):
        each = Event.of(event("Started" if number == 0 else "Updated", number, number))
        ledger = ledger.with_event(each)
        shown.append(fields_of(ledger, LIMITS)["missingSeqNos"])
    assert shown == [
        None, "1-3", "1-3, 5-8", "1, 3, 5-8", "1, 5-8", "5-8", "5-6, 8", "5-6", "6", None,
    ]  # fmt: skip


def test_numbers_may_begin_anywhere() -> None:
    told = facts([event("Started", 41, 0), event("Updated", 42, 1)])
    assert (told["firstSeqNo"], told["lastSeqNo"], told["missingSeqNos"]) == (41, 42, None)


def test_a_station_that_numbers_all_events_alike_is_understood_by_their_times() -> None:
    events = [
        event("Started", 0, 0, 100, chargingState="EVConnected"),
        event("Updated", 0, 10, 200, chargingState="Charging"),
        event("Ended", 0, 20, 400, chargingState="Idle"),
    ]
    told = facts(events)
    assert (told["energyWh"], told["chargingSeconds"], told["isActive"]) == (300.0, 600, False)


def test_without_a_started_event_it_counts_from_the_first_that_came_and_says_so() -> None:
    told = facts(session()[2:])
    assert told["durationSeconds"] == 55 * 60
    assert told["energyWh"] == 6000.0
    assert told["doubt"].startswith("The Started event has not come")


def test_of_two_ends_the_earlier_counts_and_what_follows_raises_a_doubt() -> None:
    events = [event("Started", 0, 0), event("Ended", 1, 10, stoppedReason="Remote")]
    again = [event("Started", 0, 500), event("Ended", 1, 600, stoppedReason="Local")]
    told = facts([*events, *again])
    assert told["stoppedReason"] == "Remote"
    assert told["durationSeconds"] == 600
    assert "used the id a second time" in told["doubt"]


def test_a_register_that_jumped_and_came_back_stays_a_doubt() -> None:
    """As of a station that counts in kWh while it charges and in Wh at the end."""
    events = [event("Started", 0, 0, 0), event("Ended", 4, 4, 500)]
    jumps = [event("Updated", minute, minute, minute * 150_000) for minute in (1, 2, 3)]
    told = facts([events[0], *jumps, events[1]])
    assert told["energyWh"] == 500.0
    assert "450000 Wh" in told["doubt"]
    assert facts([*jumps, *events]) == told


def test_of_a_short_session_with_a_wrong_first_reading_the_rest_counts() -> None:
    begin = event("Started", 0, 0, 0, context="Transaction.Begin")
    rest = [event("Updated", 1, 1, 910_000), event("Updated", 2, 2, 910_050)]
    told = facts([begin, *rest, event("Ended", 3, 3, 910_083)])
    assert told["energyWh"] == 83.0
    assert "0 Wh" in told["doubt"]


def test_the_ledger_stays_small_however_long_it_goes_on() -> None:
    ledger = joined([event("Started", 0, 0, 0)])
    for number in range(1, 1500):
        state = "Charging" if number % 3 else "SuspendedEV"
        ledger = ledger.with_event(
            Event.of(event("Updated", number * 2, number, number * 10, chargingState=state))
        )
    assert len(json.dumps(packed(ledger))) < 50_000
    told = fields_of(ledger, LIMITS)
    assert told["energyWh"] == 14990.0
    assert len(told["segments"]) <= 1000


def test_bookkeeping_that_somebody_has_altered_does_not_stop_the_station() -> None:
    for broken in ({"seq": [1]}, {"told": {"chargingState": [1]}}, {"states": 7}):
        assert unpacked(broken).notes == (UNREADABLE,)
