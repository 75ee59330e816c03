"""What a right tariff is, and what is told of a wrong one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.model.rates import Rates, read
from citrine_py.model.tariffs import Tariff

NIGHT = {"name": "Night", "from": "22:00", "to": "06:00", "pricePerKwh": 0.3}


def rates(**fields: Any) -> Rates:
    return read(Tariff(id="t1", **{"currency": "EUR", "timeZone": "Europe/Berlin", **fields}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"currency": None}, "currency: missing"),
        ({"currency": "EURO"}, "currency: EURO is no code of ISO 4217, such as EUR"),
        ({"currency": "eur"}, "currency: eur is no code"),
        ({"pricePerKwh": "-0.01"}, "pricePerKwh: must not be negative"),
        ({"pricePerSession": -1}, "pricePerSession: must not be negative"),
        ({"pricePerKwh": "0.12345"}, "pricePerKwh: must have at most 4 digits"),
        ({"pricePerKwh": 2_000_000_000}, "pricePerKwh: must be at most 1000000000"),
        ({"idleGraceMinutes": -1}, "idleGraceMinutes: must not be negative"),
        ({"taxRate": 101}, "taxRate: must be at most 100"),
        ({"minimumCost": 5, "maximumCost": 4}, "maximumCost: must not be less than minimumCost"),
        ({"timeZone": "Europe/Atlantis"}, "timeZone: Europe/Atlantis is no time zone"),
        ({"timeZone": "../../etc/passwd"}, "timeZone: ../../etc/passwd is no time zone"),
        ({"timeZone": "Europe"}, "timeZone: Europe is no time zone"),
        ({"timeZone": None, "periods": [NIGHT]}, "timeZone: missing, and needed for the periods"),
        ({"validFrom": datetime(2026, 2, 1, tzinfo=UTC),
          "validUntil": datetime(2026, 1, 1, tzinfo=UTC)}, "validUntil: must be after validFrom"),
        ({"periods": {"a": 1}}, "periods: must be a list"),
        ({"periods": ["night"]}, r"periods\[0\]: must be an object"),
        ({"periods": [NIGHT] * 51}, "periods: must be at most 50"),
        ({"periods": [NIGHT, {**NIGHT, "pricePerKwh": -1}]},
         r"periods\[1\].pricePerKwh: must not be negative"),
        ({"periods": [{**NIGHT, "pricePerKwh": "cheap"}]}, "pricePerKwh: must be a number"),
        ({"periods": [{**NIGHT, "pricePerKwh": True}]}, "pricePerKwh: must be a number"),
        ({"periods": [{**NIGHT, "pricePerKwh": None}]}, r"periods\[0\]: has no price of its own"),
        ({"periods": [{**NIGHT, "pricePerHour": 1}]}, "pricePerHour: no such field"),
        ({"periods": [{**NIGHT, "from": "25:00"}]}, "from: must be a time of day, such as 22:00"),
        ({"periods": [{**NIGHT, "to": 6}]}, "to: must be a time of day"),
        ({"periods": [{**NIGHT, "to": []}]}, "to: must be a time of day"),
        ({"periods": [{**NIGHT, "days": ["Monday"]}]}, "days: must be a list out of Mon"),
        ({"periods": [{**NIGHT, "days": "Mon"}]}, "days: must be a list out of Mon"),
        ({"periods": [{**NIGHT, "name": "x" * 51}]}, "name: must be a text of at most 50"),
    ],
)  # fmt: skip
def test_a_wrong_tariff_is_explained(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rates(**fields)


def test_a_tariff_without_prices_is_free_and_needs_no_time_zone() -> None:
    free = rates(timeZone=None)

    assert (free.prices.kwh, free.session, free.tax_rate) == (0, 0, 0)
    assert free.include_tax


def test_a_period_changes_the_prices_that_it_names_and_no_other() -> None:
    found = rates(pricePerKwh="0.45", pricePerMin="0.02", periods=[NIGHT])

    prices = found.periods[0].prices
    assert (prices.kwh, prices.minute) == (Decimal("0.3"), Decimal("0.02"))


@pytest.mark.parametrize(
    ("period", "wall", "holds"),
    [
        ({}, "2026-01-05T22:00", True),  # a Monday
        ({}, "2026-01-05T21:59", False),
        ({}, "2026-01-06T05:59", True),
        ({}, "2026-01-06T06:00", False),
        ({"days": ["Mon"]}, "2026-01-06T05:00", True),  # Monday's night goes on
        ({"days": ["Tue"]}, "2026-01-06T05:00", False),
        ({"from": "08:00:00", "to": "18:00:00", "days": ["Mon"]}, "2026-01-05T12:00", True),
        ({"from": "08:00", "to": "18:00", "days": ["Tue"]}, "2026-01-05T12:00", False),
        ({"from": "18:00", "to": "24:00"}, "2026-01-05T23:59", True),
        ({"from": "18:00", "to": "24:00"}, "2026-01-06T00:00", False),
        ({"from": None, "to": None, "days": ["Sat", "Sun"]}, "2026-01-10T00:00", True),
        ({"from": None, "to": None, "days": ["Sat", "Sun"]}, "2026-01-12T00:00", False),
        ({"from": "08:00", "to": "08:00", "days": ["Sat"]}, "2026-01-11T07:59", True),
    ],
)
def test_a_period_holds_by_the_clock_on_the_wall(
    period: dict[str, Any], wall: str, holds: bool
) -> None:
    found = rates(periods=[{**NIGHT, **period}])

    assert found.periods[0].holds(datetime.fromisoformat(wall)) is holds


def test_of_several_periods_the_first_that_fits_holds() -> None:
    weekend = {"name": "Weekend", "days": ["Sat", "Sun"], "pricePerKwh": 0.2}
    found = rates(periods=[weekend, NIGHT])

    saturday_night = datetime(2026, 1, 10, 22, tzinfo=UTC)
    period = found.period(saturday_night)
    assert period is not None
    assert period.name == "Weekend"


json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "days", "from", "to", "pricePerKwh", "x"]), inner, max_size=4
    ),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None)
@given(json)
def test_whatever_stands_in_periods_is_read_or_explained(value: object) -> None:
    try:
        found = rates(periods=value)
    except ValueError as error:
        told = str(error)
    else:
        told = "periods" if len(found.periods) == len(value or ()) else ""  # type: ignore[arg-type]

    assert told.startswith("periods")
