"""Operators and the service on the same records: nobody's edit is lost, nothing is undone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from citrine_py.ports import Delete, Put
from tests.store.support import eventually, fake_directus, running
from tests.store.things import EVENT, PLAN, READING, SECRET, SITE, Plan, Site

CHANGES = "/citrine/changes"
T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


async def test_an_operators_edit_is_in_force_at_once(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Accepted")
    seen: list[tuple[str, Plan | None, Plan | None]] = []
    async with running(tmp_path, directus) as (store, _):
        store.watch(PLAN, lambda key, old, new: seen.append((key, old, new)))
        directus.edit("Plan", "s1", status="Pending", interval=7)
        new = Plan(id="s1", status="Pending", interval=7)
        await eventually(lambda: store.records.get(PLAN, "s1") == new)
        assert seen == [("s1", Plan(id="s1", status="Accepted"), new)]


async def test_our_own_writes_are_not_told_to_watchers(tmp_path: Path) -> None:
    directus = fake_directus()
    seen: list[str] = []
    async with running(tmp_path, directus) as (store, _):
        store.watch(SITE, lambda key, old, new: seen.append(key))
        for number in range(20):
            await store.records.write(Put(SITE, "s1", {"model": str(number)}))
            await asyncio.sleep(0.003)
        assert await store.records.settled(5)
        await asyncio.sleep(0.1)
        assert seen == []


async def test_a_watcher_that_fails_harms_nobody(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):

        def fail(key: str, old: object, new: object) -> None:
            raise RuntimeError("mine")

        store.watch(SITE, fail)
        directus.edit("Site", "s1", name="a")
        directus.edit("Site", "s2", name="b")
        await eventually(lambda: store.records.get(SITE, "s2"))
        assert store.records.get(SITE, "s1") == Site(id="s1", name="a")


async def test_a_conditional_field_yields_to_an_operator_who_was_quicker(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending", wrong=[{"a": 1}])
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        directus.edit("Plan", "s1", status="Rejected")  # before anything was told or read
        await store.records.write(
            Put(
                PLAN,
                "s1",
                {"status": "Accepted", "wrong": [], "progress": "Done"},
                only_over={"status": "Pending", "wrong": [{"a": 1}]},
            )
        )
        assert await store.records.settled(5)
        row = directus.tables["Plan"]["s1"]
        assert (row["status"], row["wrong"], row["progress"]) == ("Rejected", [], "Done")
        await eventually(lambda: store.records.get(PLAN, "s1").status == "Rejected")


async def test_a_chain_of_conditional_writes_arrives_whole(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending")
    async with running(tmp_path, directus) as (store, _):
        for old, new in [("Pending", "Accepted"), ("Accepted", "Rejected"), ("Rejected", None)]:
            await store.records.write(Put(PLAN, "s1", {"status": new}, only_over={"status": old}))
            await asyncio.sleep(0.002)
        assert store.records.get(PLAN, "s1").status is None
        assert await store.records.settled(5)
        assert directus.tables["Plan"]["s1"]["status"] is None


async def test_a_row_that_an_operator_deletes_goes_with_our_pending_changes(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    directus.edit("Plan", "s1", site="s1", status="Pending")
    async with running(tmp_path, directus, flush_interval=4.0) as (store, _):
        await store.records.write(Put(SITE, "s1", {"online": True}))
        directus.remove("Site", "s1")
        await eventually(lambda: store.records.get(SITE, "s1") is None)
        await eventually(lambda: store.records.get(PLAN, "s1") is None)  # cascaded, no event
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.stats().journal_rows == 0
        await store.records.write(Put(SITE, "s1", {"online": False}))
        assert await store.records.settled(5)
        assert directus.tables["Site"]["s1"]["online"] is False


async def test_an_update_of_a_row_deleted_unseen_is_dropped(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        directus.tables["Site"].clear()
        await store.records.write(Put(SITE, "s1", {"online": True}))
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.records.get(SITE, "s1") is None


async def test_deleting_and_making_anew_leaves_only_the_new_fields(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One", model="old")
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Delete(SITE, "s1"), Put(SITE, "s1", {"online": True}))
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True)
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {"s1": {"id": "s1", "online": True}}
        await asyncio.sleep(0.1)
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True)
        await store.records.write(Delete(SITE, "s1"), Delete(SITE, "never"))
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.records.get(SITE, "s1") is None


async def test_a_second_view_of_a_table_follows_edits_and_deletes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    async with running(tmp_path, directus) as (store, _):
        directus.edit("Reading", "s1", site="s1", hash="h1")
        await eventually(lambda: store.records.get(SECRET, "s1"))
        assert store.records.select(SECRET, site="s1")[0].hash == "h1"
        await store.records.write(Put(SECRET, "s1", {"hash": "h2"}))
        assert await store.records.settled(5)
        assert directus.tables["Reading"]["s1"]["hash"] == "h2"
        await store.records.write(Put(READING, "other", {"site": "s1", "value": "v"}))
        assert store.records.get(SECRET, "other") is None
        directus.remove("Reading", "s1")
        await eventually(lambda: store.records.get(SECRET, "s1") is None)
        await store.records.write(Put(SECRET, "s1", {"site": "s1", "hash": "h3"}))
        await store.records.write(Delete(READING, "s1"))
        assert store.records.get(SECRET, "s1") is None


async def test_parents_go_first_and_children_are_deleted_first(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        await store.records.write(
            Put(EVENT, "e1", {"site": "s1", "text": "t"}),
            Put(READING, "r1", {"site": "s1"}),
            Put(PLAN, "s1", {"site": "s1"}),
            Put(SITE, "s1", {}),
        )
        assert await store.records.settled(5)
        writes = [r[1] for r in directus.requests if r[0] == "POST" and r[1] != CHANGES]
        assert writes == ["/items/Site", "/items/Plan", "/citrine/upsert", "/items/Event"]
        await store.records.write(Delete(SITE, "s1"), Delete(PLAN, "s1"))
        assert await store.records.settled(5)
        assert [r[1] for r in directus.requests if r[0] == "DELETE"] == [
            "/items/Plan",
            "/items/Site",
        ]


async def test_an_operators_odd_value_becomes_none_and_the_rest_counts(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.edit("Plan", "s1", status="Nonsense", interval="many", progress="Done")
        await eventually(lambda: store.records.get(PLAN, "s1"))
        assert store.records.get(PLAN, "s1") == Plan(id="s1", progress="Done")
