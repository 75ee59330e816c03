"""The disk runs full: what was taken is kept, the rest is refused, and it goes on once there is
room, whoever makes it: an operator, or Directus by taking what waits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.ports import Put
from citrine_py.store.journal import Change, Journal
from citrine_py.store.store import Store
from tests.small_disk import LimitedFiles, SmallDisk, limited_files, may_mount, real_disk
from tests.store.support import eventually, fake_directus, running
from tests.store.things import EVENT, SITE

Disk = Callable[[Path], AbstractContextManager[SmallDisk]]

with tempfile.TemporaryDirectory() as _probe:
    MAY_MOUNT = may_mount(Path(_probe) / "disk")

DISKS: list[Disk] = [limited_files, *([real_disk] if MAY_MOUNT else [])]


def away(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


async def fill(store: Store, name: str) -> list[str]:
    """Writes until the disk is full; what was taken."""
    taken: list[str] = []

    async def write() -> None:
        for number in range(10_000):
            key = f"{name}{number}"
            await store.records.write(Put(EVENT, key, {"text": "x" * 2000}))
            taken.append(key)

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await write()
    return taken


def told(logs: list[Any]) -> list[str]:
    return [
        each["event"] for each in logs if each["event"] in {"journal.failed", "journal.recovered"}
    ]


@pytest.mark.parametrize("disk", DISKS)
async def test_a_full_disk_refuses_and_takes_again_when_somebody_makes_room(
    tmp_path: Path, disk: Disk
) -> None:
    directus = fake_directus()
    with disk(tmp_path / "disk") as small:
        async with running(small.folder, directus) as (store, _):
            directus.before = away
            with structlog.testing.capture_logs() as logs:
                taken = await fill(store, "a")
                assert len(taken) > 100
                assert "cannot be written" in (store.trouble or "")
                assert store.stats().journal_rows == len(taken)
                small.grow()
                await eventually(lambda: store.trouble is None)
                await store.records.write(Put(EVENT, "after", {"text": "x"}))
            assert told(logs) == ["journal.failed", "journal.recovered"]
            directus.before = None
            assert await store.records.settled(9)
            assert sorted(directus.tables["Event"]) == sorted([*taken, "after"])


@pytest.mark.parametrize("disk", DISKS[-1:])
async def test_a_full_disk_takes_again_when_directus_has_taken_what_waits(
    tmp_path: Path, disk: Disk
) -> None:
    """SQLite needs space even to delete: the reserve is what it has then."""
    directus = fake_directus()
    with disk(tmp_path / "disk") as small:
        async with running(small.folder, directus) as (store, _):
            for name in "ab":
                directus.before = away
                taken = await fill(store, name)
                directus.before = None
                assert await store.records.settled(9)
                assert set(taken) <= set(directus.tables["Event"])
                if isinstance(small, LimitedFiles):
                    small.grow()  # no reserve helps against it
                await eventually(lambda: store.trouble is None)
                await store.records.write(Put(SITE, "s1", {"model": name}))
                if isinstance(small, LimitedFiles):
                    break
            assert await store.records.settled(9)
            assert directus.tables["Site"]["s1"]["model"] == name
            assert store.stats().journal_rows == 0


@pytest.mark.parametrize("disk", DISKS)
async def test_a_start_on_a_full_disk_finds_what_was_taken(tmp_path: Path, disk: Disk) -> None:
    with disk(tmp_path / "disk") as small:
        journal = Journal(small.folder, 100_000_000)
        await journal.open()
        taken: list[str] = []

        async def write() -> None:
            for number in range(10_000):
                await journal.append([Change("C", str(number), {"v": "x" * 2000})])[1]
                taken.append(str(number))

        with pytest.raises(StoreUnavailable):
            await write()
        await journal.close()
        journal = Journal(small.folder, 100_000_000)
        found = [change.key for _, change in await journal.open()]
        assert found == taken
        await journal.close()
