"""Tariffs over the API: CitrineOS' bodies, mistakes explained, previews."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from citrine_py.model.stations import CHARGING_STATION, LOCATION
from citrine_py.model.tariffs import TARIFF, Tariff
from tests.api.world import World, add_station

PATH = "/data/transactions/tariff"
ID = "7c9a7a54-3c1f-4a5e-9d52-2f4c8b6d1e90"
NIGHT = {"name": "Night", "from": "22:00", "to": "06:00", "pricePerKwh": 0.3}
CITRINEOS: dict[str, Any] = {
    "stationId": "cp001",
    "currency": "EUR",
    "pricePerKwh": 0.45,
    "pricePerMin": 0.02,
    "pricePerSession": 1,
    "authorizationAmount": 60,
    "paymentFee": 0.3,
    "taxRate": 19,
}


def held(world: World, key: str = ID) -> Tariff:
    record = world.records.get(TARIFF, key)
    assert record is not None
    return record


async def test_citrineos_body_makes_a_tariff_and_is_answered_with_the_row(world: World) -> None:
    add_station(world)

    status, row = await world.call("PUT", PATH, CITRINEOS)

    assert status == 200
    assert {name: row[name] for name in CITRINEOS} == CITRINEOS
    assert row["name"] == "Tariff of cp001"
    assert str(UUID(row["id"])) == row["id"]
    assert held(world, row["id"]).pricePerKwh == Decimal("0.45"), "never a float"
    assert await world.call("GET", f"{PATH}?id={row['id']}") == (200, [row])


async def test_a_put_with_an_id_changes_the_fields_given(world: World) -> None:
    await world.call("PUT", f"{PATH}?id={ID}", {"currency": "EUR", "pricePerKwh": "0.450"})
    more = {"periods": [NIGHT], "timeZone": "Europe/Berlin"}
    status, row = await world.call("PUT", f"{PATH}?id={ID}", more)

    assert status == 200
    assert (row["pricePerKwh"], row["periods"]) == (0.45, [NIGHT])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"currency": None}, "currency: missing; a code of ISO 4217, such as EUR"),
        ({"currency": "EURO"}, "currency: EURO is no code of ISO 4217, such as EUR"),
        ({"pricePerKwh": -0.1}, "pricePerKwh: must be greater than or equal to 0"),
        ({"pricePerKwh": "cheap"}, "pricePerKwh: must be a valid decimal"),
        ({"pricePerKwh": True}, "pricePerKwh: Decimal input should be"),
        ({"pricePerMin": 0.12345}, "pricePerMin: Decimal input should have no more than 4"),
        ({"timeZone": "Europe/Atlantis"}, "timeZone: Europe/Atlantis is no time zone"),
        ({"periods": [NIGHT]}, "timeZone: missing, and needed for the periods"),
        ({"periods": [{**NIGHT, "pricePerKwh": -1}], "timeZone": "UTC"},
         "periods[0].pricePerKwh: must not be negative"),
        ({"periods": "night"}, "periods: must be a valid array"),
        ({"taxRate": 119}, "taxRate: must be at most 100"),
        ({"idleGraceMinutes": 1.5}, "idleGraceMinutes: must be a valid integer"),
        ({"connectorType": "plug"}, "connectorType: must be"),
        ({"minimumCost": 3, "maximumCost": 2}, "maximumCost: must not be less than minimumCost"),
        ({"validFrom": "2026-02-01T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"},
         "validUntil: must be after validFrom"),
        ({"problem": "none"}, "problem: written by the service"),
        ({"pricePerHour": 1}, "pricePerHour: Tariff has no such field"),
    ],
)  # fmt: skip
async def test_mistakes_are_explained_and_nothing_is_written(
    world: World, body: dict[str, Any], told: str
) -> None:
    status, answer = await world.call("PUT", f"{PATH}?id={ID}", {"currency": "EUR", **body})
    checked, said = await world.call("POST", f"{PATH}/check", {"currency": "EUR", **body})

    assert status == 400
    assert told in answer["payload"]
    assert not world.records.written
    if "pricePerHour" not in body and "problem" not in body:
        assert (checked, said["payload"]) == (400, answer["payload"])


async def test_a_put_may_not_make_a_right_tariff_a_wrong_one(world: World) -> None:
    whole = {"currency": "EUR", "timeZone": "UTC", "periods": [NIGHT]}
    await world.call("PUT", f"{PATH}?id={ID}", whole)

    status, answer = await world.call("PUT", f"{PATH}?id={ID}", {"timeZone": None})

    assert (status, answer["payload"].split(":")[0]) == (400, "timeZone")
    assert held(world).timeZone == "UTC"


async def test_a_tariff_that_was_wrong_in_directus_is_right_again_after_a_put(
    world: World,
) -> None:
    world.records.have(TARIFF, Tariff(id=ID, currency="EURO", problem="currency: ..."))

    status, row = await world.call("PUT", f"{PATH}?id={ID}", {"currency": "EUR"})

    assert (status, row["problem"]) == (200, None)


async def test_what_it_names_must_exist(world: World) -> None:
    for body in ({"stationId": "cp009"}, {"location": ID}):
        status, answer = await world.call("PUT", PATH, {"currency": "EUR", **body})
        assert (status, answer["payload"].startswith(next(iter(body)))) == (404, True)
    add_station(world)
    station = "/data/configuration/chargingStation?stationId=cp001"
    assert (await world.call("PUT", station, {"tariff": ID}))[0] == 404


async def test_stations_and_locations_choose_a_tariff_and_lose_it_when_it_goes(
    world: World,
) -> None:
    await world.call("PUT", f"{PATH}?id={ID}", {"currency": "EUR"})
    station = "/data/configuration/chargingStation?stationId=cp001"
    location = f"/data/configuration/location?id={ID}"
    assert (await world.call("PUT", station, {"tariff": ID}))[1]["tariff"] == ID
    assert (await world.call("PUT", location, {"tariff": ID}))[1]["tariff"] == ID

    status, told = await world.call("DELETE", f"{PATH}?id={ID}")

    assert (status, told) == (200, "1 rows successfully deleted from Tariff")
    for collection, key in ((CHARGING_STATION, "cp001"), (LOCATION, ID)):
        record = world.records.get(collection, key)
        assert record is not None
        assert record.tariff is None


async def test_a_tariff_outlives_the_station_and_the_location_that_it_names(world: World) -> None:
    add_station(world)
    world.records.edit(LOCATION, ID)
    await world.call("PUT", f"{PATH}?id={ID}", {**CITRINEOS, "location": ID})

    await world.call("DELETE", "/data/configuration/chargingStation?stationId=cp001")
    await world.call("DELETE", f"/data/configuration/location?id={ID}")

    assert (held(world).stationId, held(world).location) == (None, None)


async def test_ids_are_uuids(world: World) -> None:
    for method in ("GET", "DELETE", "PUT"):
        status, answer = await world.call(method, f"{PATH}?id=7", None)
        assert (status, answer["payload"]) == (400, "id: a Tariff's id is a UUID")


# ---- preview ---------------------------------------------------------------------------


async def test_a_preview_says_what_a_usual_charge_costs_and_what_drivers_read(
    world: World,
) -> None:
    """22:30 to 23:15 in Berlin: 30 kWh at night, 9.00; 20 idle minutes at 0.10, 2.00; 11.00
    with 19 %, of which 11 x 19 / 119 = 1.756... is tax."""
    body = {"name": "City", "currency": "EUR", "pricePerKwh": 0.45, "pricePerMinIdle": 0.1,
            "taxRate": 19, "timeZone": "Europe/Berlin", "periods": [NIGHT]}  # fmt: skip
    await world.call("PUT", f"{PATH}?id={ID}", body)
    query = f"id={ID}&kWh=30&minutes=45&idleMinutes=20&at=2026-01-15T21:30:00Z&language=de"

    status, answer = await world.call("GET", f"{PATH}/preview?{query}")

    assert status == 200
    assert (answer["net"], answer["tax"], answer["total"]) == ("9.24", "1.76", "11.00")
    assert [each["what"] for each in answer["lines"]] == ["Energy, Night", "Idle time, Night"]
    assert answer["text"].startswith("City: 0,45 EUR/kWh")


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("kWh=1&minutes=1", 400, "id is missing"),
        (f"id={ID}&minutes=1", 400, "kWh is missing"),
        (f"id={ID}&kWh=1&minutes=-1", 400, "minutes must be a number, 0 to 100000"),
        (f"id={ID}&kWh=1e9&minutes=1", 400, "kWh must be a number"),
        (f"id={ID}&kWh=200000&minutes=1", 400, "kWh must be a number"),
        (f"id={ID}&kWh=1&minutes=1&at=soon", 400, "at must be an ISO 8601 time"),
        (f"id={ID}&kWh=1&minutes=1&when=now", 400, "no query parameter when"),
        ("id=7&kWh=1&minutes=1", 400, "a Tariff's id is a UUID"),
        (f"id={ID}&kWh=1&minutes=1", 404, "there is no Tariff with this id"),
    ],
)
async def test_a_preview_explains_what_is_wrong(
    world: World, query: str, status: int, told: str
) -> None:
    answered, answer = await world.call("GET", f"{PATH}/preview?{query}")

    assert answered == status
    assert told in answer["payload"]


async def test_a_preview_of_a_wrong_tariff_says_what_is_wrong_with_it(world: World) -> None:
    world.records.have(TARIFF, Tariff(id=ID, currency="EURO"))

    status, answer = await world.call("GET", f"{PATH}/preview?id={ID}&kWh=1&minutes=1")

    assert status == 400
    assert "cannot be read: currency: EURO" in answer["payload"]
