"""What it costs to have each change on disk before it is answered.

Beside the service stands the same service with a journal that is none
(`stand_in`). They run one after the other, since the one that waits would take
its part of the machine too.
"""

from __future__ import annotations

from collections import defaultdict

from bench.chargers import Crew, Round
from bench.figures import Row, Section, percentile
from bench.fleet import fleet
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Service, service

SECONDS = 1.0
CREWS = (1, 50, 200)
OURS, OTHER = "citrine_py", "bench.stand_in"


class Costs:
    """Of one of the two, by the number of chargers: a value for each repeat."""

    def __init__(self) -> None:
        self.rate: dict[int, list[float]] = defaultdict(list)
        self.middle: dict[int, list[float]] = defaultdict(list)
        self.cpu: dict[int, list[float]] = defaultdict(list)
        self.commits: dict[int, list[float]] = defaultdict(list)

    async def take(self, csms: Service, count: int) -> None:
        """One more repeat."""
        async with fleet(Crew(csms.charger_url, f"journal{count}-", count)) as chargers:
            await chargers.perform(Round("StatusNotification", count=1))  # makes the connectors
            await csms.drained()
            cpu, commits = csms.cpu(), csms.metric("citrine_journal_commits_total")
            told = await chargers.perform(Round("StatusNotification", seconds=SECONDS))
            messages = len(told.waits)
            self.cpu[count].append((csms.cpu() - cpu) / messages * 1e6)
            commits = csms.metric("citrine_journal_commits_total") - commits
            self.commits[count].append(commits / messages * 1000)
            self.rate[count].append(told.answers_a_second)
            self.middle[count].append(percentile(told.waits, 0.5) * 1000)
            await csms.drained()


async def measure(rig: Rig) -> Section:
    """With the journal and without it in turn."""
    costs = {OURS: Costs(), OTHER: Costs()}
    for _ in range(REPEATS):
        for program, each in costs.items():
            with service(rig, program, program) as csms:
                for count in CREWS:
                    await each.take(csms, count)
    return Section("The journal", compared(costs[OURS], costs[OTHER]))


def compared(ours: Costs, other: Costs) -> list[Row]:
    """All rows."""
    rows: list[Row] = []
    for count in CREWS:
        what = f"StatusNotification, {count} charger{'s' if count > 1 else ''}"
        name = "without journal"
        rows += [
            Row(f"{what}: p50 of the wait", ours.middle[count], "ms", other.middle[count], name),
            Row(f"{what}: answers", ours.rate[count], "a second", other.rate[count], name),
            Row(f"{what}: computing for each", ours.cpu[count], "µs", other.cpu[count], name),
            Row(f"{what}: commits", ours.commits[count], "per 1,000 messages"),
        ]
    return rows


if __name__ == "__main__":
    main(measure)
