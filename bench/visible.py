"""How long a change takes to where it is looked at: a charger's to Directus, an operator's to us.

A connector's new status counts as visible when Directus tells a subscriber of it,
as it does an open page. Beside it stands a CSMS that makes one REST call for each
message. An operator's edit counts as in force when our API answers with it out of
memory; beside it, how long Directus itself takes to answer the edit.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count as numbers

import aiohttp

from bench.chargers import Crew, Round
from bench.directus import watch
from bench.figures import Row, Section, percentile
from bench.fleet import Fleet, fleet
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Service, plain, service

SECONDS = 4.0
_LOOK_EVERY = 0.002  # seconds
_PAUSE = 0.05  # seconds between edits
LONGEST = 2.0  # seconds; what does not show by then counts as if it took so long
OTHER = "a REST call each"


@dataclass(frozen=True, slots=True)
class Load:
    """So many chargers, and the messages a second of all together."""

    what: str
    chargers: int
    rate: float


LOW = Load("20 messages a second", 10, 20)
HIGH = Load("100 messages a second", 50, 100)
"""What one REST call a message can keep up with, but not much more."""


@dataclass(slots=True)
class Delays:
    """Percentiles in milliseconds, a value for each repeat."""

    middle: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)

    def take(self, seconds: list[float]) -> None:
        """One more repeat."""
        self.middle.append(percentile(seconds, 0.5) * 1000)
        self.slow.append(percentile(seconds, 0.99) * 1000)


async def measure(rig: Rig) -> Section:
    """Changes of chargers, then edits of operators, at low and at high load."""
    rows: list[Row] = []
    with service(rig, "visible") as csms, plain(rig, "latest") as other:
        for load in (LOW, HIGH):
            prefix = f"visible{load.chargers}-"
            async with (
                fleet(Crew(csms.charger_url, prefix, load.chargers)) as here,
                fleet(Crew(other.charger_url, prefix, load.chargers)) as there,
            ):
                await here.perform(Round("StatusNotification", count=1))  # makes the connectors
                await csms.drained()
                rows += await changes(rig, csms, here, there, load)
                rows += await edits(rig, csms, here, load)
    return Section("Until a change is visible", rows)


async def changes(rig: Rig, csms: Service, here: Fleet, there: Fleet, load: Load) -> list[Row]:
    """How long a status takes from the charger's sending to a page in Directus."""
    ours, other, calls = Delays(), Delays(), list[float]()
    for _ in range(REPEATS):
        await csms.drained()
        other.take(await delays(rig, there, load))
        before = csms.metric("citrine_directus_calls_total")
        seconds = await delays(rig, here, load)
        ours.take(seconds)
        made = csms.metric("citrine_directus_calls_total") - before
        calls.append(made / len(seconds) * 1000)
    what = f"status, {load.what}"
    return [
        Row(f"{what}: visible in Directus, p50", ours.middle, "ms", other.middle, OTHER),
        Row(f"{what}: visible in Directus, p99", ours.slow, "ms", other.slow, OTHER),
        Row(f"{what}: calls to Directus", calls, "per 1,000 messages"),
    ]


async def delays(rig: Rig, chargers: Fleet, load: Load) -> list[float]:
    """Seconds for each message of a round until it was visible."""
    task = Round("StatusNotification", seconds=SECONDS, rate=load.rate, trace=True)
    async with watch(rig.admin) as watching:
        told = await chargers.perform(task)
        until = told.ended + LONGEST
        return [
            await watching.saw(station, timestamp, until) - at
            for station, at, timestamp in told.sent
        ]


async def edits(rig: Rig, csms: Service, here: Fleet, load: Load) -> list[Row]:
    """How long an operator's edit takes to count, while the chargers go on."""
    ours, other = Delays(), Delays()
    station, intervals = f"visible{load.chargers}-00000", numbers(load.chargers * 1000)
    async with aiohttp.ClientSession(csms.api_url) as api:
        for _ in range(REPEATS):
            await csms.drained()
            task = Round("StatusNotification", seconds=SECONDS, rate=load.rate)
            work = asyncio.create_task(here.perform(task))
            in_force, answered = list[float](), list[float]()
            while not work.done():
                edit = await edited(rig, api, station, next(intervals))
                in_force.append(edit.in_force)
                answered.append(edit.answered)
            await work
            ours.take(in_force)
            other.take(answered)
    what = f"an operator's edit, {load.what}"
    return [
        Row(f"{what}: in force, p50", ours.middle, "ms", other.middle, "Directus' own answer"),
        Row(f"{what}: in force, p99", ours.slow, "ms", other.slow, "Directus' own answer"),
    ]


@dataclass(frozen=True, slots=True)
class Edit:
    """Seconds from an edit's sending until Directus answered it, and until it counted."""

    answered: float
    in_force: float


async def edited(rig: Rig, api: aiohttp.ClientSession, station: str, interval: int) -> Edit:
    """Edits the heartbeat interval of a station's Boot record."""

    async def counts() -> float:
        while True:
            where = {"stationId": station}
            async with api.get("/data/configuration/boot", params=where) as answer:
                if (await answer.json())["heartbeatInterval"] == interval:
                    return time.monotonic()
            await asyncio.sleep(_LOOK_EVERY)

    begun = time.monotonic()
    async with asyncio.timeout(10 * LONGEST), asyncio.TaskGroup() as both:
        in_force = both.create_task(counts())
        change = {"heartbeatInterval": interval}
        await rig.admin.call("PATCH", f"/items/Boot/{station}", change)
        answered = time.monotonic()
    await asyncio.sleep(_PAUSE)
    return Edit(answered - begun, in_force.result() - begun)


if __name__ == "__main__":
    main(measure)
