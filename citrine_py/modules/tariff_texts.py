"""I01: a tariff as a driver reads it on a station's display or in an app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from citrine_py.model.money import MINOR_UNITS, plain
from citrine_py.model.rates import DAYS, Period, Prices, Rates, read
from citrine_py.model.tariffs import Tariff

LONGEST = 512
"""Characters of OCPP's MessageContentType.content."""


@dataclass(frozen=True, slots=True)
class _Words:
    """How a language says it. `{}` is an amount, or what its name says."""

    comma: bool  # between whole and parts
    free: str
    kwh: str
    minute: str
    idle: str
    idle_after: str
    session: str
    fee: str
    least: str
    most: str
    with_tax: str
    without_tax: str
    reserved: str
    days: tuple[str, ...]


_WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "en": _Words(
            comma=False,
            free="free of charge",
            kwh="{}/kWh",
            minute="{}/min while charging",
            idle="{}/min when charging has ended",
            idle_after="{}/min when charging has ended, after {minutes} min",
            session="{} per session",
            fee="{} payment fee",
            least="at least {}",
            most="at most {}",
            with_tax="incl. {}% tax",
            without_tax="plus {}% tax",
            reserved="{} reserved on your card",
            days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        ),
        "de": _Words(
            comma=True,
            free="kostenlos",
            kwh="{}/kWh",
            minute="{}/min während des Ladens",
            idle="{}/min nach Ladeende",
            idle_after="{}/min nach Ladeende, ab {minutes} min",
            session="{} je Ladevorgang",
            fee="{} Zahlungsgebühr",
            least="mindestens {}",
            most="höchstens {}",
            with_tax="inkl. {} % USt.",
            without_tax="zzgl. {} % USt.",
            reserved="{} werden auf der Karte reserviert",
            days=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        ),
        "fr": _Words(
            comma=True,
            free="gratuit",
            kwh="{}/kWh",
            minute="{}/min pendant la charge",
            idle="{}/min après la charge",
            idle_after="{}/min après la charge, au-delà de {minutes} min",
            session="{} par session",
            fee="{} de frais de paiement",
            least="minimum {}",
            most="maximum {}",
            with_tax="TVA {} % incluse",
            without_tax="plus TVA {} %",
            reserved="{} réservés sur votre carte",
            days=("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
        ),
        "nl": _Words(
            comma=True,
            free="gratis",
            kwh="{}/kWh",
            minute="{}/min tijdens het laden",
            idle="{}/min na het laden",
            idle_after="{}/min na het laden, na {minutes} min",
            session="{} per sessie",
            fee="{} betaalkosten",
            least="minimaal {}",
            most="maximaal {}",
            with_tax="incl. {}% btw",
            without_tax="excl. {}% btw",
            reserved="{} gereserveerd op uw kaart",
            days=("ma", "di", "wo", "do", "vr", "za", "zo"),
        ),
    }
)


def tariff_text(tariff: Tariff, language: str | None) -> str:
    """What the tariff costs, in `language` (RFC 5646) if it is one of ours, else in English.

    At most 512 characters; what does not fit is left out by whole sentences.

    Raises:
        ValueError: the tariff cannot be read.
    """
    rates = read(tariff)
    words = _WORDS.get((language or "en").split("-")[0].lower(), _WORDS["en"])
    sentences = [_head(tariff, rates, words), *_periods(rates, words)]
    text = sentences[0]
    if len(text) > LONGEST:
        return text[: LONGEST - 1].rstrip(", ") + "…"
    for sentence in sentences[1:]:
        if len(text) + len(sentence) + 1 > LONGEST:
            break
        text += " " + sentence
    return text


def _head(tariff: Tariff, rates: Rates, words: _Words) -> str:
    parts = [*_prices(rates, rates.prices, words), *_once(rates, words)]
    if rates.tax_rate and parts:
        form = words.with_tax if rates.include_tax else words.without_tax
        parts.append(form.format(_number(rates.tax_rate, words)))
    name = f"{tariff.name.strip()}: " if tariff.name and tariff.name.strip() else ""
    free = words.free if not rates.periods else f"{_amount(Decimal(0), rates, words)}/kWh"
    return f"{name}{', '.join(parts) or free}."


def _once(rates: Rates, words: _Words) -> Iterator[str]:
    told = (
        (words.session, rates.session),
        (words.fee, rates.payment_fee),
        (words.least, rates.minimum),
        (words.most, rates.maximum),
        (words.reserved, rates.reserved),
    )
    for form, amount in told:
        if amount:
            yield form.format(_amount(amount, rates, words))


def _prices(rates: Rates, prices: Prices, words: _Words) -> Iterator[str]:
    if prices.kwh:
        yield words.kwh.format(_amount(prices.kwh, rates, words))
    if prices.minute:
        yield words.minute.format(_amount(prices.minute, rates, words))
    if prices.idle_minute:
        amount = _amount(prices.idle_minute, rates, words)
        form = words.idle_after if rates.grace_minutes else words.idle
        yield form.format(amount, minutes=rates.grace_minutes)


def _periods(rates: Rates, words: _Words) -> Iterator[str]:
    for period in rates.periods:
        parts = list(_prices(rates, period.prices, words)) or [words.free]
        yield f"{_when(period, words)}: {', '.join(parts)}."


def _when(period: Period, words: _Words) -> str:
    days = "" if len(period.days) == len(DAYS) else _days(sorted(period.days), words)
    whole = period.start == period.end
    times = "" if whole and days else f"{period.start:%H:%M}-{period.end:%H:%M}"
    return " ".join(part for part in (days, times) if part)


def _days(days: list[int], words: _Words) -> str:
    in_a_row = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    if in_a_row:
        return f"{words.days[days[0]]}-{words.days[days[-1]]}"
    return ", ".join(words.days[day] for day in days)


def _amount(amount: Decimal, rates: Rates, words: _Words) -> str:
    """With the digits of the currency, or more where the price has them: 0.45 EUR, 0.005 EUR."""
    digits = MINOR_UNITS[rates.currency]
    shown = amount.normalize()
    exponent = shown.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < digits:
        shown = amount.quantize(Decimal(1).scaleb(-digits))
    text = f"{shown:f}"
    return f"{text.replace('.', ',') if words.comma else text} {rates.currency}"


def _number(value: Decimal, words: _Words) -> str:
    text = plain(value)
    return text.replace(".", ",") if words.comma else text
