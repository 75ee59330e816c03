"""A line between service and Directus that delays, cuts, refuses and talks garbage."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.faults.backend import quiet_ports
from tests.faults.comparison import Log
from tests.faults.lab import Lab
from tests.faults.proxy import Proxy, Storm, calm
from tests.faults.result import Experiment, Result


@dataclass(frozen=True, slots=True)
class Size:
    """`share`: part of the requests that meet a fault; `lasts`: seconds."""

    stations: int
    pace: float
    share: float
    lasts: float


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """The line is bad for a while, then good again."""
    result = Result()
    async with (
        Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
        lab.service(directus_url=line.url) as service,
    ):
        fleet = lab.fleet(service, size.stations, seed=seed, pace=size.pace)
        async with fleet:
            await fleet.booted()
            line.mood = Storm(seed, size.share)
            line.cut_websockets()
            await asyncio.sleep(size.lasts)
            await fleet.silent()
            line.mood = calm
        drained = await service.drained()
        result.load(fleet)
        result.figures |= {f"requests: {name}": n for name, n in sorted(line.faults.items())}
        result.figures["seconds until all was in Directus"] = round(drained, 2)
        result.expect(await service.rejected() == 0, "rows were rejected")
        result.expect(fleet.refusals == 0, "stations got CALLERRORs")
        result.expect(sum(line.faults.values()) >= 10, "the line was not bad enough")
        result.found(await lab.findings(fleet, Log.WHOLE))
    return result


EXPERIMENT = Experiment(
    "bad-line",
    "A line to Directus that delays, cuts, refuses and talks garbage",
    run,
    short=Size(stations=10, pace=0.2, share=0.5, lasts=6.0),
    soak=Size(stations=60, pace=0.5, share=0.4, lasts=90.0),
)
