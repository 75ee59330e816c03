"""I01: the tariff in words, short enough for a station's display."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.modules.tariff_texts import LONGEST, tariff_text
from tests.modules.priced import NIGHT, tariff

WHOLE: dict[str, Any] = {
    "name": "City",
    "pricePerKwh": "0.4500",
    "pricePerMin": "0.005",
    "pricePerMinIdle": "0.1",
    "idleGraceMinutes": 10,
    "pricePerSession": 1,
    "paymentFee": "0.3",
    "minimumCost": 2,
    "maximumCost": 50,
    "authorizationAmount": 60,
    "taxRate": "19.00",
    "periods": [{**NIGHT, "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "pricePerMin": 0}],
}


def test_i01_everything_that_may_be_charged_is_told() -> None:
    assert tariff_text(tariff(**WHOLE), "en") == (
        "City: 0.45 EUR/kWh, 0.005 EUR/min while charging, 0.10 EUR/min when charging has ended, "
        "after 10 min, 1.00 EUR per session, 0.30 EUR payment fee, at least 2.00 EUR, at most "
        "50.00 EUR, 60.00 EUR reserved on your card, incl. 19% tax. Mon-Fri 22:00-06:00: "
        "0.30 EUR/kWh, 0.10 EUR/min when charging has ended, after 10 min."
    )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de", "City: 0,45 EUR/kWh, 1,00 EUR je Ladevorgang, zzgl. 7,7 % USt."),
        ("de-CH", "City: 0,45 EUR/kWh, 1,00 EUR je Ladevorgang, zzgl. 7,7 % USt."),
        ("fr", "City: 0,45 EUR/kWh, 1,00 EUR par session, plus TVA 7,7 %."),
        ("NL", "City: 0,45 EUR/kWh, 1,00 EUR per sessie, excl. 7,7% btw."),
        ("xx", "City: 0.45 EUR/kWh, 1.00 EUR per session, plus 7.7% tax."),
        (None, "City: 0.45 EUR/kWh, 1.00 EUR per session, plus 7.7% tax."),
    ],
)
def test_i01_it_is_told_in_the_drivers_language(language: str | None, told: str) -> None:
    of = tariff(name="City", pricePerSession=1, taxRate="7.7", pricesIncludeTax=False)

    assert tariff_text(of, language).startswith(told.removesuffix("."))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"pricePerKwh": None, "taxRate": 19}, "free of charge."),
        ({"name": " ", "currency": "JPY", "pricePerKwh": 55}, "55 JPY/kWh."),
        ({"currency": "KWD", "pricePerKwh": "0.1"}, "0.100 KWD/kWh."),
        ({"periods": [{"days": ["Sat", "Sun"], "pricePerKwh": 0}]},
         "0.45 EUR/kWh. Sat, Sun: free of charge."),
        ({"pricePerKwh": None, "periods": [{"from": "08:00", "to": "18:00", "pricePerKwh": 1}]},
         "0.00 EUR/kWh. 08:00-18:00: 1.00 EUR/kWh."),
    ],
)  # fmt: skip
def test_i01_short_ones_are_told_shortly(fields: dict[str, Any], told: str) -> None:
    assert tariff_text(tariff(**fields), "en") == told


def test_i01_what_does_not_fit_is_left_out_by_sentences() -> None:
    many = [{**NIGHT, "name": str(number), "days": ["Mon"]} for number in range(50)]

    text = tariff_text(tariff(periods=many), "en")

    assert len(text) <= LONGEST
    assert text.endswith("EUR/kWh.")
    assert len(text) > LONGEST - 40


def test_i01_a_name_of_any_length_leaves_a_text_that_fits() -> None:
    text = tariff_text(tariff(name="x" * 600), "en")

    assert len(text) == LONGEST


def test_a_tariff_that_cannot_be_read_has_no_text() -> None:
    with pytest.raises(ValueError, match="currency"):
        tariff_text(tariff(currency="EURO"), "en")
