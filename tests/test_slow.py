"""Who is slow slows its own traffic only: Directus, a station, somebody who asks for much. And no
message of a station makes us ask Directus anything."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from citrine_py.api.examples import example_of
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.schemas import Schemas
from tests.store.fake_directus import FakeDirectus
from tests.store.support import eventually
from tests.whole_service import (
    STATUS,
    T0,
    Charger,
    directus_with_our_collections,
    running_service,
)


async def test_a_directus_that_takes_five_seconds_a_call_slows_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with running_service(tmp_path, directus, monkeypatch) as it:
        directus.latency = 5
        async with it.charger("cp1") as one, it.charger("cp2") as two:
            reading = asyncio.create_task(
                it.api.get("/data/monitoring/statusNotification", params={"stationId": "cp1"})
            )
            for charger in (one, two):
                await charger.boots()
                for _ in range(50):
                    assert (await charger.ask("StatusNotification", STATUS))[0] == 3
                    assert (await charger.ask("Heartbeat", {}))[0] == 3
            assert directus.tables["StatusNotification"] == {}  # it has answered nothing yet
            assert not reading.done()
            directus.latency = 0
            assert (await reading).status_code == 200
        assert await it.service.store.records.settled(30)
        assert len(directus.tables["StatusNotification"]) == 100


async def test_a_station_that_does_not_read_slows_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with (
        running_service(tmp_path, directus, monkeypatch) as it,
        it.charger("cp2") as other,
        it.charger("cp1", ping_interval=None) as deaf,
    ):
        await other.boots()
        await deaf.boots()
        connection = it.service.registry._here["cp1"]
        wire = connection._socket.transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        deaf.socket.transport.pause_reading()
        text = b'[2,"x","' + b"Nonsense" * 8 + b'",{}]'
        frames = (bytes([0x81, 0x80 | len(text)]) + bytes(4) + text) * 200

        async def flood() -> None:
            while not deaf.socket.transport.is_closing():
                if not deaf.socket.transport.get_write_buffer_size():
                    deaf.socket.transport.write(frames)
                await asyncio.sleep(0.005)

        flooding = asyncio.create_task(flood())
        await eventually(lambda: connection._socket.paused)
        for _ in range(50):
            assert (await other.ask("StatusNotification", STATUS))[0] == 3
        assert connection._socket.paused
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        deaf.socket.transport.abort()


async def test_who_reads_much_leaves_directus_room_for_our_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directus = directus_with_our_collections()
    async with (
        running_service(tmp_path, directus, monkeypatch) as it,
        it.charger("cp1") as charger,
    ):
        await charger.boots()
        assert await it.service.store.records.settled(10)
        before = len(reads(directus))
        directus.latency = 1
        reading = [
            asyncio.create_task(
                it.api.get("/data/reporting/stationEvent", params={"stationId": f"cp{number}"})
            )
            for number in range(12)
        ]
        await eventually(lambda: len(reads(directus)) > before)
        assert (await charger.ask("StatusNotification", STATUS))[0] == 3
        await eventually(lambda: any("upsert" in path for _, path, _ in directus.requests))
        assert len(reads(directus)) - before <= 4
        directus.latency = 0
        assert {answer.status_code for answer in await asyncio.gather(*reading)} == {200}


def reads(directus: FakeDirectus) -> list[Any]:
    """Calls that asked for rows; not those by which a row is read again that we have just
    written in more than one call."""
    return [
        (method, path, body)
        for method, path, body in directus.requests
        if method in {"GET", "SEARCH"} and "_in" not in str(body)
    ]


def limit(variable: str, action: str, value: str) -> dict[str, Any]:
    return {
        "component": {"name": "DeviceDataCtrlr"},
        "variable": {"name": variable, "instance": action},
        "variableAttribute": [{"value": value, "mutability": "ReadOnly"}],
    }


async def serve_csms(charger: Charger, seen: list[str], set_sizes: list[int]) -> None:
    """Answers what a Pending station is asked: a report of two parts, variables to set, a boot."""
    async for text in charger.socket:
        frame = json.loads(text)
        if frame[0] != 2:
            continue
        _, message_id, action, payload = frame
        seen.append(action)
        answer: dict[str, Any] = {"status": "Accepted"}
        if action == "SetVariables":
            data = payload["setVariableData"]
            set_sizes.append(len(data))
            results = [
                {**{k: each[k] for k in ("component", "variable")}, "attributeStatus": "Accepted"}
                for each in data
            ]
            answer = {"setVariableResult": results}
        await charger.socket.send(json.dumps([3, message_id, answer]))
        if action == "GetBaseReport":
            for number, told in enumerate(
                [
                    limit("ItemsPerMessage", "SetVariables", "2"),
                    limit("BytesPerMessage", "SetVariables", "4000"),
                ]
            ):
                part = {
                    "requestId": payload["requestId"],
                    "generatedAt": T0,
                    "seqNo": number,
                    "tbc": number == 0,
                    "reportData": [told],
                }
                await charger.socket.send(json.dumps([2, f"r{number}", "NotifyReport", part]))


async def test_no_message_of_a_station_makes_us_ask_directus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message that a station can send, and the whole conversation with a Pending one.

    But for transactions: one that is not in memory, for its event comes late, is looked for by a
    job after the event was answered; and what is in memory of those that run is read again when
    Directus tells of them.
    """
    directus = directus_with_our_collections()
    directus.edit("ChargingStation", "cp2")
    directus.edit(
        "Boot",
        "cp2",
        station="cp2",
        status="Pending",
        getBaseReportOnPending=True,
        pendingBootSetVariables=[
            {"component": "C", "variable": f"V{number}", "value": "1"} for number in range(5)
        ],
    )
    schemas = Schemas()
    async with running_service(tmp_path, directus, monkeypatch) as it:
        before = len(reads(directus))
        async with it.charger("cp1") as charger, it.charger("cp2") as pending:
            await charger.boots()
            for action in catalogue.receivable("2.0.1"):
                payload = example_of(schemas.request_schema("2.0.1", action.name), action.name)
                answer = await charger.ask(action.name, payload)
                assert answer[0] == 3 or answer[2] == "NotImplemented", answer
            seen: list[str] = []
            set_sizes: list[int] = []
            serving = asyncio.create_task(serve_csms(pending, seen, set_sizes))
            await pending.socket.send(
                '[2,"b","BootNotification",{"reason":"PowerUp",'
                '"chargingStation":{"model":"M","vendorName":"V"}}]'
            )
            await eventually(lambda: "TriggerMessage" in seen)
            assert seen[:4] == ["GetBaseReport", "SetVariables", "SetVariables", "SetVariables"]
            assert set_sizes == [2, 2, 1]  # as the station has just told that it takes them
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        assert await it.service.store.records.settled(10)
        await asyncio.sleep(0.3)  # Directus' echoes
        asked = reads(directus)[before:]
        transactions = {"/items/Transaction", "/citrine/transactions"}
        assert [each for each in asked if each[1] not in transactions] == []
        assert len(directus.tables["OcppMessage"]) > 50
