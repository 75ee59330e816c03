"""kill -9 of Directus and of Postgres under load, and a long outage of Directus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.faults.comparison import Log
from tests.faults.lab import Lab
from tests.faults.result import Experiment, Result
from tests.faults.service import Service
from tests.faults.stations import Fleet


@dataclass(frozen=True, slots=True)
class Size:
    """`calm`: seconds of undisturbed load before and between; `away`: of the long outage."""

    stations: int
    pace: float
    calm: float
    away: float


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """The stations must not notice: their latencies are told for each phase."""
    result = Result()
    async with lab.service() as service:
        fleet = lab.fleet(service, size.stations, seed=seed, pace=size.pace)
        try:
            async with fleet:
                await fleet.booted()
                undelivered, back = await _suffer(lab, size, service, fleet, result)
                await fleet.silent()
        finally:
            await lab.backend.revive()
        await service.drained()
        seconds = time.monotonic() - back
        result.load(fleet)
        result.figures |= {
            "undelivered changes at the end of the outage": undelivered,
            "seconds from Directus' return until all was in it": round(seconds, 1),
            "of these under load": size.calm,
        }
        result.expect(await service.rejected() == 0, "rows were rejected")
        result.expect(fleet.refusals == 0, "stations got CALLERRORs")
        result.expect(
            all(each.connections == 1 for each in fleet.stations), "stations lost their lines"
        )
        result.found(await lab.findings(fleet, Log.WHOLE))
    return result


async def _suffer(
    lab: Lab, size: Size, service: Service, fleet: Fleet, result: Result
) -> tuple[int, float]:
    """Kills one after the other; the journal's rows at the end of the outage, and when it ended."""
    backend = lab.backend
    async with _phase(result, fleet, "before"):
        await asyncio.sleep(size.calm)
    async with _phase(result, fleet, "Directus killed and started again"):
        backend.kill_directus()
        await backend.start_directus()
        await asyncio.sleep(size.calm)
    async with _phase(result, fleet, "Postgres killed and started again"):
        backend.kill_postgres()
        await backend.start_postgres()
        await asyncio.sleep(size.calm)
    result.figures["Directus outlived Postgres"] = "yes" if backend.directus_runs else "no"
    await backend.revive()
    async with _phase(result, fleet, f"Directus away for {size.away:.0f} s"):
        backend.kill_directus()
        await asyncio.sleep(size.away)
        undelivered = int((await service.metrics())["citrine_journal_rows"])
    await backend.start_directus()
    back = time.monotonic()
    async with _phase(result, fleet, "after its return"):
        await asyncio.sleep(size.calm)
    return undelivered, back


@asynccontextmanager
async def _phase(result: Result, fleet: Fleet, name: str) -> AsyncIterator[None]:
    began = time.monotonic()
    yield
    result.latencies[name] = fleet.samples(began, time.monotonic())


EXPERIMENT = Experiment(
    "outage",
    "Directus and Postgres killed, and Directus away for long",
    run,
    short=Size(stations=20, pace=0.8, calm=1.0, away=4.0),
    soak=Size(stations=200, pace=1.0, calm=15.0, away=120.0),
)
