"""The journal's disk is full under load, while Directus is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from tests.faults.backend import quiet_ports
from tests.faults.comparison import Log
from tests.faults.lab import Lab
from tests.faults.proxy import Proxy
from tests.faults.result import Experiment, Result
from tests.faults.small_disk import small_disk
from tests.faults.stations import Fleet

FULL_WITHIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Size:
    """`disk`: bytes; `full`: seconds that it stays so with Directus away, and again with
    Directus back; `killed`: whether the service is killed and started on the full disk."""

    stations: int
    pace: float
    disk: int
    full: float
    killed: bool


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """Stations are refused while it is full, send again, and nothing is lost or doubled."""
    result = Result()
    folder = lab.folder / f"disk-{uuid4().hex[:8]}"
    with small_disk(folder, size.disk) as disk:
        async with (
            Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
            # its log must not grow beyond a limit that is on all its files
            lab.service(
                directus_url=line.url,
                journal=folder / "journal",
                more={"CITRINE_LOG_LEVEL": "error"},
            ) as service,
        ):
            disk.hold(service.pid)
            fleet = lab.fleet(service, size.stations, seed=seed, pace=size.pace)
            async with fleet:
                await fleet.booted()
                line.down = True
                line.cut_websockets()
                await _until(lambda: fleet.refusals >= 3 * size.stations)
                await asyncio.sleep(size.full)
                line.down = False
                if size.killed:
                    service.kill()
                    await service.begin()
                    disk.hold(service.pid)
                alone = await _recovers(fleet, size.full)
                disk.give_room()
                await fleet.silent()
            drained = await service.drained()
        result.load(fleet)
        result.figures |= {
            "disk": f"{disk.kind}, {size.disk} bytes",
            "took changes again before it had more room": "yes" if alone else "no",
            "seconds until all was in Directus": round(drained, 2),
        }
        result.expect(bool(service.events("journal.failed")), "the log does not tell of the disk")
        result.found(await lab.findings(fleet, Log.NOTHING))
    return result


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(FULL_WITHIN):
        while not condition():
            await asyncio.sleep(0.05)


async def _recovers(fleet: Fleet, seconds: float) -> bool:
    """Whether stations get answers again. A heartbeat gets its answer on a full disk too, so
    each station must have had more than one."""
    before = fleet.answers
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if fleet.answers > before + 2 * len(fleet.stations):
            return True
        await asyncio.sleep(0.05)
    return False


EXPERIMENT = Experiment(
    "full-disk",
    "The journal's disk full",
    run,
    short=Size(stations=10, pace=0.05, disk=2_000_000, full=1.5, killed=False),
    soak=Size(stations=60, pace=0.1, disk=6_000_000, full=10.0, killed=True),
)
