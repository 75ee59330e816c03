"""I01-I03: what stations are told that a transaction costs, and what its record keeps."""

from __future__ import annotations

from typing import Any

from citrine_py.model.authorizations import AUTHORIZATION
from citrine_py.model.keys import authorization_key
from citrine_py.model.tariffs import TARIFF
from tests.modules.charging import TOKEN, Charging, charging, session
from tests.modules.priced import tariff


async def priced(**fields: Any) -> Charging:
    """A station where a kWh costs 0.50 EUR, or what `fields` say."""
    world = await charging()
    terms = {"isDefault": True, "timeZone": "UTC", "pricePerKwh": "0.50", **fields}
    world.records.have(TARIFF, tariff(**terms))
    return world


async def test_the_running_and_the_final_cost_are_told() -> None:
    world = await priced()
    answers = await world.tell(*session())
    assert "totalCost" not in answers[0]
    assert [each.get("totalCost") for each in answers[1:]] == [0, 0, 1, 2, 3, 4, 4, 4]
    record = world.record()
    assert (record.totalCost, record.currency, record.tariff) == (4, "EUR", "t1")
    assert record.costBreakdown["total"] == "4.00"


async def test_the_terms_of_the_first_event_hold_whatever_is_edited() -> None:
    world = await priced()
    first, *others = session()
    await world.tell(first)
    assert world.record().costBreakdown["tariff"]["pricePerKwh"] == "0.50"
    world.records.edit(TARIFF, "t1", pricePerKwh="9.99")
    assert (await world.tell(*others))[-1] == {"totalCost": 4}
    assert world.record().totalCost == 4


async def test_the_final_cost_stays_when_an_event_comes_again() -> None:
    world = await priced()
    events = session()
    await world.tell(*events[:4], *events[5:])
    assert await world.tell(events[-1]) == [{"totalCost": 4}]
    assert world.record().totalCost == 4


async def test_a_late_start_corrects_the_final_cost() -> None:
    world = await priced()
    first, *others = session()
    await world.tell(*others)
    assert world.record().totalCost == 3
    assert await world.tell(first) == [{}]
    assert world.record().totalCost == 4


async def test_without_a_tariff_nothing_is_told_and_a_free_one_costs_0() -> None:
    none = await charging()
    assert all("totalCost" not in each for each in await none.tell(*session()))
    free = await priced(pricePerKwh="0")
    assert (await free.tell(*session()))[-1] == {"totalCost": 0}


async def test_i01_whoever_may_charge_is_told_the_tariff() -> None:
    world = await priced()
    info = (await world.call("Authorize", {"idToken": TOKEN}))["idTokenInfo"]
    assert "0.50 EUR/kWh" in info["personalMessage"]["content"]
    stranger = {**TOKEN, "idToken": "no"}
    refused = await world.call("Authorize", {"idToken": stranger})
    assert "personalMessage" not in refused["idTokenInfo"]


async def test_i01_a_message_of_the_tokens_own_goes_first() -> None:
    world = await priced()
    world.records.edit(
        AUTHORIZATION, authorization_key(TOKEN["idToken"], TOKEN["type"]), personalMessage="Hello"
    )
    info = (await world.call("Authorize", {"idToken": TOKEN}))["idTokenInfo"]
    assert info["personalMessage"]["content"] == "Hello"
