"""kill -9 of the service at random moments under load."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from tests.faults.backend import quiet_ports
from tests.faults.comparison import Log
from tests.faults.lab import Lab
from tests.faults.proxy import Fault, Proxy, Request
from tests.faults.result import Experiment, Result, percentile
from tests.faults.service import Service


@dataclass(frozen=True, slots=True)
class Size:
    """`between`: most seconds from its start to the next kill."""

    stations: int
    pace: float
    kills: int
    between: float


class Slow:
    """A Directus that takes its time, so that a kill finds the journal full of work."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, request: Request) -> Fault:
        return Fault("slow", delay=0.0 if request.websocket else self._random.uniform(0.0, 0.3))


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """Kills it and starts it again; every third kill hits it while it starts."""
    result, chance = Result(), random.Random(seed)
    starts: list[float] = []
    undelivered: list[int] = []
    async with (
        Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
        lab.service(directus_url=line.url) as service,
    ):
        line.mood = Slow(seed)
        fleet = lab.fleet(service, size.stations, seed=seed, pace=size.pace)
        async with fleet:
            await fleet.booted()
            for number in range(size.kills):
                if number % 3 == 2:  # while it starts
                    await asyncio.sleep(chance.uniform(0.0, 1.5))
                else:
                    starts.append(await _seconds_until_ready(service))
                    await asyncio.sleep(chance.uniform(0.1, size.between))
                    metrics = await service.metrics()
                    undelivered.append(int(metrics["citrine_journal_rows"]))
                service.kill()
                service.start()
            await service.ready()
            await fleet.silent()
        drained = await service.drained()
        result.load(fleet)
        result.figures |= {
            "kills": size.kills,
            "undelivered changes at a kill, median": percentile(sorted(undelivered), 0.5),
            "seconds until ready after a kill, median": round(percentile(sorted(starts), 0.5), 2),
            "seconds until all was in Directus": round(drained, 2),
        }
        result.found(await lab.findings(fleet, Log.CALLS))
    return result


async def _seconds_until_ready(service: Service) -> float:
    began = time.monotonic()
    await service.ready()
    return time.monotonic() - began


EXPERIMENT = Experiment(
    "killed-service",
    "kill -9 of the service at random moments",
    run,
    short=Size(stations=10, pace=0.15, kills=3, between=2.0),
    soak=Size(stations=60, pace=0.4, kills=20, between=6.0),
)
