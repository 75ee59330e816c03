"""The chargers of the benchmarks, against the plainest CSMS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from bench.chargers import Crew, Round
from bench.fleet import fleet
from tests.whole_stack import free_ports

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url() -> Iterator[str]:
    """A server that answers everything at once."""
    (port,) = free_ports(1)
    nowhere = {"BENCH_DIRECTUS_URL": "http://127.0.0.1:9", "BENCH_DIRECTUS_TOKEN": "none"}
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.plain", "answer", str(port)],
        cwd=ROOT,
        env={**os.environ, **nowhere},
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    yield f"ws://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)
    server.stdout.close()


async def test_each_charger_sends_what_it_was_told_and_waits_for_each_answer(url: str) -> None:
    async with fleet(Crew(url, "cp", 3)) as chargers:
        told = await chargers.perform(Round("StatusNotification", count=4, trace=True))
        again = await chargers.perform(Round("NotifyReport", count=1))
    assert len(told.waits) == 12
    assert sorted({station for station, _, _ in told.sent}) == ["cp00000", "cp00001", "cp00002"]
    assert all(0 < wait <= told.ended - told.begun for wait in told.waits)
    assert len(again.waits) == 3


async def test_a_rate_is_kept_by_all_chargers_together(url: str) -> None:
    async with fleet(Crew(url, "cp", 4)) as chargers:
        task = Round("StatusNotification", count=3, rate=100, trace=True)
        told = await chargers.perform(task)
    times = sorted(at for _, at, _ in told.sent)
    assert len(times) == 12
    assert times[-1] - times[0] >= 0.1
    for station in {station for station, _, _ in told.sent}:
        own = [at for each, at, _ in told.sent if each == station]
        assert all(later > earlier for earlier, later in pairwise(own))


async def test_refusals_end_the_measuring() -> None:
    """A server that refuses quickly must not look quick."""

    async def refuse(socket: ServerConnection) -> None:
        async for text in socket:
            _, message_id, action, _ = json.loads(text)
            refusal = [4, message_id, "InternalError", "", {}]
            answer = [3, message_id, {}] if action == "BootNotification" else refusal
            await socket.send(json.dumps(answer, separators=(",", ":")))

    async with serve(refuse, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp2.0.1")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with fleet(Crew(f"ws://127.0.0.1:{port}", "cp", 2)) as chargers:
            with pytest.raises(RuntimeError, match="4 of 4 messages were refused"):
                await chargers.perform(Round("Heartbeat", count=2))
