"""How fast messages are answered, beside a `websockets` server that answers at once.

What stands beside is the ceiling of Python's websockets: no rules, no records,
no Directus. Ours meanwhile writes each frame into the message log, and a status
on disk before it is answered, and Directus and Postgres take what they deliver.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.chargers import Crew, Round
from bench.figures import Row, Section, percentile
from bench.fleet import Fleet, fleet
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Server, Service, plain, service

SECONDS = 1.0
CREWS = (50, 200)
ACTIONS = ("Heartbeat", "StatusNotification")
OTHER = "bare `websockets`"


@dataclass(slots=True)
class Answers:
    """Of one server, a value for each repeat."""

    server: Server
    rate: list[float] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def take(self, chargers: Fleet, task: Round) -> None:
        """One more repeat."""
        before = self.server.cpu()
        told = await chargers.perform(task)
        self.cpu.append((self.server.cpu() - before) / len(told.waits) * 1e6)
        self.rate.append(told.answers_a_second)
        self.slow.append(percentile(told.waits, 0.99) * 1000)


async def measure(rig: Rig) -> Section:
    """Ours and the bare server in turn."""
    rows: list[Row] = []
    with service(rig, "answers") as csms, plain(rig, "answer") as bare:
        for count in CREWS:
            for action in ACTIONS:
                rows += await compared(csms, bare, count, action)
    return Section("Answers", rows)


async def compared(csms: Service, bare: Server, count: int, action: str) -> list[Row]:
    """The rows of one message at one number of chargers."""
    ours, other = Answers(csms), Answers(bare)
    task = Round(action, seconds=SECONDS)
    async with (
        fleet(Crew(csms.charger_url, f"answers{count}-", count)) as here,
        fleet(Crew(bare.charger_url, f"answers{count}-", count)) as there,
    ):
        await here.perform(Round(action, count=1))  # makes the connectors
        for _ in range(REPEATS):
            await csms.drained()
            await other.take(there, task)
            await ours.take(here, task)
    what = f"{action}, {count} chargers"
    rows = [
        Row(f"{what}: answers", ours.rate, "a second", other.rate, OTHER),
        Row(f"{what}: p99 of the wait", ours.slow, "ms", other.slow, OTHER),
    ]
    if count == CREWS[0]:  # it is much the same for more
        rows.append(Row(f"{what}: computing for each", ours.cpu, "µs", other.cpu, OTHER))
    return rows


if __name__ == "__main__":
    main(measure)
