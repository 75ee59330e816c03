"""B01-B03: the answer to BootNotification, and what it leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.model.stations import BOOT, Boot, RegistrationStatus
from citrine_py.modules.boot import BootRules, interval, registration, status_info
from citrine_py.ports import Put
from tests.fakes import T0
from tests.modules.world import STATION, World

STATUSES: tuple[RegistrationStatus, ...] = ("Accepted", "Pending", "Rejected")


@pytest.mark.parametrize("status", STATUSES)
def test_the_boot_record_decides(status: RegistrationStatus) -> None:
    boot = Boot(id=STATION, status=status)
    assert registration(boot, BootRules(unknown_status="Rejected")) == status


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("boot", [None, Boot(id=STATION)])
def test_without_a_boot_record_the_default_applies(
    boot: Boot | None, status: RegistrationStatus
) -> None:
    assert registration(boot, BootRules(unknown_status=status)) == status


@pytest.mark.parametrize(
    ("status", "boot", "expected"),
    [
        ("Accepted", None, 60),
        ("Accepted", Boot(id="x", heartbeatInterval=300, bootRetryInterval=5), 300),
        ("Pending", None, 15),
        ("Pending", Boot(id="x", heartbeatInterval=300, bootRetryInterval=5), 5),
        ("Rejected", Boot(id="x", bootRetryInterval=0), 0),
        ("Rejected", Boot(id="x", bootRetryInterval=-1), 15),
    ],
)
def test_interval_is_for_heartbeats_when_accepted_and_for_retries_otherwise(
    status: RegistrationStatus, boot: Boot | None, expected: int
) -> None:
    assert interval(status, boot, BootRules()) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, None),
        ({}, None),
        ({"reasonCode": 5}, None),
        ({"reasonCode": "Maintenance"}, {"reasonCode": "Maintenance"}),
        (
            {"reasonCode": "x" * 30, "additionalInfo": "y" * 600, "other": 1},
            {"reasonCode": "x" * 20, "additionalInfo": "y" * 512},
        ),
    ],
)
def test_a_status_info_that_does_not_fit_keeps_no_station_out(told: Any, expected: object) -> None:
    boot = Boot.model_construct(id="x", statusInfo=told)
    assert status_info(boot) == expected


async def test_tc_b_01_a_cold_boot_is_accepted() -> None:
    """TC_B_01_CSMS (B01.FR.02)."""
    world = World()
    assert await world.boot() == {
        "currentTime": "2026-01-01T00:00:00.000Z",
        "interval": 60,
        "status": "Accepted",
    }


async def test_the_boot_is_recorded_on_boot_and_on_the_station_by_one_write() -> None:
    world = World()
    await world.accepted()
    assert len(world.records.written) == 1
    for record in (world.boot_record, world.station_record):
        assert record.model == "Citrus 22"
        assert record.vendorName == "Citrine"
        assert record.serialNumber == "S-1"
        assert record.firmwareVersion == "1.2.3"
        assert (record.iccid, record.imsi) == ("8949", "2620")
        assert record.lastBootTime == T0
        assert record.lastBootReason == "PowerUp"
    assert world.boot_record.station == STATION
    assert world.boot_record.status == "Accepted"
    assert world.boot_record.lastBootStatus == "Accepted"
    assert world.boot_record.progress == "Done"
    assert world.station_record.registrationStatus == "Accepted"


@pytest.mark.parametrize("status", STATUSES)
async def test_the_operators_status_and_info_are_answered(status: RegistrationStatus) -> None:
    world = World()
    info = {"reasonCode": "Why", "additionalInfo": "because"}
    world.set_boot(status=status, statusInfo=info, bootRetryInterval=7, heartbeatInterval=7)
    answer = await world.boot()
    assert (answer["status"], answer["interval"], answer["statusInfo"]) == (status, 7, info)
    assert world.boot_record.status == status
    assert world.station_record.registrationStatus == status


async def test_the_status_is_written_only_over_the_one_that_was_read() -> None:
    """An operator who is quicker keeps the last word."""
    world = World()
    await world.boot()
    (written,) = world.records.written
    put = next(each for each in written if each.collection is BOOT)
    assert isinstance(put, Put)
    assert put.only_over == {"status": None}


async def test_tc_b_02_pending_stays_pending_until_an_operator_accepts() -> None:
    """TC_B_02_CSMS (B02.FR.01, B02.FR.06)."""
    world = World()
    world.set_boot(status="Pending")
    for _ in range(2):
        assert (await world.boot())["status"] == "Pending"
        await world.jobs.settle()
    assert world.stations.calls == []
    assert world.boot_record.progress is None
    assert world.boot_record.progressInfo == "Pending until the status is changed"
    world.set_boot(status="Accepted")
    await world.accepted()


async def test_tc_b_31_a_boot_can_be_triggered_and_is_then_accepted() -> None:
    """TC_B_31_CSMS."""
    world = World()
    world.set_boot(status="Pending")
    await world.boot()
    world.set_boot(status="Accepted")
    world.stations.answers["TriggerMessage"] = {"status": "Accepted"}
    asked = {"requestedMessage": "BootNotification"}
    assert await world.rules.requests.send(STATION, "TriggerMessage", asked) == {
        "status": "Accepted"
    }
    assert (await world.boot("Triggered"))["status"] == "Accepted"


async def test_a_rejected_station_that_boots_again_is_rejected_again() -> None:
    """B03."""
    world = World(BootRules(unknown_status="Rejected", retry_interval=33))
    assert (await world.boot())["interval"] == 33
    assert world.boot_record.status == "Rejected"
    assert world.jobs.started == []
    assert (await world.boot())["status"] == "Rejected"
