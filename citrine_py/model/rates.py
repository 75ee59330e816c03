"""A tariff read strictly: all that its record may hold, checked, as prices to reckon with.

The one place that knows what a right tariff is: the data API refuses with its words,
the service marks rows from Directus with them. Pure functions, no port.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from citrine_py.model.money import MINOR_UNITS
from citrine_py.model.tariffs import Tariff

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PRICES = ("pricePerKwh", "pricePerMin", "pricePerMinIdle")
PERIOD_FIELDS = ("name", "days", "from", "to", *PRICES)
"""Of an entry of `Tariff.periods`: its name, its days (none: every day) and times by the clock on
the wall, and the prices that are others than at other times."""

MOST_PERIODS = 50
MOST = Decimal(1_000_000_000)
DIGITS = 4
"""Prices are at most MOST, with DIGITS behind the point: what Directus' columns hold."""

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.0+)?)?")
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Prices:
    """Per kWh, per minute of charging and per idle minute."""

    kwh: Decimal
    minute: Decimal
    idle_minute: Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """Other prices from `start` to `end` on `days` (0 is Monday). Where `end` is not after
    `start` the period goes on into the next day; both the same, it lasts for a whole day."""

    name: str
    days: frozenset[int]
    start: time
    end: time
    prices: Prices

    def holds(self, wall: datetime) -> bool:
        """Whether it holds when clocks on the wall show this."""
        now, today = wall.time(), wall.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= now < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and now >= self.start) or (
            yesterday in self.days and now < self.end
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """A tariff's terms. `zone` is None where no price depends on the time of day."""

    currency: str
    prices: Prices
    grace_minutes: int
    session: Decimal
    payment_fee: Decimal
    reserved: Decimal
    minimum: Decimal | None
    maximum: Decimal | None
    tax_rate: Decimal  # percent
    include_tax: bool
    periods: tuple[Period, ...]
    zone: tzinfo | None

    def period(self, moment: datetime) -> Period | None:
        """The period in force at a moment (timezone-aware); None: the tariff's own prices."""
        if self.zone is None:
            return None
        wall = moment.astimezone(self.zone)
        return next((each for each in self.periods if each.holds(wall)), None)


def read(tariff: Tariff) -> Rates:
    """The terms of a tariff.

    Raises:
        ValueError: a field holds what it may not; the message names it and says what may.
    """
    currency = tariff.currency
    if not currency:
        raise ValueError("currency: missing; a code of ISO 4217, such as EUR")
    if currency not in MINOR_UNITS:
        raise ValueError(f"currency: {_shown(currency)} is no code of ISO 4217, such as EUR")
    base = {name: _amount(name, getattr(tariff, name)) for name in PRICES}
    periods = _periods(tariff.periods, base)
    zone = _zone(tariff.timeZone) if tariff.timeZone else None
    if periods and zone is None:
        raise ValueError("timeZone: missing, and needed for the periods; such as Europe/Berlin")
    minimum, maximum = _limit(tariff, "minimumCost"), _limit(tariff, "maximumCost")
    if minimum is not None and maximum is not None and minimum > maximum:
        raise ValueError("maximumCost: must not be less than minimumCost")
    if tariff.validFrom and tariff.validUntil and tariff.validFrom >= tariff.validUntil:
        raise ValueError("validUntil: must be after validFrom")
    grace = tariff.idleGraceMinutes or 0
    if grace < 0:
        raise ValueError("idleGraceMinutes: must not be negative")
    return Rates(
        currency=currency,
        prices=_prices(base),
        grace_minutes=grace,
        session=_amount("pricePerSession", tariff.pricePerSession),
        payment_fee=_amount("paymentFee", tariff.paymentFee),
        reserved=_amount("authorizationAmount", tariff.authorizationAmount),
        minimum=minimum,
        maximum=maximum,
        tax_rate=_amount("taxRate", tariff.taxRate, most=Decimal(100)),
        include_tax=tariff.pricesIncludeTax is not False,
        periods=periods,
        zone=zone if periods else None,
    )


def _limit(tariff: Tariff, name: str) -> Decimal | None:
    value = getattr(tariff, name)
    return None if value is None else _amount(name, value)


def _amount(name: str, value: Any, most: Decimal = MOST) -> Decimal:
    if value is None or value == "":
        return Decimal(0)
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"{name}: must be a number")
    if amount < 0:
        raise ValueError(f"{name}: must not be negative")
    if amount > most:
        raise ValueError(f"{name}: must be at most {most}")
    if amount != round(amount, DIGITS):
        raise ValueError(f"{name}: must have at most {DIGITS} digits behind the point")
    return amount


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"timeZone: {_shown(name)} is no time zone of IANA's list, such as Europe/Berlin"
        ) from None


# ---- periods ---------------------------------------------------------------------------


def _periods(value: Any, base: Mapping[str, Decimal]) -> tuple[Period, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError("periods: must be a list")  # noqa: TRY004 - an operator's value
    if len(value) > MOST_PERIODS:
        raise ValueError(f"periods: must be at most {MOST_PERIODS}")
    return tuple(_period(f"periods[{number}]", each, base) for number, each in enumerate(value))


def _period(place: str, row: Any, base: Mapping[str, Decimal]) -> Period:
    if not isinstance(row, dict):
        raise ValueError(f"{place}: must be an object")  # noqa: TRY004 - an operator's value
    unknown = [name for name in row if name not in PERIOD_FIELDS]
    if unknown:
        known = ", ".join(PERIOD_FIELDS)
        raise ValueError(f"{place}.{_shown(unknown[0])}: no such field; there are {known}")
    start, end = (_time(f"{place}.{name}", row.get(name)) for name in ("from", "to"))
    given = {
        name: _amount(f"{place}.{name}", row[name])
        for name in PRICES
        if row.get(name) is not None and row[name] != ""
    }
    if not given:
        raise ValueError(f"{place}: has no price of its own; set one of {', '.join(PRICES)}")
    name = row.get("name") or f"{start:%H:%M}-{end:%H:%M}"
    if not isinstance(name, str) or len(name) > 50:
        raise ValueError(f"{place}.name: must be a text of at most 50 characters")
    days = _days(f"{place}.days", row.get("days"))
    return Period(name, days, start, end, _prices({**base, **given}))


def _days(place: str, value: Any) -> frozenset[int]:
    if value is None or value == []:
        return frozenset(range(7))
    if not isinstance(value, list) or any(day not in DAYS for day in value):
        raise ValueError(f"{place}: must be a list out of {', '.join(DAYS)}")
    return frozenset(DAYS.index(day) for day in value)


def _time(place: str, value: Any) -> time:
    """A time of day; none and 24:00 are midnight."""
    if value is None or value in ("", "24:00", "24:00:00"):
        return _MIDNIGHT
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{place}: must be a time of day, such as 22:00")
    hour, minute, second = (int(part) for part in found.groups(default="0"))
    return time(hour, minute, second)


def _prices(amounts: Mapping[str, Decimal]) -> Prices:
    return Prices(*(amounts[name] for name in PRICES))


def _shown(text: object) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(text)[:60])
