"""After a cut subscription memory reads what changed meanwhile, on a real Directus and Postgres."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from citrine_py.model.keys import derived, evse_key, password_key
from citrine_py.model.stations import BOOT, CHARGING_STATION, EVSE, LOCATION
from citrine_py.model.variables import CREDENTIAL, VARIABLE_ATTRIBUTE
from citrine_py.ports import Put
from citrine_py.store.directus import new_client
from citrine_py.store.store import Store
from tests.store.real import Line, Real, a_store
from tests.store.support import eventually

pytestmark = pytest.mark.stack

RESIDENT = ("Location", "ChargingStation", "Boot", "Evse", "Connector", "Credential")
UNTOUCHED = 700  # more than one read takes


async def changes(real: Real, since: dict[str, str | None], *keys: str) -> dict[str, Any]:
    body = {"since": since, "keys": keys}
    answer = (await real.service.post("/citrine/changes", json=body)).raise_for_status()
    told: dict[str, Any] = answer.json()["data"]
    return told


async def marks(real: Real) -> dict[str, str | None]:
    told = await changes(real, dict.fromkeys(RESIDENT))
    return {name: each["mark"] for name, each in told.items()}


async def a_site(store: Store, station: str, location: str | None = None) -> None:
    """A station with one record of everything."""
    password = {"station": station, "component": "SecurityCtrlr", "variable": "BasicAuthPassword",
                "type": "Actual", "passwordHash": "$2b$not-a-real-one"}  # fmt: skip
    await store.records.write(
        Put(CHARGING_STATION, station, {"model": "m"}),
        Put(BOOT, station, {"station": station, "status": "Pending"}),
        Put(EVSE, evse_key(station, 1), {"station": station, "evseId": 1}),
        Put(CREDENTIAL, password_key(station), password),
        Put(
            VARIABLE_ATTRIBUTE,
            derived("test", station),
            {"station": station, "component": "C", "variable": "V", "type": "Actual"},
        ),
    )


async def test_a_reload_sees_what_came_meanwhile_and_reads_only_that(
    real: Real, station: str, tmp_path: Path
) -> None:
    others = [{"id": f"{station}-{number:03}"} for number in range(UNTOUCHED)]
    (await real.admin.post("/items/ChargingStation", json=others)).raise_for_status()
    edited, deleted, made, moved = (f"{station}-{each}" for each in ("edit", "del", "new", "move"))
    location = str(uuid4())
    await real.make("Location", location, name="to go")
    async with (
        Line(real.url).running() as line,
        a_store(real, tmp_path, through=line.url) as store,
    ):
        for each in (edited, deleted, moved):
            await a_site(store, each)
        assert await store.records.settled(10)
        await real.edit("ChargingStation", moved, location=location)
        await eventually(lambda: store.records.get(CHARGING_STATION, moved).location == location)

        line.cut()
        await eventually(lambda: not store.stats().subscribed)
        before = store.stats()
        await real.edit("Boot", edited, status="Rejected", heartbeatInterval=17)
        await real.make("ChargingStation", made, name="New")
        await real.make("Boot", made, station=made, status="Accepted")
        await real.remove("ChargingStation", deleted)  # the database takes its records along
        await real.remove("Location", location)  # the database empties the station's field
        rows = [{"id": evse_key(moved, 1), "name": "In a list"}]
        (await real.admin.patch("/items/Evse", json=rows)).raise_for_status()
        line.mend()
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)

        records = store.records
        boot = records.get(BOOT, edited)
        assert (boot.status, boot.heartbeatInterval) == ("Rejected", 17)
        assert records.get(CHARGING_STATION, made).name == "New"
        assert records.get(BOOT, made).status == "Accepted"
        for collection, key in ((CHARGING_STATION, deleted), (BOOT, deleted),
                                (EVSE, evse_key(deleted, 1)),
                                (CREDENTIAL, password_key(deleted))):  # fmt: skip
            assert records.get(collection, key) is None, collection.name
        assert records.get(LOCATION, location) is None
        assert records.get(CHARGING_STATION, moved).location is None
        assert records.get(EVSE, evse_key(moved, 1)).name == "In a list"
        assert records.get(CREDENTIAL, password_key(moved)).passwordHash

        read = store.stats().rows_read
        assert read["load"] == before.rows_read["load"]
        assert 5 <= sum(read.values()) - sum(before.rows_read.values()) < 50
        assert store.stats().directus_calls["read"] - before.directus_calls["read"] < 30
    keys = [each["id"] for each in others]
    (await real.admin.request("DELETE", "/items/ChargingStation", json=keys)).raise_for_status()


async def test_while_the_subscription_is_down_edits_count_soon_without_reading_all(
    real: Real, station: str, tmp_path: Path
) -> None:
    async with (
        Line(real.url).running() as line,
        a_store(real, tmp_path, through=line.url) as store,
    ):
        await a_site(store, station)
        assert await store.records.settled(10)
        line.cut()
        await eventually(lambda: not store.stats().subscribed)
        before = store.stats().rows_read["load"]
        for status in ("Rejected", "Accepted"):
            await real.edit("Boot", station, status=status)
            await eventually(lambda s=status: store.records.get(BOOT, station).status == s)
        await real.remove("Boot", station)
        await eventually(lambda: store.records.get(BOOT, station) is None)
        assert store.stats().staleness > 0
        assert store.stats().rows_read["load"] == before


async def test_a_mark_taken_during_a_transaction_misses_none_of_it(
    real: Real, station: str
) -> None:
    keys = [f"{station}-{number:03}" for number in range(60)]
    (
        await real.admin.post("/items/ChargingStation", json=[{"id": key} for key in keys])
    ).raise_for_status()
    rows = [{"id": key, "station": key} for key in keys]
    (await real.admin.post("/items/Boot", json=rows)).raise_for_status()
    taken = [await marks(real)]
    rows = [{"id": key, "heartbeatInterval": 33} for key in keys]
    patching = asyncio.create_task(real.admin.patch("/items/Boot", json=rows))  # one transaction
    while not patching.done():
        taken.append(await marks(real))
    assert (await patching).status_code == 200
    assert len(taken) > 3
    for each in taken[:-1]:
        told = (await changes(real, {"Boot": each["Boot"]}))["Boot"]
        assert set(keys) <= set(told["changed"])
    later = await marks(real)
    assert (await changes(real, {"Boot": later["Boot"]}))["Boot"]["changed"] == []


async def test_a_mark_that_says_nothing_is_answered_with_none(real: Real) -> None:
    now = (await marks(real))["Boot"]
    assert now is not None
    number, table, columns, started = now.split()
    other = (await marks(real))["ChargingStation"]
    for mark in (None, "", "nonsense", other, f"{int(number) + 10**6} {table} {columns} {started}",
                 f"{number} {table} {int(columns) - 1} {started}", f"{2**70} {table} {started}",
                 f"{number} {table} {columns} 1.5", f"-1 {table} {columns} {started}"):  # fmt: skip
        told = (await changes(real, {"Boot": mark}, "Boot"))["Boot"]
        assert told["changed"] is None, mark
        assert len(told["keys"]) == told["count"]
    told = (await changes(real, {"Boot": f"3 {table} {columns} {started}"}, "Boot"))["Boot"]
    assert sorted(told["changed"]) == sorted(told["keys"])
    assert "keys" not in (await changes(real, {"Boot": now}))["Boot"]


async def test_changes_are_told_to_the_service_alone_and_only_of_what_it_keeps(real: Real) -> None:
    since: dict[str, str | None] = {"Boot": None}
    assert (await real.admin.post("/citrine/changes", json={"since": since})).status_code == 403
    for name in ("directus_users", "OcppMessage", "VariableAttribute", "__proto__"):
        body = {"since": {name: None}}
        assert (await real.service.post("/citrine/changes", json=body)).status_code == 403, name
    for body in ({}, {"since": ["Boot"]}, {"since": None}, {"since": since, "keys": "Boot"}):
        assert (await real.service.post("/citrine/changes", json=body)).status_code == 400, body


class Without(httpx.AsyncHTTPTransport):
    """A Directus without our newer endpoint extension."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/citrine/changes":
            error = {"message": "Route doesn't exist", "extensions": {"code": "ROUTE_NOT_FOUND"}}
            return httpx.Response(404, json={"errors": [error]})
        return await super().handle_async_request(request)


async def test_where_changes_cannot_be_told_everything_is_read(
    real: Real, station: str, tmp_path: Path
) -> None:
    others = [{"id": f"{station}-{number:03}"} for number in range(150)]
    (await real.admin.post("/items/ChargingStation", json=others)).raise_for_status()
    client = new_client(real.url, real.service_token)
    client._transport = Without()
    async with a_store(real, tmp_path, client=client) as store:
        for each in others:
            assert store.records.get(CHARGING_STATION, each["id"])
        assert store.stats().rows_read["load"] >= 150
    keys = [each["id"] for each in others]
    (await real.admin.request("DELETE", "/items/ChargingStation", json=keys)).raise_for_status()


async def test_what_directus_told_of_before_its_commit_is_read_again(
    real: Real, store: Store, station: str
) -> None:
    keys = [f"{station}-{number:02}" for number in range(30)]
    await store.records.write(*(Put(CHARGING_STATION, key, {}) for key in keys))
    await store.records.write(*(Put(BOOT, key, {"station": key}) for key in keys))
    assert await store.records.settled(20)
    for interval in (11, 22, 33):
        rows = [{"id": key, "heartbeatInterval": interval} for key in keys]
        (await real.admin.patch("/items/Boot", json=rows)).raise_for_status()
        await eventually(
            lambda i=interval: all(
                store.records.get(BOOT, key).heartbeatInterval == i for key in keys
            )
        )
    rows = [{"id": key, "heartbeatInterval": 44} for key in keys]
    rows[-1]["reportRequestId"] = 99_999_999_999  # refused, and all of it is taken back
    assert (await real.admin.patch("/items/Boot", json=rows)).status_code == 400
    await real.edit("Boot", keys[0], bootRetryInterval=5)
    await eventually(lambda: store.records.get(BOOT, keys[0]).bootRetryInterval == 5)
    assert {store.records.get(BOOT, key).heartbeatInterval for key in keys} == {33}
