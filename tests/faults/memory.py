"""A store in the test's own process, on a real Directus, and whether its memory equals it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from citrine_py.model.collection import Collection
from citrine_py.model.collections import COLLECTIONS
from citrine_py.runtime import SystemClock
from citrine_py.store.directus import new_client
from citrine_py.store.store import Store
from tests.faults.backend import Backend
from tests.faults.directus import Row, read_all

AT_REST_WITHIN = 120.0  # seconds
RESIDENT = [each for each in COLLECTIONS if each.resident and each.source is None]


@asynccontextmanager
async def a_store(backend: Backend, folder: Path, url: str) -> AsyncIterator[Store]:
    """A started store that believes Directus to be at `url`."""
    store = Store(
        COLLECTIONS,
        directus_url=url,
        token=backend.service_token,
        client=new_client(url, backend.service_token),
        folder=folder,
        clock=SystemClock(),
        flush_interval=0.05,
        touch_interval=0.3,
        retention_days=30,
    )
    await store.start()
    try:
        await at_rest(store)
        yield store
    finally:
        await store.stop(1.0)


async def at_rest(store: Store) -> float:
    """Waits until all is delivered and the subscription is up and caught up; the seconds."""
    began = time.monotonic()
    while True:
        stats = store.stats()
        if stats.pending_rows == 0 and stats.subscribed and stats.staleness == 0:
            return time.monotonic() - began
        assert time.monotonic() - began < AT_REST_WITHIN, stats
        await asyncio.sleep(0.02)


async def differences(store: Store, admin: httpx.AsyncClient, within: float) -> list[str]:
    """What memory holds otherwise than Directus once both are at rest: told after `within`
    seconds, since an event of Directus may still be on its way."""
    deadline = time.monotonic() + within
    while True:
        found = [line for each in RESIDENT for line in await _differences(store, admin, each)]
        if not found or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.1)


async def _differences(
    store: Store, admin: httpx.AsyncClient, collection: Collection[Any]
) -> list[str]:
    rows = {row["id"]: row for row in await read_all(admin, collection.directus, {})}
    records = {each.id: each for each in store.records.select(collection)}
    name = collection.name
    found = [f"{name} {key} is in memory alone" for key in records.keys() - rows.keys()]
    found += [f"{name} {key} is in Directus alone" for key in rows.keys() - records.keys()]
    for key in records.keys() & rows.keys():
        fields = _different(records[key].__dict__, rows[key])
        found += [f"{name} {key} differs in {', '.join(fields)}"] if fields else []
    return found


def _different(record: Mapping[str, Any], row: Row) -> list[str]:
    return [name for name, value in record.items() if not _same(value, row[name])]


def _same(value: Any, found: Any) -> bool:
    if isinstance(value, datetime):
        return found is not None and datetime.fromisoformat(found).astimezone(UTC) == value
    return bool(value == found)
