"""How fast a station is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.edge.pace import BURST, Pace


def test_without_a_rate_nobody_waits():
    pace = Pace(0)
    assert {pace.wait(5.0) for _ in range(10_000)} == {0.0}


def test_a_burst_goes_through_and_then_the_rate_holds():
    pace = Pace(10)
    waits = [pace.wait(1000.0) for _ in range(103)]
    assert waits[:100] == pytest.approx([0.0] * 100, abs=1e-9)
    assert waits[100:] == pytest.approx([0.1, 0.2, 0.3])


def test_who_was_quiet_has_his_burst_back():
    pace = Pace(10)
    for _ in range(103):
        pace.wait(1000.0)
    assert pace.wait(1000.0 + BURST + 1) == 0.0


@given(st.lists(st.floats(0, 2), max_size=300), st.floats(1, 50))
def test_never_more_than_the_burst_and_the_rate(gaps: list[float], rate: float):
    pace, now = Pace(rate), 100.0
    for taken, gap in enumerate(gaps, 1):
        now += gap
        now += pace.wait(now)
        assert taken <= (now - 100.0 + BURST) * rate + 1
