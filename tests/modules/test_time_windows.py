"""Times of the week: midnight, time changes, and what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.modules.time_windows import open_until, windows, zone

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = [{"days": ["Monday", "Friday"], "from": "08:00", "to": "18:00"}]
NIGHT = [{"days": ["Saturday"], "from": "22:00", "to": "06:00"}]


def until(rows: list[Any], moment: datetime, place: Any = BERLIN) -> datetime | None:
    found = windows(rows)
    assert found is not None
    return open_until(found, place, moment)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("value", [None, []])
def test_nothing_filled_in_restricts_nothing(value: Any) -> None:
    assert windows(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "always",
        {"from": "08:00"},
        ["08:00"],
        [{"from": "08:00"}],
        [{"from": "8 o'clock", "to": "18:00"}],
        [{"from": "08:00", "to": "25:00"}],
        [{"from": "08:00", "to": "24:30"}],
        [{"days": ["Someday"], "from": "08:00", "to": "18:00"}],
        [{"days": "Monday", "from": "08:00", "to": "18:00"}],
        [{"from": 8, "to": 18}],
    ],
)
def test_what_cannot_be_read_opens_nothing(value: Any) -> None:
    assert windows(value) == ()
    assert open_until((), UTC, datetime(2026, 6, 1, 12, tzinfo=UTC)) is None


def test_a_window_is_open_on_its_days_and_closed_when_it_ends() -> None:
    assert until(OFFICE, berlin(2026, 6, 1, 8)) == berlin(2026, 6, 1, 18)  # a Monday
    assert until(OFFICE, berlin(2026, 6, 1, 17, 59)) == berlin(2026, 6, 1, 18)
    assert until(OFFICE, berlin(2026, 6, 1, 18)) is None
    assert until(OFFICE, berlin(2026, 6, 1, 7, 59)) is None
    assert until(OFFICE, berlin(2026, 6, 2, 12)) is None


def test_a_window_over_midnight_belongs_to_the_day_that_it_begins_on() -> None:
    assert until(NIGHT, berlin(2026, 6, 6, 23)) == berlin(2026, 6, 7, 6)  # a Saturday
    assert until(NIGHT, berlin(2026, 6, 7, 5)) == berlin(2026, 6, 7, 6)
    assert until(NIGHT, berlin(2026, 6, 6, 5)) is None
    assert until(NIGHT, berlin(2026, 6, 7, 23)) is None


def test_without_days_every_day_counts_and_equal_times_are_a_whole_day() -> None:
    rows = [{"from": "00:00", "to": "24:00"}]
    assert until(rows, berlin(2026, 6, 3, 12)) == berlin(2026, 6, 4, 0)
    assert until([{"from": "06:00", "to": "06:00"}], berlin(2026, 6, 3, 3)) == berlin(2026, 6, 3, 6)


def test_the_clock_on_the_wall_counts_when_it_is_put_forward_or_back() -> None:
    """29 March 2026: 02:00 becomes 03:00; 25 October: 03:00 becomes 02:00."""
    rows = [{"from": "01:00", "to": "04:00"}]
    spring = until(rows, datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert spring == datetime(2026, 3, 29, 2, tzinfo=UTC)
    autumn = until(rows, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert autumn == datetime(2026, 10, 25, 3, tzinfo=UTC)


def test_the_latest_end_of_those_open_counts() -> None:
    rows = [{"from": "08:00", "to": "12:00"}, {"from": "10:00", "to": "18:00"}]
    assert until(rows, berlin(2026, 6, 1, 11)) == berlin(2026, 6, 1, 18)


def test_a_zone_is_utc_without_a_name_and_none_with_a_wrong_one() -> None:
    assert zone(None) is UTC
    assert zone("Europe/Berlin") == BERLIN
    for wrong in ("Europe/Atlantis", "/etc/passwd", "..", "Europe", "\0"):
        assert zone(wrong) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_nothing_that_stands_in_a_record_breaks_it(value: Any) -> None:
    for rows in (value, [{"days": value, "from": value, "to": value}]):
        found = windows(rows)
        assert found is None or isinstance(found, tuple)
