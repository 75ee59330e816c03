"""Old rows go, in small batches; young ones and other collections stay."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from citrine_py import service_parts as product
from citrine_py.model.times import iso
from citrine_py.settings import StoreSettings
from citrine_py.store.directus import Directus
from citrine_py.store.retention import Retention
from tests.store.support import InstantClock, fake_directus, running
from tests.store.things import COLLECTIONS, READING


async def test_rows_past_their_time_are_pruned_in_batches() -> None:
    clock, fake = InstantClock(), fake_directus()
    for number in range(2500):
        age = timedelta(days=31 if number < 2100 else 29)
        row = {"id": f"r{number}", "at": iso(clock.now() - age)}
        fake.tables["Reading"][f"r{number}"] = row
    fake.edit("Site", "s1", seen=iso(clock.now() - timedelta(days=99)))
    retention = Retention(COLLECTIONS, Directus(fake.client(), clock), clock, days=30)
    assert await retention.prune() == 2100
    assert len(fake.tables["Reading"]) == 400
    assert len(fake.tables["Site"]) == 1
    assert [body["limit"] for _, path, body in fake.requests if path == "/citrine/prune"] == [
        1000,
        1000,
        1000,
    ]
    assert clock.slept == [0.2, 0.2]


async def test_a_collection_may_have_an_age_of_its_own_and_who_keeps_its_rows_is_told() -> None:
    clock, fake = InstantClock(), fake_directus()
    for age in (5, 15, 25):
        row = {"id": str(age), "at": iso(clock.now() - timedelta(days=age))}
        fake.tables["Reading"][str(age)] = row
    told: list[str] = []
    directus = Directus(fake.client(), clock)
    for days, exceptions in ((30, None), (10, {"Reading": 20}), (10, {"Other": 20})):
        retention = Retention(
            COLLECTIONS, directus, clock, days=days, exceptions=exceptions, pruned=told.append
        )
        await retention.prune()
    assert list(fake.tables["Reading"]) == ["5"]
    assert told == ["Reading", "Reading"]


async def test_what_was_pruned_is_not_told_from_memory(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Reading", "old", at="2001-01-01T00:00:00.000Z")
    async with running(tmp_path, directus) as (store, _):
        assert await store.records.find(READING, {"id": "old"})
        assert await store._retention.prune() == 1
        assert await store.records.find(READING, {"id": "old"}) == []


def test_the_settings_name_every_collection_that_is_pruned() -> None:
    fields = StoreSettings.model_fields
    described = {
        name
        for setting in (
            "message_retention_days",
            "history_retention_days",
            "metering_retention_days",
        )
        for name in re.findall(r"\w+", fields[setting].description or "")
    }
    pruned = {collection.name for collection in product.COLLECTIONS if collection.retained_by}
    assert pruned - described == set()
