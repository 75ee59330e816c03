"""The store as its users see it, on a Directus in memory that can fail in every way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from citrine_py.errors import BadRequest
from citrine_py.ports import Delete, Put
from tests.store.support import eventually, fake_directus, running
from tests.store.things import PLAN, READING, SECRET, SITE, Site

T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


async def test_reads_come_from_memory_without_a_call_to_directus(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One", online=True)
    async with running(tmp_path, directus) as (store, _):
        before = len(directus.requests)
        assert store.records.get(SITE, "s1") == Site(id="s1", name="One", online=True)
        assert store.records.select(SITE, online=True) == [store.records.get(SITE, "s1")]
        assert store.records.select(SITE, online=False) == []
        assert store.records.get(SITE, "s2") is None
        assert len(directus.requests) == before


async def test_a_write_is_in_memory_at_once_and_in_directus_soon(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        writing = asyncio.create_task(
            store.records.write(
                Put(PLAN, "s1", {"site": "s1", "status": "Accepted"}),
                Put(SITE, "s1", {"online": True, "seen": T0}),
            )
        )
        await asyncio.sleep(0)
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True, seen=T0)
        await writing
        assert await store.records.settled(5)
        assert directus.tables["Site"]["s1"]["seen"] == "2026-01-01T12:00:00.123Z"
        assert directus.tables["Plan"]["s1"]["status"] == "Accepted"
        assert store.stats().journal_rows == 0


async def test_changes_of_a_record_that_gather_are_one_call(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, flush_interval=2.0) as (store, _):
        for number in range(50):
            await store.records.write(Put(SITE, "s1", {"model": f"m{number}"}))
        assert await store.records.settled(5)
        assert store.stats().directus_calls.get("create", 0) <= 3
        assert directus.tables["Site"]["s1"]["model"] == "m49"


async def test_touches_are_in_memory_at_once_and_in_directus_in_one_batch(tmp_path: Path) -> None:
    directus = fake_directus()
    for number in range(20):
        directus.edit("Site", f"s{number:02}", name="x")
    async with running(tmp_path, directus, touch_interval=0.2) as (store, _):
        for number in range(20):
            store.records.touch(SITE, f"s{number:02}", seen=T0 + timedelta(seconds=number))
        store.records.touch(SITE, "unknown", seen=T0)
        assert store.records.get(SITE, "s03").seen == T0 + timedelta(seconds=3)
        assert store.stats().journal_rows == 0
        await eventually(lambda: directus.tables["Site"]["s19"].get("seen"))
        assert store.stats().directus_calls["touch"] == 1
        assert "unknown" not in directus.tables["Site"]


async def test_only_what_the_collection_names_is_touched(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="x")
    async with running(tmp_path, directus) as (store, _):
        with pytest.raises(BadRequest, match="name"):
            store.records.touch(SITE, "s1", seen=T0, name="ours")
        assert store.records.get(SITE, "s1") == Site(id="s1", name="x")


async def test_a_later_put_overrules_an_earlier_touch(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="x")
    async with running(tmp_path, directus) as (store, _):
        store.records.touch(SITE, "s1", seen=T0, model="touched")
        await store.records.write(Put(SITE, "s1", {"seen": T0 + timedelta(1)}))
        assert store.records.get(SITE, "s1").seen == T0 + timedelta(1)
        assert await store.records.settled(5)
        row = directus.tables["Site"]["s1"]
        assert (row["seen"], row["model"]) == ("2026-01-02T12:00:00.123Z", "touched")


async def test_find_reads_directus_with_our_own_latest_writes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    for number in range(7):
        directus.tables["Reading"][f"r{number}"] = {
            "id": f"r{number}", "site": "s1", "value": None, "at": f"2026-01-0{number + 1}T00:00:00"
        }  # fmt: skip
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(READING, "r9", {"site": "s1", "at": T0, "value": "mine"}))
        found = await store.records.find(READING, {"site": "s1"}, newest_first="at", limit=3)
        assert [each.id for each in found] == ["r6", "r5", "r4"]
        assert found[0].at == datetime(2026, 1, 7, tzinfo=UTC)
        mine = await store.records.find(READING, {"site": "s1", "value": "mine"})
        assert [each.id for each in mine] == ["r9"]
        unset = await store.records.find(READING, {"value": None}, offset=5)
        assert [each.id for each in unset] == ["r5", "r6"]


async def test_find_lays_changes_under_way_on_what_directus_holds(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    for name in ("kept", "gone", "moved"):
        directus.tables["Reading"][name] = {"id": name, "site": "s1", "value": "old"}
    async with running(tmp_path, directus, flush_interval=100.0) as (store, _):
        await store.records.write(
            Put(READING, "new", {"site": "s1", "value": "old"}),
            Put(READING, "moved", {"value": "other"}),
            Delete(READING, "gone"),
        )
        found = await store.records.find(READING, {"value": "old"})
        assert sorted(each.id for each in found) == ["kept", "new"]


async def test_find_in_a_resident_collection_costs_no_call(tmp_path: Path) -> None:
    directus = fake_directus()
    for number in range(5):
        directus.edit("Site", f"s{number}", name="n", seen=f"2026-01-0{number + 1}T00:00:00.000Z")
    async with running(tmp_path, directus) as (store, _):
        before = len(directus.requests)
        found = await store.records.find(
            SITE, {"name": "n"}, newest_first="seen", limit=2, offset=1
        )
        assert [each.id for each in found] == ["s3", "s2"]
        assert len(directus.requests) == before


async def test_a_wrong_value_is_the_callers_mistake_and_changes_nothing(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        for fields in ({"online": "perhaps"}, {"nonsense": 1}):
            with pytest.raises(BadRequest):
                await store.records.write(
                    Put(SITE, "s0", {"online": True}), Put(SITE, "s1", fields)
                )
        assert store.records.get(SITE, "s0") is None
        assert store.stats().journal_rows == 0


async def test_very_many_rows_in_doubt_are_read_at_once_and_not_remembered_one_by_one(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.tables["Reading"] = {
            f"r{number}": {"id": f"r{number}", "hash": str(number)} for number in range(25_000)
        }
        before = len(directus.requests)
        directus._tell("Reading", "update", list(directus.tables["Reading"]))
        await eventually(lambda: len(store.records.select(SECRET)) == 25_000)
        await eventually(lambda: not store._mirror.doubts)
        assert max(map(len, store._mirror.doubts.values()), default=0) <= 10_000
        assert len(directus.requests) - before < 60
