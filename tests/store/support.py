"""A clock that hurries, and the store on a fake Directus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus, RealtimeServer
from tests.store.things import COLLECTIONS, PARENTS

PATIENCE = 10.0  # real seconds until a test gives up waiting


class QuickClock:
    """Real time, twenty times as fast: back-off costs little, order stays natural."""

    speed = 20.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


class InstantClock:
    """Time moves only by sleeping, which takes none."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def fake_directus() -> FakeDirectus:
    return FakeDirectus(COLLECTIONS, {"Secret": lambda row: row.get("hash")}, PARENTS)


def make_store(
    folder: Path, directus: FakeDirectus, url: str, *, client: httpx.AsyncClient | None = None,
    **options: Any,
) -> Store:  # fmt: skip
    return Store(
        COLLECTIONS,
        directus_url=url,
        token="token",
        client=client or directus.client(),
        folder=folder,
        clock=QuickClock(),
        **{"flush_interval": 0.05, "touch_interval": 1.0, "retention_days": 30, **options},
    )


@asynccontextmanager
async def running(
    folder: Path, directus: FakeDirectus, **options: Any
) -> AsyncIterator[tuple[Store, RealtimeServer]]:
    """A started store with its subscription up."""
    async with directus.realtime() as server:
        store = make_store(folder, directus, server.url, **options)
        await store.start()
        try:
            await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)
            yield store, server
        finally:
            await store.stop(1.0)


async def eventually(condition: Callable[[], Any]) -> None:
    """Waits until `condition` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    """Waits until `condition`, which asks somebody else, holds."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.02)
