"""Tariffs as operators type them into Directus, and as the service then applies them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.provision.people import People, Person

pytestmark = pytest.mark.stack

PATH = "/data/transactions/tariff"
NIGHT = {"name": "Night", "days": None, "from": "22:00", "to": "06:00", "pricePerKwh": 0.3}
CITY: dict[str, Any] = {
    "name": "City",
    "currency": "EUR",
    "pricePerKwh": "0.45",
    "taxRate": 19,
    "timeZone": "Europe/Berlin",
    "periods": [NIGHT],
    "validFrom": "2026-01-01T00:00:00Z",
}


async def shown(api: httpx.AsyncClient, key: str, **fields: Any) -> dict[str, Any]:
    """The tariff as the service has it, once these fields are so."""
    row: dict[str, Any] = {}
    for _ in range(200):
        rows = (await api.get(PATH, params={"id": key})).json()
        row = rows[0] if rows else {}
        if row and all(row[name] == value for name, value in fields.items()):
            return row
        await asyncio.sleep(0.05)
    raise AssertionError(f"it stayed {row}")


async def on_the_page(operator: Person, key: str, problem: str | None) -> None:
    """Waits until the tariff's page says this."""
    for _ in range(200):
        row = (await operator.client.get(f"/items/Tariff/{key}")).json()["data"]
        if row["problem"] == problem:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it stayed {row['problem']}")


@pytest.fixture
async def tariff(people: People, operator: Person) -> AsyncIterator[str]:
    """The id of a tariff that an operator has made."""
    answer = await operator.client.post("/items/Tariff", json=CITY)
    assert answer.status_code == 200, answer.text
    key = answer.json()["data"]["id"]
    yield key
    await people.admin.delete(f"/items/Tariff/{key}")


async def test_an_operators_tariff_is_in_force_at_once(
    operator: Person, api: httpx.AsyncClient, tariff: str
) -> None:
    row = await shown(api, tariff, name="City")
    assert (row["pricePerKwh"], row["taxRate"], row["periods"]) == (0.45, 19, [NIGHT])

    answer = await operator.client.patch(f"/items/Tariff/{tariff}", json={"pricePerKwh": 0.5})
    assert answer.status_code == 200, answer.text
    await shown(api, tariff, pricePerKwh=0.5)
    told = await api.get(
        f"{PATH}/preview",
        params={"id": tariff, "kWh": 30, "minutes": 45, "at": "2026-01-15T12:00:00Z"},
    )
    assert told.json()["total"] == "15.00"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"pricePerKwh": -1}, "pricePerKwh: must be greater than or equal to 0"),
        ({"currency": "EURO"}, "currency: EURO is no code of ISO 4217"),
        ({"timeZone": "Europe/Atlantis"}, "timeZone: Europe/Atlantis is no time zone"),
        ({"timeZone": None}, "timeZone: missing, and needed for the periods"),
        ({"periods": [{**NIGHT, "from": "at night"}]}, "from: must be a time of day"),
        ({"minimumCost": 5, "maximumCost": 4}, "maximumCost: must not be less than minimumCost"),
    ],
)
async def test_what_is_wrong_is_told_when_it_is_saved(
    operator: Person, tariff: str, fields: dict[str, Any], told: str
) -> None:
    made = await operator.client.post("/items/Tariff", json={**CITY, **fields})
    changed = await operator.client.patch(f"/items/Tariff/{tariff}", json=fields)

    for answer in (made, changed):
        assert answer.status_code == 400, answer.text
        assert told in answer.json()["errors"][0]["message"]


async def test_whoever_may_not_write_tariffs_is_refused(
    viewer: Person, people: People, tariff: str
) -> None:
    for person in (viewer, people.anybody()):
        made = await person.client.post("/items/Tariff", json=CITY)
        changed = await person.client.patch(f"/items/Tariff/{tariff}", json={"taxRate": 7})
        assert (made.status_code, changed.status_code) == (403, 403)
    assert (await viewer.client.get(f"/items/Tariff/{tariff}")).status_code == 200


async def test_why_a_tariff_is_not_applied_is_the_services_to_say(
    operator: Person, tariff: str
) -> None:
    answer = await operator.client.patch(f"/items/Tariff/{tariff}", json={"problem": "mine"})

    assert answer.status_code == 403


async def test_a_button_tells_what_a_charge_would_cost(
    operator: Person, viewer: Person, api: httpx.AsyncClient, tariff: str
) -> None:
    """30 kWh by day at 0.45 are 13.50, of which 13.5 x 19 / 119 = 2.155... is tax."""
    await shown(api, tariff, name="City")
    flow = "/flows/trigger/c1781e00-0000-4000-8000-000000000440"
    form = {"kWh": 30, "minutes": 45, "at": "2026-01-15T12:00:00Z"}
    body = {"collection": "Tariff", "keys": [tariff], **form}

    answer = await operator.client.post(flow, json=body)

    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert note["subject"] == "Preview a charge: 13.50 EUR done"
    for part in ("Energy: 30 kWh at 0.45, 13.50 EUR", "tax 2.16 EUR", "City: 0.45 EUR/kWh"):
        assert part in note["message"]
    assert (note["collection"], note["item"]) == ("Tariff", tariff)
    assert (await viewer.client.post(flow, json=body)).status_code == 403


async def test_a_station_and_a_location_choose_a_tariff_and_are_seen_on_its_page(
    operator: Person, api: httpx.AsyncClient, tariff: str, station: str
) -> None:
    made = await operator.client.post("/items/Location", json={"name": "Depot", "tariff": tariff})
    location = made.json()["data"]["id"]
    changed = await operator.client.patch(
        f"/items/ChargingStation/{station}", json={"tariff": tariff, "location": location}
    )
    assert (made.status_code, changed.status_code) == (200, 200), changed.text

    page = (await operator.client.get(f"/items/Tariff/{tariff}")).json()["data"]
    assert (page["stations"], page["locations"]) == ([station], [location])

    assert (await operator.client.delete(f"/items/Tariff/{tariff}")).status_code == 204
    row = (await operator.client.get(f"/items/ChargingStation/{station}")).json()["data"]
    assert row["tariff"] is None
    await operator.client.delete(f"/items/Location/{location}")


async def test_citrineos_body_is_shown_in_directus_with_its_digits(
    people: People, api: httpx.AsyncClient, station: str
) -> None:
    key = str(uuid.uuid4())
    body = {"stationId": station, "currency": "EUR", "pricePerKwh": 0.4567, "paymentFee": 0.3}

    answer = await api.put(PATH, params={"id": key}, json=body)

    assert answer.status_code == 200, answer.text
    row = (await people.admin.get(f"/items/Tariff/{key}")).json()["data"]
    assert (row["pricePerKwh"], row["paymentFee"]) == ("0.4567", "0.3000")
    assert row["stationId"] == station
    assert (await api.delete(PATH, params={"id": key})).status_code == 200


async def test_a_tariff_that_got_in_unchecked_says_what_is_wrong_until_it_is_right(
    service: httpx.AsyncClient, operator: Person, api: httpx.AsyncClient, tariff: str
) -> None:
    """The service's own account is not checked; nor is anybody while the service is away."""
    wrong = await service.patch(f"/items/Tariff/{tariff}", json={"timeZone": "Europe/Atlantis"})
    assert wrong.status_code == 200, wrong.text
    told = "timeZone: Europe/Atlantis is no time zone of IANA's list, such as Europe/Berlin"
    await shown(api, tariff, problem=told)
    await on_the_page(operator, tariff, told)

    right = await operator.client.patch(f"/items/Tariff/{tariff}", json={"timeZone": "UTC"})
    assert right.status_code == 200, right.text
    await shown(api, tariff, timeZone="UTC", problem=None)
    await on_the_page(operator, tariff, None)
