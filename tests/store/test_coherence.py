"""At rest memory equals Directus and no operator's edit is lost, whatever came between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from citrine_py.ports import Change, Delete, Put
from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus, RealtimeServer
from tests.store.support import eventually, fake_directus, running
from tests.store.things import LIMIT, PLAN, READING, SECRET, SITE, Limit

KEYS = [f"k{number}" for number in range(6)]
STATUSES = ["Accepted", "Pending", "Rejected", None]


class Churn:
    """Random edits by us and by an operator, on the same rows, over a line that fails."""

    def __init__(
        self, seed: int, store: Store, directus: FakeDirectus, server: RealtimeServer
    ) -> None:
        self.random = random.Random(seed)
        self.store, self.directus, self.server = store, directus, server
        self.intervals: dict[str, int | None] = {}
        self.number = 0

    async def ours(self) -> None:
        key = self.random.choice(KEYS)
        self.number += 1
        plan = self.store.records.get(PLAN, key)
        change: Change = Put(SITE, key, {"model": str(self.number)})
        match self.random.randrange(10):
            case 0:
                change = Delete(SITE, key)
            case 1 | 2:
                self.store.records.touch(SITE, key, online=self.number % 2 == 0)
                return
            case 3 | 4 | 5:
                status = self.random.choice(STATUSES)
                over = {"status": plan.status if plan else None}
                change = Put(
                    PLAN, key, {"status": status, "progress": str(self.number)}, only_over=over
                )
            case 6:
                change = Put(SECRET, key, {"hash": f"h{self.number}"})
            case 7 | 8:
                change = Put(READING, key, self.reading())
        await self.store.records.write(change)

    def reading(self) -> dict[str, str]:
        kind = self.random.choice(["limit", "Bound", "other"])
        return {"kind": kind, "site": self.random.choice(KEYS), "value": str(self.number % 3)}

    async def operators(self) -> None:
        key = self.random.choice(KEYS)
        self.number += 1
        match self.random.randrange(10):
            case 9:
                keys = self.random.sample(KEYS, 3)
                self.directus.edit_list("Plan", keys, interval=self.number)
                for each in keys:
                    if each in self.directus.tables["Plan"]:
                        self.intervals[each] = self.number
            case 6:
                self.directus.remove("Reading", key)
            case 7 | 8:
                self.directus.edit("Reading", key, **self.reading())
            case 0:
                self.directus.remove("Plan", key)
                self.intervals.pop(key, None)
            case 1:
                self.directus.edit("Reading", key, hash=f"o{self.number}")
            case 2:
                self.directus.edit("Site", key, name=f"n{self.number}")
            case _:
                self.directus.edit(
                    "Plan", key, status=self.random.choice(STATUSES), interval=self.number
                )
                self.intervals[key] = self.number

    async def line(self) -> None:
        match self.random.randrange(4):
            case 0:
                await self.server.cut()
            case 1:
                self.directus.before = self._sometimes(httpx.ReadTimeout("slow"))
            case 2:
                self.directus.after = self._sometimes(httpx.ReadError("cut"))
            case 3:
                self.directus.before = self.directus.after = None
        self.directus.latency = self.random.choice([0, 0, 0.002, 0.01])

    def _sometimes(self, error: Exception) -> Callable[[httpx.Request], None]:
        def fault(request: httpx.Request) -> None:
            if self.random.random() < 0.3:
                raise error

        return fault

    async def go(self, steps: int) -> None:
        for _ in range(steps):
            await self.random.choices([self.ours, self.operators, self.line], [10, 8, 1])[0]()
            await asyncio.sleep(self.random.choice([0, 0, 0.001, 0.004]))
        self.directus.before = self.directus.after = None


def same(store: Store, directus: FakeDirectus) -> bool:
    for collection in (SITE, PLAN):
        live = {each.id: each for each in store.records.select(collection)}
        rows = directus.tables[collection.directus]
        if live != {key: collection.record.model_validate(row) for key, row in rows.items()}:
            return False
    readings = directus.tables["Reading"]
    hashes = {key: row["hash"] for key, row in readings.items() if row.get("hash")}
    limits = {key: Limit.model_validate(row) for key, row in readings.items() if LIMIT.takes(row)}
    return {each.id: each.hash for each in store.records.select(SECRET)} == hashes and {
        each.id: each for each in store.records.select(LIMIT)
    } == limits


@pytest.mark.parametrize("seed", range(12))
async def test_at_rest_memory_equals_directus_and_no_edit_is_lost(
    tmp_path: Path, seed: int
) -> None:
    directus = fake_directus()
    directus.parents = {}
    async with running(tmp_path, directus) as (store, server):
        churn = Churn(seed, store, directus, server)
        await churn.go(400)
        assert await store.records.settled(9)
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)
        await eventually(lambda: same(store, directus))
        assert store.stats().rejected == 0
        assert store.stats().journal_rows == 0
        for key, interval in churn.intervals.items():  # only operators write it
            assert directus.tables["Plan"][key]["interval"] == interval
        changes = [
            row
            for _, path, body in directus.requests
            if path == "/citrine/update" and body["collection"] == "Plan"
            for row in body["rows"]
        ]
        assert changes
        assert all("status" in row["over"] for row in changes if "status" in row["set"])
