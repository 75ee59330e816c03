"""Directus away, unwell or refusing; the journal full; starts and stops: nothing is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from citrine_py.errors import DirectusError, StoreUnavailable
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.ports import Delete, Put
from tests.store.fake_directus import Refusal
from tests.store.support import eventually, fake_directus, make_store, running
from tests.store.things import EVENT, PLAN, READING, SITE, Site

T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


async def test_a_lost_answer_does_not_break_a_chain_of_conditional_writes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending")
    async with running(tmp_path, directus) as (store, _):
        lost: list[str] = []

        def lose(request: httpx.Request) -> httpx.Response | None:
            if request.url.path == "/citrine/update" and len(lost) < 4:
                lost.append(request.url.path)
                raise httpx.ReadError("cut")
            return None

        directus.after = lose
        for old, new in [("Pending", "Accepted"), ("Accepted", "Rejected")]:
            await store.records.write(Put(PLAN, "s1", {"status": new}, only_over={"status": old}))
            await asyncio.sleep(0.02)
        assert await store.records.settled(8)
        assert directus.tables["Plan"]["s1"]["status"] == "Rejected"
        await eventually(lambda: store.records.get(PLAN, "s1").status == "Rejected")


async def test_find_says_when_directus_is_away(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503)
        with pytest.raises(DirectusError):
            await store.records.find(READING, {})


async def test_while_directus_is_away_writes_are_as_quick_and_arrive_later(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503, headers={"Retry-After": "1"})
        async with asyncio.timeout(2):
            for number in range(100):
                await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
        await eventually(lambda: store.stats().directus_away > 0)
        assert store.stats().journal_rows == 100
        assert not await store.records.settled(0.05)
        directus.before = None
        assert await store.records.settled(8)
        assert len(directus.tables["Site"]) == 100
        assert store.stats().directus_away == 0


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504])
async def test_no_status_of_an_unwell_directus_rejects_a_row(tmp_path: Path, status: int) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(status)
        await store.records.write(
            Put(SITE, "s1", {"model": "m"}), Put(READING, "r", {"site": "s1"})
        )
        await asyncio.sleep(0.5)
        assert store.stats().rejected == 0
        directus.before = None
        assert await store.records.settled(8)
        assert directus.tables["Reading"]["r"]["site"] == "s1"


async def test_garbage_and_cut_answers_are_tried_again(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        tricks = [
            httpx.Response(200, content=b"<html>"),
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("cut"),
            httpx.Response(500),
            httpx.ConnectError("down"),
        ] * 3

        def trick(request: httpx.Request) -> httpx.Response | None:
            if request.method == "SEARCH" or not tricks:
                return None
            answer = tricks.pop()
            if isinstance(answer, Exception):
                raise answer
            return answer

        directus.after = trick  # the write happened, its answer is lost
        for number in range(40):
            await store.records.write(
                Put(SITE, f"s{number}", {"model": "m"}),
                Put(EVENT, f"e{number}", {"site": f"s{number}", "text": "t"}),
            )
        assert await store.records.settled(9)
        assert len(directus.tables["Site"]) == len(directus.tables["Event"]) == 40
        assert store.stats().rejected == 0


async def test_a_rejected_row_is_set_aside_and_blocks_nobody(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: (
        Refusal(400, "VALUE_TOO_LONG") if row.get("model") == "bad" else None
    )
    directus.edit("Site", "s005", name="kept")
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        await store.records.write(
            *(
                Put(SITE, f"s{n:03}", {"model": "bad" if n % 50 == 5 else "good"})
                for n in range(200)
            )
        )
        assert store.records.get(SITE, "s005").model == "bad"
        assert await store.records.settled(8)
        assert sum(row.get("model") == "good" for row in directus.tables["Site"].values()) == 196
        assert store.stats().rejected == store.stats().dead_letters == 4
        assert store.records.get(SITE, "s005").model is None  # back to what Directus holds
        assert store.records.get(SITE, "s055") is None
        letters = store.records.select(DEAD_LETTER)
        assert {each.item for each in letters} == {"s005", "s055", "s105", "s155"}
        assert {each.code for each in letters} == {"VALUE_TOO_LONG"}


async def test_rows_that_an_earlier_run_has_delivered_cost_few_calls(tmp_path: Path) -> None:
    """As after a kill -9, which left them in the journal."""
    directus = fake_directus()
    for number in range(0, 400, 2):
        directus.edit("Event", f"e{number:03}", text="old")
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        before = store.stats().directus_calls
        await store.records.write(*(Put(EVENT, f"e{n:03}", {"text": "new"}) for n in range(400)))
        assert await store.records.settled(8)
        calls = sum(store.stats().directus_calls.values()) - sum(before.values())
        assert calls < 10
        assert [row["text"] for row in directus.tables["Event"].values()] == ["new"] * 400
        assert store.stats().rejected == 0


async def test_a_row_that_makes_directus_fail_is_set_aside_in_the_end(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: (
        Refusal(500, "INTERNAL_SERVER_ERROR") if row.get("model") == "poison" else None
    )
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "p", {"model": "poison"}))
        for number in range(200):
            await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
            await asyncio.sleep(0.005)
            if store.stats().rejected:
                break
        await eventually(lambda: store.stats().rejected == 1)
        assert len(directus.tables["Site"]) > 1


async def test_a_row_that_is_forbidden_alone_holds_up_no_other(tmp_path: Path) -> None:
    """Directus answers FORBIDDEN to a key of a wrong form too."""
    directus = fake_directus()
    directus.bad = lambda table, row: Refusal(403, "FORBIDDEN") if row["id"] == "odd" else None
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "odd", {"model": "m"}))
        for number in range(200):
            await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
            await asyncio.sleep(0.005)
        await eventually(lambda: store.stats().rejected == 1)
        assert await store.records.settled(5)
        assert len(directus.tables["Site"]) == 200


async def test_a_missing_right_rejects_nothing_and_costs_few_calls(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: Refusal(403, "FORBIDDEN") if table == "Event" else None
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(
            *(Put(EVENT, f"e{number}", {"text": "t"}) for number in range(400))
        )
        await store.records.write(Put(SITE, "s1", {"model": "m"}))
        await asyncio.sleep(1)
        assert store.stats().rejected == 0
        assert store.stats().directus_calls["create"] < 100
        assert "s1" in directus.tables["Site"]
        directus.bad = lambda table, row: None
        assert await store.records.settled(8)
        assert len(directus.tables["Event"]) == 400


async def test_a_child_whose_parent_comes_late_is_not_rejected(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        store.records.post(Put(READING, "r1", {"site": "late"}))
        await asyncio.sleep(0.05)
        await store.records.write(Put(SITE, "late", {}))
        assert await store.records.settled(8)
        assert directus.tables["Reading"]["r1"]["site"] == "late"
        assert store.stats().rejected == 0


async def test_a_collection_that_is_not_provisioned_yet_waits(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        rows = directus.tables.pop("Event")
        await store.records.write(Put(SITE, "s1", {}), Put(EVENT, "e1", {"site": "s1"}))
        await eventually(lambda: "s1" in directus.tables["Site"])
        await asyncio.sleep(0.2)
        assert store.stats().rejected == 0
        directus.tables["Event"] = rows
        assert await store.records.settled(8)
        assert "e1" in directus.tables["Event"]


async def test_a_lost_subscription_is_reloaded_and_polled_meanwhile(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="a")
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        await eventually(lambda: not store.stats().subscribed)
        directus.edit("Site", "s1", name="b")
        directus.edit("Site", "s2", name="new")
        await eventually(lambda: store.records.get(SITE, "s2"))
        assert store.records.get(SITE, "s1").name == "b"
        assert store.stats().staleness > 0
        directus.remove("Site", "s2")
        await eventually(lambda: store.records.get(SITE, "s2") is None)
        server.refuse = False
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)


async def test_directus_pings_are_answered(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (_, server):
        await server.ping()
        await eventually(lambda: server.pongs == 1)


async def test_a_new_start_delivers_what_an_earlier_run_left(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503)
        await store.records.write(
            Put(SITE, "s1", {"model": "kept"}), Put(PLAN, "p", {"site": "s1"})
        )
        store.records.post(Put(READING, "r", {"site": "s1"}))
    directus.before = None
    async with running(tmp_path, directus) as (store, _):
        assert await store.records.settled(8)
        assert directus.tables["Site"]["s1"] == {"id": "s1", "name": "One", "model": "kept"}
        assert directus.tables["Plan"]["p"]["site"] == "s1"
        assert directus.tables["Reading"]["r"]["site"] == "s1"


async def test_a_start_without_directus_serves_the_last_known_state(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    directus.edit("Site", "s2", name="Two")
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Delete(SITE, "s2"), Put(SITE, "s1", {"model": "m"}))
        assert await store.records.settled(5)
    directus.before = lambda request: httpx.Response(503)
    store = make_store(tmp_path, directus, "http://127.0.0.1:9", first_load=0.1)
    await store.start()
    try:
        assert store.records.get(SITE, "s1") == Site(id="s1", name="One", model="m")
        assert store.records.get(SITE, "s2") is None
        assert not store.ready
        directus.before = None
        await eventually(lambda: store.ready)
    finally:
        await store.stop(1)


async def test_a_first_start_waits_for_directus(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.before = lambda request: httpx.Response(503)
    store = make_store(tmp_path, directus, "http://127.0.0.1:9")
    starting = asyncio.create_task(store.start())
    await asyncio.sleep(0.5)
    assert not starting.done()
    directus.before = None
    await asyncio.wait_for(starting, 5)
    await store.stop(1)


async def test_two_services_cannot_share_a_journal(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus):
        second = make_store(tmp_path, directus, "http://127.0.0.1:9")
        with pytest.raises(StoreUnavailable, match="journal"):
            await second.start()
        await second.stop(0)
