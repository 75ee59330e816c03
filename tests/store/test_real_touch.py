"""Touches on a real Directus: telemetry of rows that are there, which nobody is told of."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ports import Put
from citrine_py.store.store import Store
from tests.store.real import Real
from tests.store.support import eventually, until

pytestmark = pytest.mark.stack

T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)
SEEN = "2026-01-01T12:00:00.123Z"


async def touch(real: Real, *rows: Any, collection: Any = "ChargingStation") -> httpx.Response:
    body = {"collection": collection, "rows": list(rows)}
    return await real.service.post("/citrine/touch", json=body)


async def test_rows_that_are_there_are_changed_and_the_others_named(
    real: Real, station: str
) -> None:
    await real.make("ChargingStation", station, name="One")
    gone = f"{station}-gone"
    answer = await touch(
        real,
        {"id": gone, "lastSeen": SEEN},
        {"id": station, "lastSeen": None},
        {"id": station, "lastSeen": "2026-01-01T13:00:00.123+01:00"},
    )
    assert answer.json() == {"data": {"missing": [gone]}}
    row = await real.row("ChargingStation", station)
    assert row is not None
    assert (row["name"], row["lastSeen"]) == ("One", SEEN)
    assert await real.row("ChargingStation", gone) is None


async def test_nobody_is_told_of_a_touch(real: Real, station: str) -> None:
    await real.make("ChargingStation", station)
    async with real.told("ChargingStation") as told:
        assert (await touch(real, {"id": station, "lastSeen": SEEN})).status_code == 200
        await real.edit("ChargingStation", station, name="One")
        await eventually(lambda: [each for each in told if each["id"] == station])
        assert [each["name"] for each in told if each["id"] == station] == ["One"]


async def test_only_what_is_telemetry_can_be_touched(real: Real, station: str) -> None:
    await real.make("ChargingStation", station)
    for field in ("name", "model", "password", "nonsense", 'x" = 1 --'):
        row = {"id": station, field: None, "lastSeen": SEEN}
        assert (await touch(real, row)).status_code == 400, field
    assert (await touch(real, {"lastSeen": SEEN})).status_code == 400
    assert (await touch(real, {"id": station, "lastSeen": "soon"})).status_code == 400
    for collection in ("Boot", "OcppMessage", "directus_users", None):
        answer = await touch(real, {"id": station}, collection=collection)
        assert answer.status_code == 403, collection
    body = {"collection": "ChargingStation", "rows": []}
    assert (await real.admin.post("/citrine/touch", json=body)).status_code == 403
    row = await real.row("ChargingStation", station)
    assert row is not None
    assert row["lastSeen"] is None


async def test_a_touch_goes_in_bulk_and_with_a_change_that_comes_along(
    real: Real, store: Store, station: str
) -> None:
    keys = [f"{station}-{number}" for number in range(20)]
    await store.records.write(*(Put(CHARGING_STATION, key, {}) for key in keys))
    assert await store.records.settled(10)
    before = store.stats().directus_calls
    for key in keys:
        store.records.touch(CHARGING_STATION, key, lastSeen=T0)
    await store.records.write(Put(CHARGING_STATION, keys[0], {"model": "m"}))
    assert await store.records.settled(10)
    calls = store.stats().directus_calls
    assert calls["touch"] - before.get("touch", 0) <= 2
    assert calls["update"] - before.get("update", 0) == 1
    for key in keys:
        row = await real.row("ChargingStation", key)
        assert row is not None
        assert row["lastSeen"] == SEEN
        assert row["model"] == ("m" if key == keys[0] else None)


async def test_a_touch_does_not_bring_back_a_station_that_was_deleted(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {}))
    assert await store.records.settled(10)
    store.records.touch(CHARGING_STATION, station, lastSeen=T0)
    await asyncio.gather(real.remove("ChargingStation", station), store.records.settled(10))
    assert await store.records.settled(10)
    await eventually(lambda: store.records.get(CHARGING_STATION, station) is None)

    async def gone() -> bool:
        return await real.row("ChargingStation", station) is None

    await until(gone)
    assert store.stats().rejected == 0
