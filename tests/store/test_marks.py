"""Which mark counts, whatever events come, go missing or are cut off in between."""

from __future__ import annotations

from citrine_py.store.marks import Marks
from tests.store.support import InstantClock


def marks() -> tuple[Marks, InstantClock]:
    clock = InstantClock()
    return Marks(clock), clock


def test_without_a_mark_there_is_nothing_to_ask_from() -> None:
    assert marks()[0].since("Site") is None


def test_while_no_events_come_the_latest_mark_counts() -> None:
    each, _ = marks()
    for mark in ("a", "b"):
        each.put("Site", mark, each.stamp())
    assert each.since("Site") == "b"
    each.lost(listening=False)
    assert each.since("Site") == "b"
    assert each.since("Plan") is None


def test_a_mark_from_among_events_is_given_up_with_them() -> None:
    each, clock = marks()
    each.put("Site", "before", each.stamp())
    each.listen()
    for mark in ("a", "b"):
        each.put("Site", mark, each.stamp())
        clock.time += 1
    assert each.since("Site") == "b"
    each.lost(listening=False)
    assert each.since("Site") == "before"


def test_some_time_later_such_a_mark_can_be_relied_on() -> None:
    each, clock = marks()
    each.put("Site", "before", each.stamp())
    each.listen()
    for mark in ("a", "b", "c"):
        each.put("Site", mark, each.stamp())
        clock.time += 20
    each.lost(listening=True)
    assert each.since("Site") == "b"  # 40 seconds old
    each.lost(listening=True)
    assert each.since("Site") == "b"


def test_without_one_to_rely_on_everything_is_to_be_read() -> None:
    each, _ = marks()
    each.listen()
    each.put("Site", "a", each.stamp())
    each.lost(listening=True)
    assert each.since("Site") is None


def test_a_mark_that_was_asked_for_before_a_loss_does_not_count_after_it() -> None:
    each, _ = marks()
    each.put("Site", "before", each.stamp())
    each.listen()
    asked = each.stamp()
    each.lost(listening=False)
    each.put("Site", "a", asked)
    assert each.since("Site") == "before"
    each.listen()
    each.put("Site", "a", asked)
    assert each.since("Site") == "before"


def test_a_mark_of_a_quiet_time_counts_though_events_came_meanwhile() -> None:
    each, _ = marks()
    asked = each.stamp()
    each.listen()
    each.put("Site", "a", asked)
    assert each.since("Site") == "a"
    each.lost(listening=False)
    assert each.since("Site") == "a"


def test_marks_do_not_gather() -> None:
    each, clock = marks()
    each.listen()
    for number in range(1000):
        each.put("Site", str(number), each.stamp())
        clock.time += 10
    assert len(each._marks["Site"]) <= 5
