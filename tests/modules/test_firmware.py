"""L01: a firmware update's status."""

from __future__ import annotations

from citrine_py.model.operations import STATION_EVENT
from tests.modules.world import World


async def test_a_firmware_status_is_on_the_station_and_in_its_history() -> None:
    world = World()
    await world.accepted()
    assert (
        await world.call("FirmwareStatusNotification", {"status": "Installed", "requestId": 3})
        == {}
    )
    assert await world.call("FirmwareStatusNotification", {"status": "Idle"}) == {}
    assert world.station_record.firmwareStatus == "Idle"
    assert world.station_record.firmwareStatusAt == world.clock.now()
    rows = world.records.all(STATION_EVENT)
    assert [(row.kind, row.type, row.info) for row in rows] == [
        ("Firmware", "Installed", "request 3"),
        ("Firmware", "Idle", None),
    ]
