"""I02, I03: what a charging session costs by a tariff. Pure functions.

How it is reckoned, in the order of an invoice:

- Energy and minutes of each period of the tariff are added up over the session, exactly.
  Energy of a segment is spread evenly over its time.
- A line is quantity (kWh with three digits behind the point, minutes with two) times price,
  rounded to the currency. The total is the sum of the lines, so that people can check it.
- Minutes of charging are those in chargingState Charging. Idle are those in SuspendedEV and
  EVConnected after energy has flowed, but for the first `idleGraceMinutes` of a session. In
  SuspendedEVSE it is the station that does not give: no minute costs.
- Price per session, payment fee and minimum are due once energy has flowed or was about to
  (chargingState Charging). Minimum and maximum are, like the prices, with or without tax.
- Tax is reckoned once, on the total, and shared out over the lines.

So cutting a segment changes nothing but roundings, and the cost never falls while a session
goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from citrine_py.model.costs import Bill, CostLine
from citrine_py.model.money import MINOR_UNITS, Money, round_to
from citrine_py.model.rates import Period, Prices, Rates
from citrine_py.modules.price_times import Timeline
from citrine_py.modules.session_spans import Span

CHARGING = "Charging"
IDLE = frozenset({"SuspendedEV", "EVConnected"})

_KWH = 1000  # Wh
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1) // _MICROSECOND


@dataclass(slots=True)
class _Used:
    """What a session took in one period: Wh, and microseconds of charging and of idling."""

    energy: Fraction = Fraction(0)
    charging: int = 0
    idle: int = 0


@dataclass(slots=True)
class _Session:
    """What a session took, by period (None: at the tariff's own prices)."""

    rates: Rates
    timeline: Timeline
    grace: int  # microseconds of it that are left
    used: dict[Period | None, _Used] = field(default_factory=dict)
    begun: bool = False

    def take(self, span: Span) -> None:
        """Adds a span of the session; they come in order."""
        idle = span.state in IDLE and self.begun
        length = (span.end - span.start) // _MICROSECOND
        for start, end, period in self.timeline.cut(span.start, span.end):
            used = self.used.setdefault(period, _Used())
            part = (end - start) // _MICROSECOND
            if span.energy:
                used.energy += span.energy if part == length else span.energy * part / length
            if span.state == CHARGING:
                used.charging += part
            elif idle:
                free = min(self.grace, part)
                self.grace -= free
                used.idle += part - free
        if span.energy > 0 or (span.state == CHARGING and length > 0):
            self.begun = True


def price(rates: Rates, spans: Sequence[Span]) -> Bill:
    """What a session comes to that consists of these spans, in order."""
    start = min((span.start for span in spans), default=_EPOCH)
    end = max((span.end for span in spans), default=_EPOCH)
    session = _Session(rates, Timeline(rates, start, end), rates.grace_minutes * _MINUTE)
    for span in spans:
        session.take(span)
    return _with_tax(rates, _amounts(session))


# ---- lines -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Amount:
    """A line before tax is reckoned; `amount` is rounded and, as the prices, net or gross."""

    what: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal


def _amounts(session: _Session) -> Iterator[_Amount]:
    rates = session.rates
    lines = [*_by_quantity(session), *_once(session)]
    yield from lines
    total = sum((each.amount for each in lines), Decimal(0))
    digits = MINOR_UNITS[rates.currency]
    least = round_to(Fraction(rates.minimum or 0), digits) if session.begun else Decimal(0)
    most = None if rates.maximum is None else round_to(Fraction(rates.maximum), digits)
    if total < least:
        yield _single("Up to the minimum", least - total)
    elif most is not None and total > most:
        yield _single("Above the maximum", most - total)


def _by_quantity(session: _Session) -> Iterator[_Amount]:
    digits = MINOR_UNITS[session.rates.currency]

    def line(what: str, period: Period | None, quantity: Decimal, unit: str, each: Decimal) -> Any:
        named = what if period is None else f"{what}, {period.name}"
        amount = round_to(Fraction(quantity) * Fraction(each), digits)
        return _Amount(named, quantity, unit, each, amount)

    for period, used in session.used.items():
        quantity = round_to(used.energy / _KWH, 3)
        if quantity:
            yield line("Energy", period, quantity, "kWh", _prices(session, period).kwh)
    for period, used in session.used.items():
        quantity, each = (
            round_to(Fraction(used.charging, _MINUTE), 2),
            _prices(session, period).minute,
        )
        if quantity and each:
            yield line("Charging time", period, quantity, "min", each)
    for period, used in session.used.items():
        quantity, each = (
            round_to(Fraction(used.idle, _MINUTE), 2),
            _prices(session, period).idle_minute,
        )
        if quantity and each:
            yield line("Idle time", period, quantity, "min", each)


def _minutes(microseconds: int) -> Decimal:
    return round_to(Fraction(microseconds, _MINUTE), 2)


def _once(session: _Session) -> Iterator[_Amount]:
    digits = MINOR_UNITS[session.rates.currency]
    due = (("Session", session.rates.session), ("Payment fee", session.rates.payment_fee))
    for what, amount in due:
        if session.begun and amount:
            rounded = round_to(Fraction(amount), digits)
            yield _Amount(what, Decimal(1), "", amount, rounded)


def _single(what: str, amount: Decimal) -> _Amount:
    return _Amount(what, Decimal(1), "", amount, amount)


def _prices(session: _Session, period: Period | None) -> Prices:
    return session.rates.prices if period is None else period.prices


# ---- tax -------------------------------------------------------------------------------


def _with_tax(rates: Rates, amounts: Iterable[_Amount]) -> Bill:
    """Each line bears the tax of the sum up to it, less that of the sum before it: so all of
    them bear the tax of the total, and none is off by more than the smallest coin."""
    lines = []
    sum_before, tax_before = Decimal(0), Decimal(0)
    for each in amounts:
        sum_now = sum_before + each.amount
        tax_now = _tax(rates, sum_now)
        tax = tax_now - tax_before
        net = each.amount - tax if rates.include_tax else each.amount
        lines.append(CostLine(each.what, each.quantity, each.unit, each.price, net, tax, net + tax))
        sum_before, tax_before = sum_now, tax_now
    net = sum_before - tax_before if rates.include_tax else sum_before
    digits = MINOR_UNITS[rates.currency]
    total = Money(round_to(Fraction(net + tax_before), digits), rates.currency)
    rounded_net = round_to(Fraction(net), digits)
    return Bill(total, rounded_net, round_to(Fraction(tax_before), digits), tuple(lines))


def _tax(rates: Rates, amount: Decimal) -> Decimal:
    """The tax in, or on, an amount, rounded."""
    rate = Fraction(rates.tax_rate) / 100
    share = rate / (1 + rate) if rates.include_tax else rate
    return round_to(Fraction(amount) * share, MINOR_UNITS[rates.currency])
