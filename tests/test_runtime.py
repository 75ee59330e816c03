"""The real clock, jobs and hasher keep what their ports promise."""

import asyncio

import bcrypt

from citrine_py.runtime import BcryptHasher, EventLatch, SystemClock, TaskJobs, new_id


def test_the_clock_tells_utc():
    offset = SystemClock().now().utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 0


def test_ids_fit_a_message_id_and_differ():
    assert len(new_id()) == 36
    assert new_id() != new_id()


async def test_a_job_started_again_replaces_the_one_that_runs():
    jobs = TaskJobs()
    seen: list[str] = []

    async def first() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("first ended")

    async def second() -> None:
        seen.append("second ran")

    jobs.start("cp001", first)
    await asyncio.sleep(0)
    jobs.start("cp001", second)
    await asyncio.sleep(0.01)
    assert seen == ["first ended", "second ran"]
    assert not jobs.running("cp001")


async def test_a_job_that_fails_is_forgotten_and_disturbs_nobody():
    jobs = TaskJobs()

    async def broken() -> None:
        raise ValueError("broken")

    jobs.start("cp001", broken)
    assert jobs.running("cp001")
    await asyncio.sleep(0.01)
    assert not jobs.running("cp001")


async def test_a_job_may_start_its_own_successor():
    jobs = TaskJobs()
    seen: list[str] = []

    async def second() -> None:
        seen.append("second")

    async def first() -> None:
        jobs.start("cp001", second)
        seen.append("first goes on")

    jobs.start("cp001", first)
    await asyncio.sleep(0.01)
    assert seen == ["first goes on", "second"]


async def test_stopping_ends_every_job():
    jobs = TaskJobs()
    for number in range(3):
        jobs.start(str(number), lambda: asyncio.sleep(60))
    await jobs.stop()
    assert not any(jobs.running(str(number)) for number in range(3))


async def test_a_latch_tells_whether_it_was_set_in_time():
    latch = EventLatch()
    assert not await latch.wait(0.001)
    latch.set()
    assert await latch.wait(0.001)


async def test_a_password_matches_its_hash_and_no_other():
    hasher = BcryptHasher(rounds=4)
    hashed = await hasher.hash("DbkTu048=xueA69@")
    assert hashed.startswith("$2b$")
    assert await hasher.matches("DbkTu048=xueA69@", hashed)
    assert not await hasher.matches("DbkTu048=xueA69!", hashed)
    hasher.close()


async def test_a_pair_checked_once_does_not_pay_bcrypt_again(monkeypatch):
    hasher = BcryptHasher(rounds=4)
    hashed = bcrypt.hashpw(b"DbkTu048=xueA69@", bcrypt.gensalt(4)).decode()
    assert await hasher.matches("DbkTu048=xueA69@", hashed)
    assert not await hasher.matches("wrong", hashed)
    monkeypatch.setattr("citrine_py.runtime._check", None)
    assert await hasher.matches("DbkTu048=xueA69@", hashed)
    assert not await hasher.matches("wrong", hashed)
    hasher.close()


async def test_a_password_just_hashed_is_known_without_another_bcrypt(monkeypatch):
    """A new password counts at once: the station that connects with it does not wait."""
    hasher = BcryptHasher(rounds=4)
    hashed = await hasher.hash("DbkTu048=xueA69@")
    monkeypatch.setattr("citrine_py.runtime._check", None)
    assert await hasher.matches("DbkTu048=xueA69@", hashed)
    hasher.close()


async def test_the_memory_of_checked_pairs_is_bounded():
    hasher = BcryptHasher(rounds=4, remembered=2)
    hashed = await hasher.hash("DbkTu048=xueA69@")
    for attempt in range(5):
        assert not await hasher.matches(f"wrong{attempt}", hashed)
    assert len(hasher._memory) == 2
    hasher.close()


async def test_what_is_no_bcrypt_hash_matches_nothing():
    hasher = BcryptHasher(rounds=4)
    assert not await hasher.matches("anything", "not a hash")
    assert not await hasher.matches("x" * 100, await hasher.hash("y"))
    hasher.close()
