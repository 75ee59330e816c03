"""One contract for the records' fake and for the real ones, so that no rule is proven on a lie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from citrine_py.errors import BadRequest
from citrine_py.ports import Delete, Put, Records
from tests.fakes import FakeClock, FakeHasher, FakeJobs, FakeRecords
from tests.store.support import fake_directus, running
from tests.store.things import (
    COLLECTIONS,
    LIMIT,
    PLAN,
    READING,
    SECRET,
    SITE,
    Limit,
    Plan,
    Reading,
    Secret,
    Site,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", "real"])
async def records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    if request.param == "fake":
        yield FakeRecords(COLLECTIONS)
        return
    async with running(tmp_path, fake_directus()) as (store, _):
        yield store.records


async def test_what_is_put_is_read(records: Records) -> None:
    await records.write(Put(SITE, "s1", {"online": True, "seen": NOW}), Put(SITE, "s2", {}))
    assert records.get(SITE, "s1") == Site(id="s1", online=True, seen=NOW)
    assert records.get(SITE, "s3") is None
    assert [site.id for site in records.select(SITE, online=True)] == ["s1"]
    assert len(records.select(SITE)) == 2


async def test_a_put_changes_its_fields_alone(records: Records) -> None:
    await records.write(Put(SITE, "s1", {"online": True, "model": "M"}))
    await records.write(Put(SITE, "s1", {"online": False}))
    assert records.get(SITE, "s1") == Site(id="s1", online=False, model="M")


async def test_a_shared_field_is_written_over_the_value_that_was_read_alone(
    records: Records,
) -> None:
    await records.write(Put(SITE, "s1", {}))
    new = Put(PLAN, "p1", {"site": "s1", "status": "Pending"}, only_over={"status": None})
    await records.write(new)
    late = Put(
        PLAN, "p1", {"status": "Accepted", "progress": "x"}, only_over={"status": "Rejected"}
    )
    await records.write(late)
    assert records.get(PLAN, "p1") == Plan(id="p1", site="s1", status="Pending", progress="x")
    await records.write(Put(PLAN, "p1", {"status": "Accepted"}, only_over={"status": "Pending"}))
    plan = records.get(PLAN, "p1")
    assert plan is not None
    assert plan.status == "Accepted"


async def test_what_does_not_fit_changes_nothing(records: Records) -> None:
    for wrong in ({"nothing": 1}, {"online": "perhaps"}):
        with pytest.raises(BadRequest):
            await records.write(Put(SITE, "s1", {"model": "M"}), Put(SITE, "s2", wrong))
    assert records.get(SITE, "s1") is None


async def test_a_delete_removes_and_need_not_find(records: Records) -> None:
    await records.write(Put(SITE, "s1", {}))
    await records.write(Delete(SITE, "s1"), Delete(SITE, "s2"))
    assert records.get(SITE, "s1") is None


async def test_what_is_not_resident_is_found_and_not_got(records: Records) -> None:
    await records.write(Put(SITE, "s1", {}))
    for number in range(5):
        at = NOW + timedelta(seconds=number)
        fields = {"site": "s1", "value": str(number % 2), "at": at}
        await records.write(Put(READING, f"r{number}", fields))
    with pytest.raises(KeyError):
        records.get(READING, "r1")
    with pytest.raises(KeyError):
        records.select(READING)
    found = await records.find(READING, {"value": "0"}, newest_first="at", limit=2)
    assert [row.id for row in found] == ["r4", "r2"]
    found = await records.find(READING, {"id": "r3"})
    assert found == [Reading(id="r3", site="s1", value="1", at=NOW + timedelta(seconds=3))]
    assert await records.find(READING, {"value": None}) == []


async def test_two_views_of_a_table_share_their_rows(records: Records) -> None:
    await records.write(Put(SITE, "s1", {}))
    await records.write(Put(SECRET, "k", {"site": "s1", "hash": "h"}))
    await records.write(Put(READING, "k", {"site": "s1", "value": None}))
    assert records.get(SECRET, "k") == Secret(id="k", site="s1", hash="h")
    assert await records.find(READING, {"id": "k"}) == [Reading(id="k", site="s1")]
    await records.write(Delete(READING, "k"))
    assert records.get(SECRET, "k") is None


async def test_a_view_of_some_rows_has_those_that_are_told_so(records: Records) -> None:
    await records.write(Put(SITE, "s1", {}))
    await records.write(
        Put(READING, "k", {"site": "s1", "kind": "LIMIT", "value": "4"}),
        Put(READING, "other", {"site": "s1", "kind": "other", "value": "4"}),
    )
    assert records.select(LIMIT) == [Limit(id="k", site="s1", kind="LIMIT", value="4")]
    await records.write(Put(READING, "k", {"value": "5"}), Put(READING, "other", {"value": "5"}))
    assert records.select(LIMIT) == [Limit(id="k", site="s1", kind="LIMIT", value="5")]
    await records.write(Put(READING, "k", {"kind": "none any more"}))
    assert records.get(LIMIT, "k") is None


async def test_a_touch_is_of_what_exists(records: Records) -> None:
    await records.write(Put(SITE, "s1", {}))
    records.touch(SITE, "s1", seen=NOW)
    records.touch(SITE, "s2", seen=NOW)
    assert records.get(SITE, "s1") == Site(id="s1", seen=NOW)
    assert records.get(SITE, "s2") is None


async def test_a_post_is_there_at_once(records: Records) -> None:
    records.post(Put(SITE, "s1", {"model": "M"}))
    assert records.get(SITE, "s1") == Site(id="s1", model="M")
    assert await records.settled(5)


async def test_fake_time_moves_by_sleeping_and_by_hand() -> None:
    clock = FakeClock()
    before = clock.now(), clock.monotonic()
    await clock.sleep(2)
    clock.advance(3)
    assert clock.now() - before[0] == timedelta(seconds=5)
    assert clock.monotonic() - before[1] == 5


async def test_fake_jobs_raise_what_failed() -> None:
    jobs = FakeJobs(FakeClock())

    async def fail() -> None:
        raise ValueError("oops")

    jobs.start("job", fail)
    with pytest.raises(ValueError, match="oops"):
        await jobs.settle()
    assert not jobs.running("job")


async def test_the_fake_hasher_salts_and_hides() -> None:
    hasher = FakeHasher()
    one, two = await hasher.hash("plain"), await hasher.hash("plain")
    assert one != two
    assert "plain" not in one
    assert await hasher.matches("plain", one)
    assert not await hasher.matches("other", one)
    assert not await hasher.matches("plain", "no hash")
