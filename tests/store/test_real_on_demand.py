"""What is read on demand, what stations take in one message, and pruning, on a real Directus."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from citrine_py.model.keys import derived, variable_attribute_key
from citrine_py.model.operations import OCPP_MESSAGE, STATION_EVENT, STATUS_NOTIFICATION
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.times import iso
from citrine_py.model.variables import MESSAGE_LIMIT, VARIABLE_ATTRIBUTE
from citrine_py.ports import Delete, Put
from citrine_py.runtime import SystemClock
from citrine_py.store.directus import Directus, new_client
from citrine_py.store.retention import Retention
from citrine_py.store.store import Store
from tests.store.real import Real
from tests.store.support import eventually

pytestmark = pytest.mark.stack

VALUES = [str(number) for number in range(4)]


def key(station: str, number: int) -> str:
    return derived("test", station, number)


def fields(station: str, number: int, value: str) -> dict[str, Any]:
    return {"station": station, "component": "C", "variable": f"V{number}", "value": value}


async def wrong(real: Real, store: Store, questions: list[dict[str, Any]]) -> list[Any]:
    """The questions that are answered otherwise than by Directus."""
    found = []
    for where in questions:
        tests = {name: {"_eq": value} for name, value in where.items()}
        query = {"filter": tests, "fields": ["id", "value"], "sort": ["id"], "limit": -1}
        path = "/items/VariableAttribute"
        answer = await real.admin.request("SEARCH", path, json={"query": query})
        rows = [(row["id"], row["value"]) for row in answer.raise_for_status().json()["data"]]
        told = await store.records.find(VARIABLE_ATTRIBUTE, where)
        if [(each.id, each.value) for each in told] != rows:
            found.append(where)
    return found


async def test_at_rest_every_answer_is_what_directus_holds(
    real: Real, store: Store, station: str
) -> None:
    """Our bulk writes, of which nothing is told, race with edits and deletes by an admin, while
    everybody asks."""
    chance = random.Random(station)
    other = f"{station}-other"
    await store.records.write(*(Put(CHARGING_STATION, each, {}) for each in (station, other)))
    await store.records.write(
        *(Put(VARIABLE_ATTRIBUTE, key(each, n), fields(each, n, "0"))
          for each in (station, other) for n in range(8))
    )  # fmt: skip
    assert await store.records.settled(20)
    questions: list[dict[str, Any]] = [
        *({"station": each} for each in (station, other)),
        *({"station": each, "value": value} for each in (station, other) for value in VALUES),
        *({"id": key(station, n)} for n in range(8)),
    ]

    async def ours() -> None:
        for _ in range(60):
            n = chance.randrange(8)
            change = Put(
                VARIABLE_ATTRIBUTE, key(station, n), fields(station, n, chance.choice(VALUES))
            )
            await store.records.write(
                Delete(VARIABLE_ATTRIBUTE, change.key) if chance.random() < 0.2 else change
            )
            await asyncio.sleep(0.02)

    async def admins() -> None:
        for _ in range(40):
            place = f"/items/VariableAttribute/{key(station, chance.randrange(8))}"
            if chance.random() < 0.2:
                await real.admin.delete(place)
            else:
                await real.admin.patch(place, json={"value": chance.choice(VALUES)})

    async def askers() -> None:
        for _ in range(200):
            await store.records.find(VARIABLE_ATTRIBUTE, chance.choice(questions))
            await asyncio.sleep(0.005)

    await asyncio.gather(ours(), admins(), askers())
    assert await store.records.settled(20)

    async with asyncio.timeout(20):
        while missed := await wrong(real, store, questions):
            await asyncio.sleep(0.1)
    assert missed == []
    before = store.stats()
    assert await wrong(real, store, questions) == []
    after = store.stats()
    assert after.found_in_memory - before.found_in_memory == len(questions)
    assert after.read_on_demand == before.read_on_demand


async def test_with_a_station_its_answers_go(real: Real, store: Store, station: str) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {}))
    await store.records.write(Put(VARIABLE_ATTRIBUTE, key(station, 1), fields(station, 1, "0")))
    assert await store.records.settled(20)
    assert await store.records.find(VARIABLE_ATTRIBUTE, {"id": key(station, 1)})
    await real.remove("ChargingStation", station)
    await eventually(lambda: store.records.get(CHARGING_STATION, station) is None)
    assert await store.records.find(VARIABLE_ATTRIBUTE, {"id": key(station, 1)}) == []


async def test_what_a_station_takes_in_one_message_is_in_memory(
    real: Real, store: Store, station: str
) -> None:
    def limit(variable: str) -> str:
        return variable_attribute_key(
            station, "DeviceDataCtrlr", variable, variable_instance="SetVariables"
        )

    await store.records.write(Put(CHARGING_STATION, station, {}))
    made = {"station": station, "component": "DeviceDataCtrlr", "type": "Actual"}
    told = {**made, "variable": "ItemsPerMessage", "variableInstance": "SetVariables", "value": "4"}
    items = limit("ItemsPerMessage")
    await store.records.write(Put(VARIABLE_ATTRIBUTE, items, told))
    assert store.records.get(MESSAGE_LIMIT, items).value == "4"
    assert await store.records.settled(20)
    await real.edit("VariableAttribute", items, value="7")
    await eventually(lambda: store.records.get(MESSAGE_LIMIT, items).value == "7")
    size = limit("BytesPerMessage")
    await real.make("VariableAttribute", size, **{**told, "variable": "BytesPerMessage"})
    await eventually(lambda: store.records.get(MESSAGE_LIMIT, size))
    await real.make("VariableAttribute", str(uuid4()), **{**told, "variable": "Other"})
    await real.remove("VariableAttribute", items)
    await eventually(lambda: store.records.get(MESSAGE_LIMIT, items) is None)


async def test_old_rows_of_every_history_go_in_small_batches(real: Real, station: str) -> None:
    clock = SystemClock()
    directus = Directus(new_client(real.url, real.service_token), clock)
    made = {STATUS_NOTIFICATION: 60, STATION_EVENT: 60, OCPP_MESSAGE: 20}
    try:
        await directus.call("create", "POST", "/items/ChargingStation", {"id": station})
        for collection, age in made.items():
            field = str(collection.retained_by)
            times = [iso(clock.now() - timedelta(days=days)) for days in (age - 15, age)]
            rows = [
                {"id": str(uuid4()), "station": station, field: times[number % 2]}
                for number in range(3000 if collection is OCPP_MESSAGE else 20)
            ]
            if collection is STATION_EVENT:
                await directus.call("create", "POST", "/items/StationEvent", rows, fields="id")
            else:
                body = {"collection": collection.directus, "rows": rows}
                await directus.call("upsert", "POST", "/citrine/upsert", body)
        calls = directus.calls["prune"]
        retention = Retention(made, directus, clock, days=50, exceptions={OCPP_MESSAGE.name: 10})
        assert await retention.prune() >= 10 + 10 + 1500
        assert directus.calls["prune"] - calls >= 4
        for collection in made:
            field = str(collection.retained_by)
            rows = await directus.read(collection.directus, (field,), {"station": {"_eq": station}})
            assert len(rows) == (1500 if collection is OCPP_MESSAGE else 10)
            limit = timedelta(days=10 if collection is OCPP_MESSAGE else 50)
            assert all(
                datetime.fromisoformat(row[field]) > datetime.now(UTC) - limit for row in rows
            )
    finally:
        await directus.close()
