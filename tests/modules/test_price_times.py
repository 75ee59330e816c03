"""Stretches of time, cut where prices change."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.model.rates import read
from citrine_py.modules.price_times import pieces
from tests.modules.priced import NIGHT, tariff, utc

RATES = read(tariff(periods=[NIGHT]))


def test_a_stretch_is_cut_at_the_times_of_its_zone_in_summer_and_in_winter() -> None:
    """22:00 and 06:00 in Berlin, with the shorter night in which clocks go forward."""
    found = pieces(RATES, utc("2026-03-28T12:00"), utc("2026-03-29T20:00"))

    assert [(begin, period and period.name) for begin, _, period in found] == [
        (utc("2026-03-28T12:00"), None),
        (utc("2026-03-28T21:00"), "Night"),
        (utc("2026-03-29T04:00"), None),
    ]


def test_without_periods_there_is_one_piece() -> None:
    start, end = utc("2026-01-01T00:00"), utc("2026-01-02T00:00")

    assert pieces(read(tariff()), start, end) == [(start, end, None)]


def test_a_stretch_that_goes_backward_has_no_length() -> None:
    start = utc("2026-01-01T12:00")

    assert pieces(RATES, start, start - timedelta(hours=1)) == [(start, start, None)]


@settings(deadline=None)
@given(st.integers(0, 400 * 24 * 60), st.integers(1, 3 * 24 * 60), st.sampled_from(
    ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "UTC"]
))  # fmt: skip
def test_pieces_are_whole_in_order_and_each_of_one_price(
    begins: int, minutes: int, zone: str
) -> None:
    rates = read(tariff(timeZone=zone, periods=[NIGHT, {"to": "02:30", "pricePerKwh": 1}]))
    start = utc("2026-01-01T00:00") + timedelta(minutes=begins)
    end = start + timedelta(minutes=minutes)

    found = pieces(rates, start, end)

    assert (found[0][0], found[-1][1]) == (start, end)
    assert all(one[1] == following[0] for one, following in pairwise(found))
    for piece_start, piece_end, period in found:
        for part in (0, 0.01, 0.37, 0.99):
            at = piece_start + (piece_end - piece_start) * part
            assert rates.period(at) is period
