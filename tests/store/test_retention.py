"""Old rows go, in small batches; young ones and other collections stay."""

from __future__ import annotations

from datetime import timedelta

from citrine_py.model.times import iso
from citrine_py.store.directus import Directus
from citrine_py.store.retention import Retention
from tests.store.support import InstantClock, fake_directus
from tests.store.things import COLLECTIONS


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
