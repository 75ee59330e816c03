"""F01, F02: a remote start is a job until a transaction comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.errors import StationRefused
from citrine_py.model.jobs import JOB, Job
from citrine_py.modules.job_sweep import JobSweep
from citrine_py.store.log_files import StoredLogFiles
from tests.modules.charging import Charging, charging, event
from tests.modules.world import STATION

TOKEN = {"idToken": "4F2A", "type": "Central"}


async def start(world: Charging, status: str = "Accepted", number: int = 3) -> None:
    world.stations.answers["RequestStartTransaction"] = {"status": status}
    body = {"idToken": TOKEN, "remoteStartId": number}
    await world.rules.requests.send(STATION, "RequestStartTransaction", body)


def job(world: Charging) -> Job:
    (found,) = world.records.all(JOB)
    return found


async def test_f01_it_waits_for_its_transaction_and_is_done_with_it() -> None:
    world = await charging()
    await start(world)
    assert (job(world).status, job(world).requestId) == ("Accepted", 3)
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    assert (job(world).status, job(world).info) == ("Done", "transaction tx-1")


async def test_f01_an_event_of_another_start_does_not_end_it() -> None:
    world = await charging()
    await start(world)
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=4))
    assert job(world).status == "Accepted"


async def test_f01_a_refused_one_says_so_and_stays_refused() -> None:
    world = await charging()
    await start(world, "Rejected")
    assert (job(world).status, job(world).info) == ("Refused", "Rejected")
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    assert job(world).status == "Refused"


async def test_one_that_the_station_does_not_understand_is_refused_with_its_words() -> None:
    world = await charging()
    world.stations.answers["RequestStartTransaction"] = StationRefused("NotSupported", "no", {})
    body = {"idToken": TOKEN, "remoteStartId": 3}
    with pytest.raises(StationRefused):
        await world.rules.requests.send(STATION, "RequestStartTransaction", body)
    assert (job(world).status, job(world).endedAt is None) == ("Refused", False)


async def test_one_that_nothing_came_of_has_failed_after_a_day(tmp_path: Path) -> None:
    world = await charging()
    await start(world)
    sweep = JobSweep(world.records, StoredLogFiles(tmp_path, 1000), world.clock, days=30)
    await sweep.sweep()
    assert job(world).status == "Accepted"
    world.clock.advance(86_401)
    await sweep.sweep()
    assert (job(world).status, job(world).info) == ("Failed", "no transaction came of it")


async def test_whom_it_was_for_stands_on_the_transaction_though_the_station_leaves_it_out() -> None:
    world = await charging()
    await start(world)
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    assert (world.record().idToken, world.record().idTokenType) == ("4F2A", "Central")
    await world.tell(event("Ended", 1, 9, stoppedReason="Remote"))
    assert world.record().idToken == "4F2A"


async def test_what_the_station_says_of_the_token_counts_more() -> None:
    world = await charging()
    await start(world)
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    told = {"idToken": "04AA", "type": "ISO14443"}
    await world.tell(event("Updated", 1, 1, trigger="Authorized", token=told))
    assert world.record().idToken == "04AA"


async def test_a_refused_start_names_nobody() -> None:
    world = await charging()
    await start(world, "Rejected")
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    assert world.record().idToken is None
