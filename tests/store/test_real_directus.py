"""The store on a real Directus over a real Postgres, with the real collections."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from citrine_py.model.dead_letters import DEAD_LETTER, DeadLetter
from citrine_py.model.keys import (
    connector_key,
    dead_letter_key,
    derived,
    evse_key,
    password_key,
)
from citrine_py.model.operations import OCPP_MESSAGE, STATION_EVENT
from citrine_py.model.stations import BOOT, CHARGING_STATION, CONNECTOR, EVSE
from citrine_py.model.variables import CREDENTIAL, VARIABLE_ATTRIBUTE
from citrine_py.ports import Delete, Put
from citrine_py.store.store import Store
from tests.store.real import Real, a_store
from tests.store.support import eventually

pytestmark = pytest.mark.stack

T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


async def test_what_is_written_is_in_directus_and_read_back_the_same(
    real: Real, store: Store, station: str, tmp_path: Path
) -> None:
    evse, connector = evse_key(station, 1), connector_key(station, 1, 1)
    await store.records.write(
        Put(CONNECTOR, connector, {"station": station, "evse": evse, "evseId": 1,
                                   "connectorId": 1, "connectorStatus": "Available",
                                   "timestamp": T0}),
        Put(EVSE, evse, {"station": station, "evseId": 1}),
        Put(BOOT, station, {"station": station, "status": "Accepted", "lastBootTime": T0,
                            "statusInfo": {"reasonCode": "x"},
                            "variablesRejectedOnLastBoot": [{"a": [1, 2.5, None]}]}),
        Put(CHARGING_STATION, station, {"isOnline": True, "lastSeen": T0, "model": "nul \x00"}),
    )  # fmt: skip
    assert await store.records.settled(10)
    row = await real.row("Connector", connector)
    assert row is not None
    assert (row["evse"], row["connectorStatus"]) == (evse, "Available")
    await asyncio.sleep(0.3)  # echoes
    async with a_store(real, tmp_path / "second") as second:
        for collection, key in [(CONNECTOR, connector), (EVSE, evse), (BOOT, station),
                                (CHARGING_STATION, station)]:  # fmt: skip
            assert second.records.get(collection, key) == store.records.get(collection, key)
    assert store.records.get(BOOT, station).lastBootTime == T0
    assert store.stats().rejected == 0


async def test_each_edit_of_an_operator_is_in_force_without_being_asked_for(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(
        Put(CHARGING_STATION, station, {}), Put(BOOT, station, {"station": station})
    )
    assert await store.records.settled(10)
    for status in ("Pending", "Rejected", "Accepted") * 5:
        await real.edit("Boot", station, status=status, heartbeatInterval=17)
        await eventually(lambda s=status: store.records.get(BOOT, station).status == s)


async def test_a_station_made_by_an_operator_is_known_at_once_and_its_delete_too(
    real: Real, store: Store, station: str
) -> None:
    told: list[tuple[str, bool, bool]] = []
    store.watch(
        CHARGING_STATION, lambda key, old, new: told.append((key, old is None, new is None))
    )
    await real.make("ChargingStation", station, name="By hand")
    await eventually(lambda: store.records.get(CHARGING_STATION, station))
    await store.records.write(
        Put(BOOT, station, {"station": station, "status": "Pending"}),
        Put(CHARGING_STATION, station, {"isOnline": True}),
    )
    assert await store.records.settled(10)
    await real.remove("ChargingStation", station)
    await eventually(lambda: store.records.get(CHARGING_STATION, station) is None)
    row = await real.row("Boot", station)
    if row is None:  # the database took it along, without an event
        await eventually(lambda: store.records.get(BOOT, station) is None)
    assert [each for each in told if each[0] == station] == [
        (station, True, False),
        (station, False, True),
    ]


async def test_a_conditional_write_yields_to_the_operator(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(
        Put(CHARGING_STATION, station, {}),
        Put(BOOT, station, {"status": "Pending", "variablesRejectedOnLastBoot": [{"a": 1}]}),
    )
    assert await store.records.settled(10)
    over = {"status": "Pending", "variablesRejectedOnLastBoot": [{"a": 1}], "lastBootTime": None}
    editing = asyncio.create_task(real.edit("Boot", station, status="Rejected"))
    await asyncio.sleep(0.03)
    await store.records.write(
        Put(
            BOOT,
            station,
            {"status": "Accepted", "variablesRejectedOnLastBoot": [], "lastBootTime": T0},
            only_over=over,
        )
    )
    await editing
    assert await store.records.settled(10)
    await eventually(lambda: store.records.get(BOOT, station).status == "Rejected")
    row = await real.row("Boot", station)
    assert row is not None
    assert row["status"] == "Rejected"
    assert row["variablesRejectedOnLastBoot"] == []
    assert row["lastBootTime"] is not None


async def test_a_chain_of_conditional_writes_on_time_and_json_applies(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {}), Put(BOOT, station, {}))
    moments = [None] + [T0 + timedelta(seconds=n) for n in range(4)]
    for old, new in pairwise(moments):
        await store.records.write(
            Put(BOOT, station, {"lastBootTime": new}, only_over={"lastBootTime": old})
        )
        await asyncio.sleep(0.08)
    assert await store.records.settled(10)
    row = await real.row("Boot", station)
    assert row is not None
    assert row["lastBootTime"] == "2026-01-01T12:00:03.123Z"


async def test_reports_and_messages_arrive_in_bulk_and_are_found(
    store: Store, station: str
) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {}))
    await store.records.write(
        *(
            Put(VARIABLE_ATTRIBUTE, derived("test", station, n), {
                "station": station, "component": "C", "variable": f"V{n}", "type": "Actual",
                "value": str(n), "mutability": "ReadOnly", "minLimit": 0.5, "persistent": True,
                "generatedAt": T0, "statusInfo": {"n": n}})
            for n in range(3000)
        )
    )  # fmt: skip
    for n in range(2000):
        store.records.post(
            Put(OCPP_MESSAGE, derived("message", station, n), {
                "station": station, "timestamp": T0 + timedelta(seconds=n), "direction": "in",
                "type": "CALL", "action": "Heartbeat", "payload": {"n": n}})
        )  # fmt: skip
    assert await store.records.settled(20)
    found = await store.records.find(VARIABLE_ATTRIBUTE, {"station": station, "variable": "V2999"})
    assert len(found) == 1
    assert (found[0].minLimit, found[0].generatedAt, found[0].statusInfo) == (0.5, T0, {"n": 2999})
    messages = await store.records.find(
        OCPP_MESSAGE, {"station": station}, newest_first="timestamp", limit=2, offset=1
    )
    assert [each.payload for each in messages] == [{"n": 1998}, {"n": 1997}]
    assert (
        len(await store.records.find(VARIABLE_ATTRIBUTE, {"station": station}, limit=9000)) == 3000
    )
    assert store.stats().directus_calls["upsert"] < 40


async def test_a_credential_is_seen_by_this_and_by_the_next_start(
    real: Real, store: Store, station: str, tmp_path: Path
) -> None:
    key = password_key(station)
    fields = {"station": station, "component": "SecurityCtrlr", "variable": "BasicAuthPassword",
              "type": "Actual", "passwordHash": "$2b$not-a-real-one"}  # fmt: skip
    await store.records.write(Put(CHARGING_STATION, station, {}), Put(CREDENTIAL, key, fields))
    assert store.records.select(CREDENTIAL, station=station)[0].passwordHash
    assert await store.records.settled(10)
    async with a_store(real, tmp_path / "second") as second:
        assert second.records.get(CREDENTIAL, key) == store.records.get(CREDENTIAL, key)
    await store.records.write(Delete(VARIABLE_ATTRIBUTE, key))
    assert store.records.get(CREDENTIAL, key) is None
    assert await store.records.settled(10)
    assert await real.row("VariableAttribute", key) is None


async def test_touches_reach_directus_within_their_interval(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {}))
    store.records.touch(CHARGING_STATION, station, lastSeen=T0)
    await asyncio.sleep(1.0)
    row = await real.row("ChargingStation", station)
    assert row is not None
    assert row["lastSeen"] == "2026-01-01T12:00:00.123Z"


async def test_rows_without_their_parent_are_set_aside_and_arrive_when_it_does(
    real: Real, store: Store, station: str
) -> None:
    missing = f"{station}-late"
    event, message = derived("event", missing), derived("message", missing)
    await store.records.write(
        Put(STATION_EVENT, event, {"station": missing, "kind": "Event", "timestamp": T0}),
        Put(OCPP_MESSAGE, message, {"station": missing, "payload": {"n": 1}}),
        Put(CHARGING_STATION, station, {}),
        *(Put(STATION_EVENT, derived("event", station, n), {"station": station, "kind": "Event"})
          for n in range(20)),
        Put(OCPP_MESSAGE, derived("good", station), {"station": station}),
    )  # fmt: skip
    async with asyncio.timeout(30):
        while len(letters_of(store, missing)) < 2:
            await store.records.write(Put(CHARGING_STATION, station, {"model": "m"}))
            await asyncio.sleep(0.2)
    assert await real.row("OcppMessage", derived("good", station))
    assert await real.row("StationEvent", derived("event", station, 19))
    assert {each.code for each in letters_of(store, missing)} == {"INVALID_FOREIGN_KEY"}
    assert {each.item for each in letters_of(store, missing)} == {event, message}
    assert await store.records.settled(10)
    assert await real.row("DeadLetter", dead_letter_key("StationEvent", event))
    await store.records.write(Put(CHARGING_STATION, missing, {}))
    await eventually(lambda: not letters_of(store, missing))
    assert await store.records.settled(10)
    row = await real.row("StationEvent", event)
    assert row is not None
    assert row["timestamp"] == "2026-01-01T12:00:00.123Z"
    assert await real.row("OcppMessage", message)
    assert await real.row("DeadLetter", dead_letter_key("StationEvent", event)) is None


async def test_a_letter_outlives_the_service_and_the_next_start_sees_its_parent(
    real: Real, station: str, tmp_path: Path
) -> None:
    missing, event = f"{station}-late", derived("event", station)
    async with a_store(real, tmp_path) as first:
        await first.records.write(
            Put(STATION_EVENT, event, {"station": missing, "kind": "Event", "timestamp": T0})
        )
        async with asyncio.timeout(30):
            while not letters_of(first, missing):
                await asyncio.sleep(0.1)
    await real.make("ChargingStation", missing)
    async with a_store(real, tmp_path) as second:
        await eventually(lambda: not letters_of(second, missing))
        assert await second.records.settled(10)
        row = await real.row("StationEvent", event)
        assert row is not None
        assert row["timestamp"] == "2026-01-01T12:00:00.123Z"
        assert await real.row("DeadLetter", dead_letter_key("StationEvent", event)) is None


def letters_of(store: Store, station: str) -> list[DeadLetter]:
    return list(store.records.select(DEAD_LETTER, station=station))


async def test_deletes_and_rows_made_anew(real: Real, store: Store, station: str) -> None:
    await store.records.write(Put(CHARGING_STATION, station, {"model": "a", "isOnline": True}))
    assert await store.records.settled(10)
    await store.records.write(
        Delete(CHARGING_STATION, station), Put(CHARGING_STATION, station, {"model": "b"})
    )
    assert await store.records.settled(10)
    await asyncio.sleep(0.3)
    row = await real.row("ChargingStation", station)
    assert row is not None
    assert row["model"] == "b"
    assert not row["isOnline"]
    assert store.records.get(CHARGING_STATION, station).model == "b"
    await store.records.write(Delete(CHARGING_STATION, station))
    assert await store.records.settled(10)
    assert await real.row("ChargingStation", station) is None
