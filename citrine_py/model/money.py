"""Amounts of money: decimals with a currency, never floats.

An amount is exact until it is rounded, once, to what its currency can be paid in: to
the minor units of ISO 4217, half away from zero, as people round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

MINOR_UNITS: Mapping[str, int] = MappingProxyType(
    {
        code: digits
        for digits, codes in ((2, _TWO_DIGITS), (0, _NO_DIGITS), (3, _THREE_DIGITS))
        for code in sorted(codes.split())
    }
)
"""Digits behind the point of each currency of ISO 4217 in which people pay."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency.

    Raises:
        ValueError: the currency is none of ISO 4217, or the amount is no finite decimal.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in MINOR_UNITS:
            raise ValueError(f"{self.currency!r} is no currency of ISO 4217, such as EUR")
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise ValueError("an amount of money is a finite decimal")

    def rounded(self) -> Money:
        """The amount as it can be paid."""
        return Money(round_to(Fraction(self.amount), MINOR_UNITS[self.currency]), self.currency)

    def number(self) -> float:
        """For OCPP's number fields, whose JSON has nothing better."""
        return float(self.amount)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def round_to(value: Fraction, digits: int) -> Decimal:
    """`value` with `digits` behind the point, half away from zero. Exact before it rounds."""
    scaled = value * 10**digits
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-digits)


def plain(amount: Decimal) -> str:
    """An amount or price without needless zeros: 0.45, 12, 0.005."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
