"""Near the bound the message log goes first, the oldest of it; then new state is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.ports import Put
from citrine_py.store.journal_room import ROW_COST
from citrine_py.store.on_demand import Question
from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus
from tests.store.support import eventually, fake_directus, make_store, running
from tests.store.things import EVENT, READING, SITE

LIMIT = 100 * (ROW_COST + 250)
ROOM = 100  # rows of about 250 bytes


def away(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


@asynccontextmanager
async def without_directus(folder: Path, directus: FakeDirectus) -> AsyncIterator[Store]:
    """A store that serves its last known state: nothing is on its way to Directus, which comes
    back with `before` None."""
    if not (folder / "journal.db").exists():
        directus.edit("Site", "s1", name="known")
        async with running(folder, directus):
            pass
    directus.before = away
    store = make_store(folder, directus, "http://127.0.0.1:9", first_load=0.05, journal_limit=LIMIT)
    await store.start()
    try:
        yield store
    finally:
        directus.before = None
        await store.stop(1)


def frames(store: Store, *numbers: int) -> None:
    for number in numbers:
        store.records.post(Put(READING, f"f{number:04}", {"value": "x" * 200}))


async def state(store: Store, *numbers: int) -> None:
    for number in numbers:
        await store.records.write(Put(EVENT, f"e{number:04}", {"text": "x" * 200}))


def events(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs if line["event"].startswith("journal.")]


def kept(store: Store) -> list[str]:
    return sorted(store._pending.keys("Reading"))


async def test_frames_are_kept_up_to_four_fifths_and_again_below_seven_tenths(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    async with without_directus(tmp_path, directus) as store:
        with structlog.testing.capture_logs() as logs:
            frames(store, *range(ROOM))
        filling, dropped = store.stats().journal_filling, store.stats().dropped_posts
        assert 0.8 <= filling < 0.82
        assert 15 < dropped < 25
        assert kept(store) == [f"f{number:04}" for number in range(ROOM - dropped)]
        assert events(logs) == ["journal.dropping_posts"]
        assert store.trouble is None
        directus.before = None
        assert await store.records.settled(9)
        with structlog.testing.capture_logs() as logs:
            frames(store, 1000, 1001)
        assert events(logs) == ["journal.taking_posts"]
        assert store.stats().dropped_posts == dropped


async def test_state_takes_the_room_of_frames_the_oldest_first(tmp_path: Path) -> None:
    directus = fake_directus()
    async with without_directus(tmp_path, directus) as store:
        frames(store, *range(ROOM // 2))
        with structlog.testing.capture_logs() as logs:
            await state(store, *range(ROOM - 10))
        left = kept(store)
        assert 0 < len(left) < 15
        assert left == [f"f{number:04}" for number in range(ROOM // 2)][-len(left) :]
        assert store.stats().dropped_posts == ROOM // 2 - len(left)
        assert store.stats().refused_writes == 0
        assert events(logs) == ["journal.dropping_posts"]
        directus.before = None
        assert await store.records.settled(9)
        assert len(directus.tables["Event"]) == ROOM - 10
        assert sorted(directus.tables["Reading"]) == left
        assert store.stats().journal_rows == 0


async def test_then_state_is_refused_loudly_once_and_taken_when_there_is_room(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    async with without_directus(tmp_path, directus) as store:
        frames(store, *range(ROOM // 2))
        with structlog.testing.capture_logs() as logs:
            with pytest.raises(StoreUnavailable):
                await state(store, *range(2 * ROOM))
            for number in range(5):
                with pytest.raises(StoreUnavailable):
                    await state(store, 1000 + number)
        assert kept(store) == []
        assert store.stats().dropped_posts == ROOM // 2
        assert store.stats().refused_writes == 6
        assert events(logs) == ["journal.dropping_posts", "journal.full"]
        assert "full" in (store.trouble or "")
        directus.before = None
        with structlog.testing.capture_logs() as logs:
            assert await store.records.settled(9)
            await state(store, 5000)
            frames(store, 5000)
        assert events(logs) == ["journal.taking_changes", "journal.taking_posts"]
        assert store.trouble is None


async def test_a_write_too_large_for_all_the_room_costs_no_frame(tmp_path: Path) -> None:
    directus = fake_directus()
    async with without_directus(tmp_path, directus) as store:
        frames(store, *range(20))
        with pytest.raises(StoreUnavailable):
            await store.records.write(Put(EVENT, "e", {"text": "x" * LIMIT}))
        assert len(kept(store)) == 20


async def test_a_frame_that_is_being_delivered_stays(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, journal_limit=LIMIT) as (store, _):
        directus.latency = 0.5
        frames(store, *range(10))
        await eventually(lambda: any(path == "/citrine/upsert" for _, path, _ in directus.requests))
        frames(store, *range(10, 40))
        with pytest.raises(StoreUnavailable):
            await state(store, *range(2 * ROOM))
        assert store.stats().dropped_posts == 30
        directus.latency = 0
        assert await store.records.settled(9)
        assert sorted(directus.tables["Reading"]) == [f"f{number:04}" for number in range(10)]


async def test_after_a_new_start_it_is_known_which_changes_are_frames(tmp_path: Path) -> None:
    directus = fake_directus()
    async with without_directus(tmp_path, directus) as store:
        frames(store, *range(ROOM // 2))
        await state(store, 0)
        directus.before = away
        await store.stop(0)
    async with without_directus(tmp_path, directus) as store:
        assert len(kept(store)) == ROOM // 2
        await state(store, *range(1, ROOM - 10))
        assert 0 < len(kept(store)) < 15
        assert store.stats().refused_writes == 0


async def test_many_frames_reach_the_disk_though_nobody_writes(tmp_path: Path) -> None:
    """Else an outage with heartbeats alone would keep them in memory twice, and lose them all."""
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = away
        commits = store.stats().journal_commits
        for number in range(1200):
            store.records.post(Put(READING, f"f{number}", {"value": "x"}))
        await eventually(lambda: store.stats().journal_commits > commits)
        assert len(store._journal._soon) < 600


async def test_many_changes_under_way_hold_up_nobody_who_reads(tmp_path: Path) -> None:
    """They are looked through in slices, between which others have their turn."""
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "s1", {}))
        directus.before = lambda request: (
            httpx.Response(503) if request.method != "SEARCH" else None
        )
        for number in range(10_000):
            store.records.post(Put(READING, f"f{number}", {"site": "s1" if number else "s2"}))
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        try:
            before = turns
            question = Question("Reading", "Reading", (("site", "s2"),), 10, None)
            found = await store.records._finder._under_way(question, "id")
        finally:
            task.cancel()
        assert found == ["f0"]
        assert turns - before >= 4
