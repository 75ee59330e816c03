"""The journal runs full, with real sockets: the message log goes first, then new state is refused,
and all goes on where it stopped once there is room."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ports import Put
from tests.store.support import eventually
from tests.store.test_full_disk import DISKS, Disk
from tests.whole_service import (
    STATUS,
    Charger,
    Running,
    directus_with_our_collections,
    running_service,
)

LARGE = {"data": "x" * 50_000}


def away(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


async def fill(it: Running) -> list[str]:
    """Writes state until there is no room, for small changes either; what was taken."""
    taken: list[str] = []
    for payload in (LARGE, {}):
        try:
            while True:
                key = str(uuid4())
                fields = {"station": "cp1", "payload": payload}
                await it.service.store.records.write(Put(STATION_EVENT, key, fields))
                taken.append(key)
        except StoreUnavailable:
            continue
    return taken


async def status(charger: Charger, message_id: str) -> str:
    """What a StatusNotification is answered: an error's code, or nothing."""
    answer = await charger.ask("StatusNotification", STATUS, message_id)
    assert answer[0] in (3, 4)
    return "" if answer[0] == 3 else str(answer[2])


async def test_a_full_journal_refuses_state_and_takes_it_when_directus_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with (
        running_service(tmp_path, directus, monkeypatch, journal_limit=8) as it,
        it.charger("cp1") as charger,
    ):
        await charger.boots()
        assert await status(charger, "before") == ""
        assert await it.service.store.records.settled(5)
        directus.before = away
        with structlog.testing.capture_logs() as logs:
            taken = await fill(it)
            assert await status(charger, "refused") == "InternalError"
            assert await status(charger, "refused") == "InternalError"  # it is not kept as answered
            assert (await charger.ask("Heartbeat", {}))[0] == 3
            answer = await it.api.put(
                "/data/configuration/boot", params={"stationId": "cp1"}, json={"status": "Pending"}
            )
            assert (answer.status_code, answer.json()["success"]) == (503, False)
            assert answer.headers["Retry-After"]
            ready = await it.api.get("/health/ready")
            assert ready.status_code == 503
            assert "full" in ready.json()["problems"]["journal"]
            assert await it.metric("citrine_writes_refused_total") >= 3
        assert [line["event"] for line in logs].count("journal.full") == 1

        directus.before = None
        with structlog.testing.capture_logs() as logs:
            assert await it.service.store.records.settled(20)
            assert await status(charger, "refused") == ""
            assert await it.service.store.records.settled(5)
        assert [line["event"] for line in logs].count("journal.taking_changes") == 1
        assert (await it.api.get("/health/ready")).status_code == 200
        assert set(taken) == set(directus.tables["StationEvent"])
        assert len(directus.tables["StatusNotification"]) == 2
        assert charger.socket.close_code is None


async def test_a_known_station_comes_and_goes_while_the_journal_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with running_service(tmp_path, directus, monkeypatch, journal_limit=8) as it:
        async with it.charger("cp1") as charger:
            await charger.boots()
        await eventually(lambda: it.service.store.records.select(CHARGING_STATION, isOnline=False))
        assert await it.service.store.records.settled(5)
        directus.before = away
        await fill(it)
        async with it.charger("cp1") as charger:
            assert (await charger.ask("Heartbeat", {}))[0] == 3
            assert await status(charger, "1") == "InternalError"
            directus.before = None
            await eventually(lambda: directus.tables["ChargingStation"]["cp1"]["isOnline"])
            directus.before = away
            await fill(it)
        directus.before = None
        await eventually(lambda: not directus.tables["ChargingStation"]["cp1"]["isOnline"])


@pytest.mark.parametrize("disk", DISKS)
async def test_on_a_full_disk_state_is_refused_and_all_else_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: Disk
) -> None:
    directus = directus_with_our_collections()
    with disk(tmp_path / "disk") as small:
        async with (
            running_service(small.folder, directus, monkeypatch) as it,
            it.charger("cp1") as charger,
        ):
            await charger.boots()
            directus.before = away
            taken = await fill(it)
            assert await status(charger, "1") == "InternalError"
            assert (await charger.ask("Heartbeat", {}))[0] == 3
            answer = await it.api.delete("/data/configuration/boot", params={"stationId": "cp1"})
            assert (answer.status_code, answer.json()["success"]) == (503, False)
            assert "disk" in (await it.api.get("/health/ready")).json()["problems"]["journal"]
            small.grow()
            await eventually(lambda: it.service.store.trouble is None)
            assert await status(charger, "1") == ""
            directus.before = None
            assert await it.service.store.records.settled(20)
            assert set(taken) == set(directus.tables["StationEvent"])
            assert len(directus.tables["StatusNotification"]) == 1
