"""Money: exact until it is rounded to the coins that there are."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.model.money import MINOR_UNITS, Money, plain, round_to


@pytest.mark.parametrize(
    ("amount", "currency", "paid"),
    [
        ("1.005", "EUR", "1.01"),  # half away from zero; a float would say 1.00
        ("-1.005", "EUR", "-1.01"),
        ("1.0049", "EUR", "1.00"),
        ("1234.5", "JPY", "1235"),
        ("0.0005", "KWD", "0.001"),
        ("3", "CHF", "3.00"),
    ],
)
def test_an_amount_is_rounded_to_its_currencys_minor_units(
    amount: str, currency: str, paid: str
) -> None:
    assert str(Money(Decimal(amount), currency).rounded()) == f"{paid} {currency}"


@pytest.mark.parametrize("currency", ["EURO", "eur", "XXX", "", "DEM"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="no currency of ISO 4217"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("amount", [0.1, 1, Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_is_never_a_float_nor_endless(amount: object) -> None:
    with pytest.raises(ValueError, match="finite decimal"):
        Money(amount, "EUR")  # type: ignore[arg-type]


def test_for_ocpps_numbers_there_is_a_float_of_the_same_digits() -> None:
    assert repr(Money(Decimal("12.30"), "EUR").number()) == "12.3"


def test_prices_are_shown_without_needless_zeros() -> None:
    assert [plain(Decimal(each)) for each in ("0.450000", "12", "100.00", "0.005", "0")] == [
        "0.45", "12", "100", "0.005", "0"
    ]  # fmt: skip


@settings(deadline=None)
@given(st.decimals(-(10**9), 10**9, places=5), st.sampled_from(sorted(set(MINOR_UNITS.values()))))
def test_rounding_agrees_with_decimals_own(amount: Decimal, digits: int) -> None:
    expected = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert round_to(Fraction(amount), digits) == expected
