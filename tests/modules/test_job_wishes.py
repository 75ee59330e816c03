"""Jobs that people make: sent when the station is there and accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from citrine_py.errors import StationBusy
from citrine_py.model.jobs import JOB, Job
from tests.modules.test_station_jobs import FIRMWARE
from tests.modules.world import STATION, World

UPDATE = {"firmware": FIRMWARE["firmware"]}


async def made(world: World, action: str = "UpdateFirmware", parameters: Any = UPDATE) -> Job:
    """An operator makes a job in Directus; what has become of it by then."""
    job = Job(id="j1", station=STATION, action=action, parameters=parameters, status="Wanted")
    world.records.have(JOB, job)
    world.rules.job_wishes.changed("j1", None, job)
    await world.jobs.settle()
    return the_job(world)


def the_job(world: World) -> Job:
    (job,) = world.records.all(JOB)
    return job


@pytest.mark.parametrize("parameters", [UPDATE, json.dumps(UPDATE)])
async def test_a_station_that_is_here_is_asked_at_once(parameters: Any) -> None:
    world = World()
    await world.accepted()
    world.stations.answers["UpdateFirmware"] = {"status": "Accepted"}
    job = await made(world, parameters=parameters)
    (sent,) = world.stations.sent("UpdateFirmware")
    assert sent["firmware"] == UPDATE["firmware"]
    assert (job.status, job.requestId, job.parameters) == (
        "Accepted",
        sent["requestId"],
        parameters,
    )
    told = {"status": "Installed", "requestId": sent["requestId"]}
    await world.call("FirmwareStatusNotification", told)
    assert the_job(world).status == "Done"


async def test_one_that_is_away_is_asked_once_it_is_back_and_accepted() -> None:
    world = World()
    await world.accepted()
    await world.leave()
    job = await made(world)
    assert (job.status, job.askedAt) == ("Wanted", world.clock.now())
    assert world.stations.sent("UpdateFirmware") == []
    world.stations.answers["UpdateFirmware"] = {"status": "Accepted"}
    await world.connect()
    await world.jobs.settle()
    await world.boot()
    await world.jobs.settle()
    assert len(world.stations.sent("UpdateFirmware")) == 1
    assert the_job(world).status == "Accepted"


async def test_a_station_that_is_not_accepted_is_not_asked() -> None:
    world = World()
    world.set_boot(status="Rejected")
    await world.boot()
    assert (await made(world)).status == "Wanted"
    assert world.stations.calls == []


async def test_what_could_not_be_sent_stays_wanted() -> None:
    world = World()
    await world.accepted()
    world.stations.answers["UpdateFirmware"] = StationBusy("too many")
    job = await made(world)
    assert (job.status, job.info, job.endedAt) == ("Wanted", "too many", None)
    world.stations.answers["UpdateFirmware"] = {"status": "Rejected"}
    await world.boot()
    await world.jobs.settle()
    assert the_job(world).status == "Refused"


@pytest.mark.parametrize(
    ("action", "parameters", "reason"),
    [
        ("SetVariables", {}, "a job is one of"),
        ("UpdateFirmware", "{", "not JSON"),
        ("UpdateFirmware", [1], "must be an object"),
        ("UpdateFirmware", {"firmware": {}}, "UpdateFirmware: "),
        ("UpdateFirmware", None, "UpdateFirmware: "),
    ],
)
async def test_a_mistake_is_said_on_the_job(action: str, parameters: Any, reason: str) -> None:
    world = World()
    await world.accepted()
    job = await made(world, action, parameters)
    assert job.status == "Refused"
    assert reason in (job.info or "")
    assert world.stations.calls == []


@pytest.mark.parametrize(
    ("answer", "status"), [({"status": "Accepted"}, "Done"), ({"status": "Rejected"}, "Refused")]
)
async def test_a_message_that_is_over_with_its_answer_is_done(
    answer: dict[str, str], status: str
) -> None:
    world = World()
    await world.accepted()
    world.stations.answers["SetMonitoringBase"] = answer
    job = await made(world, "SetMonitoringBase", {"monitoringBase": "All"})
    assert (job.status, job.info) == (status, answer["status"])
