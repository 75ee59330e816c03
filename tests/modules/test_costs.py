"""I02, I03: costs, against examples that were worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.model.costs import Bill
from citrine_py.model.money import MINOR_UNITS
from citrine_py.model.rates import Rates, read
from citrine_py.model.tariffs import Tariff
from citrine_py.modules.costs import price
from citrine_py.modules.session_spans import spans
from tests.modules.priced import NIGHT, Session, segment, tariff, utc


def cost(of: Tariff, session: Session, until: datetime | None = None) -> Bill:
    return price(read(of), spans(session, until))


def total(of: Tariff, *segments: dict[str, Any]) -> str:
    return str(cost(of, Session(segments)).total)


def lines(found: Bill) -> list[str]:
    return [f"{each.what}: {each.quantity} {each.unit} x {each.price}" for each in found.lines]


# ---- energy and the time of day --------------------------------------------------------


def test_i03_energy_costs_its_price() -> None:
    assert total(tariff(), segment("2026-01-15T12:00", 60, "Charging", 20_000)) == "9.00 EUR"


def test_i03_energy_over_a_change_of_price_is_split_by_time() -> None:
    """21:00 to 23:00 in Berlin, 22 kWh: 11 by day (4.95) and 11 by night (3.30)."""
    found = cost(
        tariff(periods=[NIGHT]), Session([segment("2026-01-15T20:00", 120, "Charging", 22_000)])
    )

    assert lines(found) == ["Energy: 11.000 kWh x 0.45", "Energy, Night: 11.000 kWh x 0.3"]
    assert [str(each.gross) for each in found.lines] == ["4.95", "3.30"]
    assert str(found.total) == "8.25 EUR"


def test_i03_midnight_is_that_of_the_time_zone() -> None:
    """Friday 23:30 to Saturday 00:30 in Berlin, while it is still Friday in UTC: 5 kWh at
    0.50 (2.50) and 5 at the weekend's 0.20 (1.00)."""
    weekend = {"name": "Weekend", "days": ["Sat", "Sun"], "pricePerKwh": "0.20"}
    of = tariff(pricePerKwh="0.50", periods=[weekend])

    assert total(of, segment("2026-01-16T22:30", 60, "Charging", 10_000)) == "3.50 EUR"
    assert total(of, segment("2026-01-16T23:00", 60, "Charging", 10_000)) == "2.00 EUR"


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "wh", "period", "expected"),
    [
        # Clocks go forward at 01:00 UTC: 22:00 to 06:00 has 7 hours (70 kWh, 21.00), and from
        # 06:00 to 07:00 are 10 kWh by day (4.50).
        ("Europe/Berlin", "2026-03-28T21:00", 480, 80_000, {}, "25.50 EUR"),
        # Clocks go back at 01:00 UTC: the night has 9 hours (90 kWh, 27.00), then 4.50.
        ("Europe/Berlin", "2026-10-24T20:00", 600, 100_000, {}, "31.50 EUR"),
        # It ends at 02:30, which comes twice: 00:00-02:30 and again 02:00-02:30 are cheap (30
        # kWh, 9.00), 02:30-03:00 both times is not (10 kWh, 4.50).
        ("Europe/Berlin", "2026-10-24T22:00", 240, 40_000,
         {"from": "00:00", "to": "02:30"}, "13.50 EUR"),
        # It begins at 02:30, which does not come: so at 03:00. An hour before (10 kWh, 4.50),
        # three in it (30 kWh, 9.00).
        ("Europe/Berlin", "2026-03-29T00:00", 240, 40_000,
         {"from": "02:30", "to": "06:00"}, "13.50 EUR"),
        # New York goes forward at 07:00 UTC. 22:00 to 06:00 is 03:00 to 10:00 UTC: 7 hours
        # (21.00), then one by day.
        ("America/New_York", "2026-03-08T03:00", 480, 80_000, {}, "25.50 EUR"),
        # Kathmandu is 5:45 ahead: 23:00 to 01:00, half of it (5 kWh) after midnight.
        ("Asia/Kathmandu", "2026-01-01T17:15", 120, 10_000,
         {"from": "00:00", "to": "06:00"}, "3.75 EUR"),
        # Lord Howe goes back by half an hour at 15:00 UTC: 22:00 (+11) to 06:00 (+10:30) has
        # 8.5 hours (85 kWh, 25.50), then half an hour by day (5 kWh, 2.25).
        ("Australia/Lord_Howe", "2026-04-04T11:00", 540, 90_000, {}, "27.75 EUR"),
    ],
)  # fmt: skip
def test_i03_prices_follow_the_clock_on_the_wall_through_every_change_of_it(
    zone: str, start: str, minutes: int, wh: int, period: dict[str, Any], expected: str
) -> None:
    of = tariff(timeZone=zone, periods=[{**NIGHT, **period}])

    assert total(of, segment(start, minutes, "Charging", wh)) == expected


def test_i03_energy_without_a_length_of_time_counts_where_it_stands() -> None:
    of = tariff(periods=[NIGHT])

    assert total(of, segment("2026-01-15T21:00", 0, "Charging", 10_000)) == "3.00 EUR"


def test_a_session_of_forty_years_is_priced_in_no_time() -> None:
    """A station's clock stood at its beginning."""
    of = tariff(periods=[NIGHT] * 50)
    long = {"from": "1986-01-01T12:00:00Z", "to": "2026-01-01T12:00:00Z",
            "state": "Charging", "energyWh": 10_000}  # fmt: skip

    assert total(of, long) == "4.50 EUR"


# ---- time ------------------------------------------------------------------------------


def test_i03_minutes_of_charging_and_idle_ones_have_prices_of_their_own() -> None:
    """60 min charging at 0.02 (1.20); idle 20 and 15 min less 10 of grace: 25 at 0.10 (2.50).
    Plugged in before, and held up by the station, costs nothing."""
    of = tariff(pricePerKwh=None, pricePerMin="0.02", pricePerMinIdle="0.10", idleGraceMinutes=10)
    session = Session(
        [
            segment("2026-01-15T12:00", 30, "EVConnected"),
            segment("2026-01-15T12:30", 40, "Charging", 5_000),
            segment("2026-01-15T13:10", 20, "SuspendedEV"),
            segment("2026-01-15T13:30", 20, "SuspendedEVSE"),
            segment("2026-01-15T13:50", 20, "Charging", 5_000),
            segment("2026-01-15T14:10", 15, "EVConnected"),
            segment("2026-01-15T14:25", 15, "Idle"),
        ]
    )

    found = cost(of, session)

    assert lines(found) == [
        "Energy: 10.000 kWh x 0",
        "Charging time: 60.00 min x 0.02",
        "Idle time: 25.00 min x 0.10",
    ]
    assert str(found.total) == "3.70 EUR"


def test_i03_idle_minutes_may_be_free_at_night() -> None:
    """21:30 to 22:30 in Berlin: 30 minutes at 0.10, 30 at nothing."""
    quiet = {"name": "Night", "from": "22:00", "to": "06:00", "pricePerMinIdle": 0}
    of = tariff(pricePerMinIdle="0.10", periods=[quiet])
    charged = segment("2026-01-15T20:00", 30, "Charging", 10_000)

    assert total(of, charged, segment("2026-01-15T20:30", 60, "SuspendedEV")) == "7.50 EUR"


# ---- the whole -------------------------------------------------------------------------


def test_i03_tax_is_in_the_prices_and_shown() -> None:
    """9.00 with 19 %: 9 x 19 / 119 = 1.4369..."""
    found = cost(tariff(taxRate=19), Session([segment("2026-01-15T12:00", 60, "Charging", 20_000)]))

    assert (str(found.net), str(found.tax), str(found.total)) == ("7.56", "1.44", "9.00 EUR")


def test_i03_tax_comes_on_top_where_prices_are_net() -> None:
    """0.45 and 1.00 and 0.30: 12.345 kWh are 5.55525, so 5.56; 6.86 net; 19 % are 1.3034."""
    of = tariff(taxRate=19, pricesIncludeTax=False, pricePerSession="1.00", paymentFee="0.30")
    found = cost(of, Session([segment("2026-01-15T12:00", 60, "Charging", 12_345)]))

    assert lines(found) == [
        "Energy: 12.345 kWh x 0.45", "Session: 1  x 1.00", "Payment fee: 1  x 0.30"
    ]  # fmt: skip
    assert [str(each.net) for each in found.lines] == ["5.56", "1.00", "0.30"]
    assert [str(each.tax) for each in found.lines] == ["1.06", "0.19", "0.05"]
    assert (str(found.net), str(found.tax), str(found.total)) == ("6.86", "1.30", "8.16 EUR")


def test_i03_there_is_a_least_and_a_most() -> None:
    of = tariff(minimumCost="2.00", maximumCost="10.00", taxRate=19)
    little = cost(of, Session([segment("2026-01-15T12:00", 5, "Charging", 1_000)]))
    much = cost(of, Session([segment("2026-01-15T12:00", 60, "Charging", 40_000)]))

    assert lines(little)[1:] == ["Up to the minimum: 1  x 1.55"]
    assert lines(much)[1:] == ["Above the maximum: 1  x -8.00"]
    assert (str(little.total), str(much.total)) == ("2.00 EUR", "10.00 EUR")
    assert (str(little.tax), str(much.tax)) == ("0.32", "1.60")


def test_i03_a_session_without_energy_costs_neither_fee_nor_minimum() -> None:
    of = tariff(pricePerSession=1, paymentFee=1, minimumCost=5, pricePerMinIdle=1)

    assert total(of, segment("2026-01-15T12:00", 60, "EVConnected")) == "0.00 EUR"
    assert total(of) == "0.00 EUR"


def test_i03_a_free_session_costs_nothing_rather_than_being_without_a_cost() -> None:
    found = cost(
        tariff(pricePerKwh=None), Session([segment("2026-01-15T12:00", 60, "Charging", 9_000)])
    )

    assert found.total.number() == 0.0
    assert lines(found) == ["Energy: 9.000 kWh x 0"]


def test_i03_currencies_without_cents_are_rounded_to_whole_ones() -> None:
    """12.345 kWh at 55.5 are 685.1475."""
    of = tariff(currency="JPY", pricePerKwh="55.5", taxRate=10)
    found = cost(of, Session([segment("2026-01-15T12:00", 60, "Charging", 12_345)]))

    assert (str(found.total), str(found.tax)) == ("685 JPY", "62")


# ---- what is known of a session --------------------------------------------------------


def test_i02_the_last_state_goes_on_until_now() -> None:
    of = tariff(pricePerKwh=None, pricePerMin="0.10")
    session = Session([segment("2026-01-15T12:00", 10, "Charging", 1_000)])

    assert str(cost(of, session, utc("2026-01-15T12:30")).total) == "3.00 EUR"
    assert str(cost(of, session, utc("2026-01-15T12:05")).total) == "1.00 EUR"


def test_i03_the_registers_decide_where_segments_lack_energy_or_have_too_much() -> None:
    """2 kWh more, spread from 21:00 to 23:00 in Berlin: 1 by day (0.45), 1 by night (0.30)."""
    of = tariff(periods=[NIGHT])
    by_day = segment("2026-01-15T20:00", 60, "Charging", 10_000)
    by_night = segment("2026-01-15T21:00", 60, "Charging", 10_000)

    assert str(cost(of, Session([by_day, by_night], energyWh=22_000)).total) == "8.25 EUR"
    assert str(cost(of, Session([by_day, by_night], energyWh=10_000)).total) == "3.75 EUR"
    assert str(cost(of, Session([by_day, by_night], energyWh=-5)).total) == "0.00 EUR"


def test_i03_without_segments_the_totals_serve() -> None:
    """From 21:00 in Berlin: two hours of charging, 22 kWh, then 30 idle minutes at 0.10."""
    of = tariff(periods=[NIGHT], pricePerMinIdle="0.10")
    session = Session(
        startedAt=utc("2026-01-15T20:00"), endedAt=utc("2026-01-15T22:30"), energyWh=22_000,
        chargingSeconds=7_200, idleSeconds=1_800,
    )  # fmt: skip
    of_energy_alone = Session(
        startedAt=utc("2026-01-15T20:00"), endedAt=utc("2026-01-15T22:00"), energyWh=22_000
    )

    assert str(cost(of, session).total) == "11.25 EUR"
    assert str(cost(of, of_energy_alone).total) == "8.25 EUR"


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"from": "soon", "to": "later", "state": "Charging", "energyWh": 5},
        {"from": "2026-01-15T12:00:00Z", "to": "2026-01-15T11:00:00Z", "energyWh": float("nan")},
        {"from": "2026-01-15T12:00:00Z", "energyWh": -4, "state": 7},
        {"from": 3, "to": None, "energyWh": "much", "state": None},
        {"from": "2026-01-15T12:00:00Z", "to": "2026-01-15T12:00:00Z", "state": ["Charging"]},
    ],
)
def test_a_broken_segment_costs_nothing_and_breaks_nothing(broken: dict[str, Any]) -> None:
    of = tariff(periods=[NIGHT], pricePerMin="0.1")
    whole = segment("2026-01-15T12:00", 60, None, 10_000)

    assert total(of, broken, whole) == "4.50 EUR"


odd_numbers = st.none() | st.floats() | st.integers(-(10**30), 10**30)
odd_states = st.none() | st.sampled_from(["Charging", "SuspendedEV"]) | st.integers()
odd_times = st.none() | st.datetimes(timezones=st.timezones()) | st.text(max_size=4)


@settings(deadline=None)
@given(
    st.builds(
        Session,
        segments=st.none() | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "from": odd_times,
                    "to": odd_times,
                    "state": odd_states,
                    "energyWh": odd_numbers | st.text(max_size=2),
                },
            ),
            max_size=3,
        ),
        startedAt=st.none() | st.datetimes(timezones=st.timezones()),
        endedAt=st.none() | st.datetimes(timezones=st.timezones()),
        energyWh=odd_numbers,
        chargingSeconds=odd_numbers,
        idleSeconds=odd_numbers,
    )
)  # fmt: skip
def test_whatever_is_told_of_a_session_it_has_a_cost_and_none_below_zero(session: Session) -> None:
    """A TransactionEvent must be answered, whatever its station believes."""
    of = tariff(periods=[NIGHT], pricePerMin="0.01", pricePerMinIdle="0.1", taxRate=19)

    assert cost(of, session, utc("2026-01-15T12:00")).total.amount >= 0


# ---- laws ------------------------------------------------------------------------------

prices = st.decimals(0, 2, places=3)
periods = st.lists(
    st.fixed_dictionaries(
        {
            "from": st.times().map(lambda t: f"{t:%H:%M}"),
            "to": st.times().map(lambda t: f"{t:%H:%M}"),
            "days": st.lists(st.sampled_from(["Mon", "Sat", "Sun"]), max_size=3),
            "pricePerKwh": prices,
            "pricePerMin": prices,
            "pricePerMinIdle": prices,
        }
    ),
    max_size=3,
)
tariffs = st.builds(
    tariff,
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    timeZone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]),
    pricePerKwh=prices,
    pricePerMin=prices,
    pricePerMinIdle=prices,
    idleGraceMinutes=st.integers(0, 30),
    pricePerSession=prices,
    paymentFee=prices,
    minimumCost=st.none() | st.decimals(0, 5, places=2),
    maximumCost=st.none() | st.decimals(5, 20, places=2),
    taxRate=st.sampled_from([0, 7, 19, Decimal("7.7"), 100]),
    pricesIncludeTax=st.booleans(),
    periods=periods,
)
states = st.sampled_from(["EVConnected", "Charging", "SuspendedEV", "SuspendedEVSE", None])
starts = st.builds(
    lambda night, seconds: utc(night) + timedelta(seconds=seconds),
    st.sampled_from(["2026-03-27T00:00", "2026-04-04T00:00", "2026-10-23T00:00"]),
    st.integers(0, 3 * 86_400),
)


@st.composite
def sessions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Segments that follow each other, around the nights in which clocks change."""
    at = draw(starts)
    found = []
    for _ in range(draw(st.integers(1, 5))):
        minutes, state = draw(st.integers(0, 900)), draw(states)
        energy = draw(st.integers(0, 30_000)) if state in {"Charging", None} else 0
        end = at + timedelta(minutes=minutes)
        found.append({"from": at, "to": end, "state": state, "energyWh": energy})
        at = end
    return found


def halved(whole: dict[str, Any], part: float) -> list[dict[str, Any]]:
    """A segment as two, its energy spread as its time is."""
    at = whole["from"] + (whole["to"] - whole["from"]) * part
    length = (whole["to"] - whole["from"]).total_seconds()
    share = (at - whole["from"]).total_seconds() / length if length else part
    energy = whole["energyWh"] * share
    return [
        {**whole, "to": at, "energyWh": energy},
        {**whole, "from": at, "energyWh": whole["energyWh"] - energy},
    ]


def coin(rates: Rates) -> Decimal:
    return Decimal(1).scaleb(-MINOR_UNITS[rates.currency])


@settings(deadline=None)
@given(tariffs, sessions(), st.data())
def test_cutting_a_segment_changes_nothing_beyond_rounding(
    of: Tariff, session: list[dict[str, Any]], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(session) - 1))
    part = data.draw(st.floats(0, 1))
    cut = [*session[:number], *halved(session[number], part), *session[number + 1 :]]

    whole, in_parts = (cost(of, Session(each)) for each in (session, cut))

    # Each line's quantity may round the other way: by 0.001 kWh or 0.01 min, so by a coin.
    most = coin(read(of)) * (len(whole.lines) + 1)
    assert abs(whole.total.amount - in_parts.total.amount) <= most


def so_far(session: Sequence[dict[str, Any]], until: datetime) -> list[dict[str, Any]]:
    """What of a session has happened by then."""
    found = []
    for each in session:
        if each["to"] <= until:
            found.append(each)
        elif each["from"] < until:
            length = each["to"] - each["from"]
            found.append(halved(each, (until - each["from"]) / length)[0])
    return found


@settings(deadline=None)
@given(tariffs, sessions(), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_the_cost_never_falls_as_a_session_goes_on(
    of: Tariff, session: list[dict[str, Any]], parts: list[float]
) -> None:
    start, end = session[0]["from"], session[-1]["to"]
    moments = [start + (end - start) * part for part in sorted(parts)]

    found = [cost(of, Session(so_far(session, at))).total.amount for at in moments]
    found.append(cost(of, Session(session)).total.amount)

    assert found == sorted(found)


@settings(deadline=None)
@given(tariffs, sessions())
def test_the_lines_add_up_to_the_total_and_no_amount_has_parts_of_a_coin(
    of: Tariff, session: list[dict[str, Any]]
) -> None:
    found = cost(of, Session(session))

    assert sum(each.gross for each in found.lines) == found.total.amount
    assert sum(each.net for each in found.lines) == found.net
    assert sum(each.tax for each in found.lines) == found.tax
    assert found.net + found.tax == found.total.amount
    least = coin(read(of))
    assert all(amount % least == 0 for each in found.lines for amount in (each.net, each.tax))
    assert orjson.loads(orjson.dumps(found.breakdown({})))["total"] == f"{found.total.amount:f}"
