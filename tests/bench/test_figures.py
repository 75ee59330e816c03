"""How benchmarks tell what they found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import Row, Section, Spread, number, percentile, table

README = Path(__file__).parents[2] / "bench" / "README.md"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.04567, "0.0457"), (1.5, "1.5"), (99.96, "100"), (123.4, "123"),
     (1234.0, "1,230"), (98765.0, "98,800"), (1_000_000.0, "1,000,000")],
)  # fmt: skip
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_spread_is_the_median_between_the_least_and_the_greatest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).told("ms") == "2 (1 to 3) ms"
    assert Spread.of([2.0, 2.0]).told() == "2"


def test_a_ratio_is_taken_repeat_by_repeat() -> None:
    """The machine is quicker in one repeat than in the next: that must not show in a ratio."""
    row = Row("answers", [10.0, 100.0], "a second", [20.0, 200.0], "another")
    assert row.cells() == (
        "answers", "55 (10 to 100) a second", "another: 110 (20 to 200) a second", "0.5",
    )  # fmt: skip


def test_what_stands_alone_has_no_ratio() -> None:
    assert Row("commits", [3.0], "each").cells() == ("commits", "3 each", "", "")


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert percentile([7.0], 0.99) == 7


def test_the_readme_has_a_table_as_it_is_printed() -> None:
    printed = table([Section("Start", [Row("commits", [3.0], "each")])]).splitlines()
    assert printed[2:] == ["| **Start** |  |  |  |", "| commits | 3 each |  |  |"]
    assert "\n".join(printed[:2]) in README.read_text()
