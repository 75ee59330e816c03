"""Cars, habits and files of a simulated station over a real websocket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from citrine_py.simulator.scenarios import Drive, Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation
from tests.simulator.test_habits import whole
from tests.simulator.tiny_csms import TinyCsms, tiny_csms

QUICK = Pace(retry=0.05, reboot=0.01, first_wait=0.01, longest_wait=0.05, answer=2, slow=0.2)


@pytest.fixture
async def csms() -> AsyncIterator[TinyCsms]:
    async with tiny_csms() as running:
        yield running


def station(csms: TinyCsms, scenario: str = "stay", **more: Any) -> SimulatedStation:
    drive = Drive(first=5, minutes=4)
    config = StationConfig(
        id="cp001", url=csms.url, scenario=scenario, pace=QUICK, drive=drive, speed=600, **more
    )
    return SimulatedStation(config)


def ended(csms: TinyCsms) -> bool:
    return any(it["eventType"] == "Ended" for it in csms.payloads("TransactionEvent"))


@pytest.mark.parametrize(
    "scenario", ["drive", "offline-queue", "reboot-in-transaction", "reboot-and-resume", "repeats"]
)
async def test_a_session_arrives_whole(csms: TinyCsms, scenario: str) -> None:
    async with station(csms, scenario) as it:
        await it.accepted()
        await csms.until(lambda: ended(csms))
    whole(csms.payloads("TransactionEvent"))


async def test_an_event_that_is_refused_is_given_up_after_its_attempts(csms: TinyCsms) -> None:
    csms.refuse = lambda action: "InternalError" if action == "TransactionEvent" else None
    async with station(csms) as it:
        it.behaviour.core.variable(
            "OCPPCommCtrlr", "MessageAttemptInterval", instance="TransactionEvent"
        ).value = "1"
        await it.accepted()
        await csms.until(lambda: len(csms.payloads("TransactionEvent")) >= 6)
    numbers = [it["seqNo"] for it in csms.payloads("TransactionEvent")]
    assert numbers[:6] == [0, 0, 0, 1, 1, 1]


async def test_slow_answers_later(csms: TinyCsms) -> None:
    async with station(csms, "slow") as it:
        await it.accepted()
        asking = asyncio.ensure_future(csms.ask("GetLocalListVersion", {}))
        assert (await it.call("Heartbeat", {}))["currentTime"]
        assert not asking.done()
        assert (await asking)[2] == {"versionNumber": 0}


class _Files(BaseHTTPRequestHandler):
    stored: dict[str, bytes]

    def do_PUT(self) -> None:
        self.stored[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"firmware")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def files() -> Iterator[Any]:
    kind: Any = type("Files", (_Files,), {"stored": {}})
    server = HTTPServer(("127.0.0.1", 0), kind)
    kind.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kind
    server.shutdown()
    thread.join()
    server.server_close()


async def test_n01_a_log_is_put_where_the_csms_wants_it(csms: TinyCsms, files: Any) -> None:
    async with station(csms) as it:
        await it.accepted()
        log = {"remoteLocation": f"{files.url}/logs/1"}
        await csms.ask("GetLog", {"requestId": 1, "logType": "DiagnosticsLog", "log": log})
        await csms.until(lambda: len(csms.payloads("LogStatusNotification")) == 2)
        nowhere = {"remoteLocation": "http://127.0.0.1:1/logs"}
        await csms.ask("GetLog", {"requestId": 2, "logType": "SecurityLog", "log": nowhere})
        await csms.until(lambda: len(csms.payloads("LogStatusNotification")) == 4)
    told = [each["status"] for each in csms.payloads("LogStatusNotification")]
    assert told == ["Uploading", "Uploaded", "Uploading", "UploadFailure"]
    assert b"GetLog" in files.stored["/logs/1"]


async def test_l02_firmware_is_fetched_and_runs_after_a_reboot(csms: TinyCsms, files: Any) -> None:
    async with station(csms) as it:
        await it.accepted()
        url, at = f"{files.url}/citrus-3.1.bin", "2026-01-01T00:00:00Z"
        wanted = {"location": url, "retrieveDateTime": at}
        await csms.ask("UpdateFirmware", {"requestId": 1, "firmware": wanted})
        await it.until(lambda it: it.boots == 2)
        await csms.until(lambda: len(csms.payloads("FirmwareStatusNotification")) == 5)
    booted = csms.payloads("BootNotification")[-1]
    assert booted["reason"] == "FirmwareUpdate"
    assert booted["chargingStation"]["firmwareVersion"] == "3.1"
    assert csms.payloads("FirmwareStatusNotification")[-1]["status"] == "Installed"
