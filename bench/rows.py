"""How fast messages become rows in Directus, beside a CSMS that makes one REST call for each.

The time runs from the first message sent until the last row is seen in Directus.
Both get the same messages from as many chargers and make the same rows. Ours
also writes two rows of the message log for each and the connector's latest
status; that the other does without, and with an admin's token, is to its advantage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count as numbers

from bench.chargers import Crew, Round
from bench.figures import Row, Section
from bench.fleet import Fleet, fleet
from bench.messages import VARIABLES
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Service, plain, service

OTHER = "a REST call each"


@dataclass(frozen=True, slots=True)
class Load:
    """`each` messages from each of `chargers`, as `rows` rows a message of `collection`."""

    what: str
    action: str
    collection: str
    chargers: int
    each: int
    rows: int = 1

    @property
    def messages(self) -> int:
        """All messages of a round."""
        return self.chargers * self.each

    @property
    def rows_made(self) -> int:
        """All rows of a round."""
        return self.messages * self.rows


LOADS = (
    Load("StatusNotification, 50 chargers", "StatusNotification", "StatusNotification", 50, 30),
    Load("NotifyEvent, 50 chargers", "NotifyEvent", "StationEvent", 50, 30),
    Load("report of 1,000 variables, 1 charger", "NotifyReport", "VariableAttribute", 1,
         1000 // VARIABLES, VARIABLES),
    Load("reports of 200 variables, 10 chargers", "NotifyReport", "VariableAttribute", 10,
         200 // VARIABLES, VARIABLES),
)  # fmt: skip


@dataclass(slots=True)
class Speed:
    """A value for each repeat: rows a second, messages a second until all that they led to was
    delivered, calls to Directus for 1,000 messages."""

    ours: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)


async def measure(rig: Rig) -> Section:
    """Ours and the plain one in turn."""
    rows: list[Row] = []
    with service(rig, "rows") as csms, plain(rig, "create") as other:
        for load in LOADS:
            rows += await compared(rig, csms, other.charger_url, load)
    return Section("Rows from charger to Directus", rows)


async def compared(rig: Rig, csms: Service, other: str, load: Load) -> list[Row]:
    """The rows of one load."""
    speed, labels = Speed(), map(str, numbers())
    prefix = f"rows-{load.action}-{load.chargers}-"
    async with (
        fleet(Crew(csms.charger_url, prefix, load.chargers)) as here,
        fleet(Crew(other, prefix, load.chargers)) as there,
    ):
        await here.perform(Round(load.action, next(labels), count=1))  # makes the connectors
        await csms.drained()
        for _ in range(REPEATS):
            begun, seen = await seen_in_directus(rig, there, load, next(labels))
            speed.other.append(load.rows_made / (seen - begun))
            calls = csms.metric("citrine_directus_calls_total")
            begun, seen = await seen_in_directus(rig, here, load, next(labels))
            speed.ours.append(load.rows_made / (seen - begun))
            speed.delivered.append(load.messages / (await csms.drained() - begun))
            calls = csms.metric("citrine_directus_calls_total") - calls
            speed.calls.append(calls / load.messages * 1000)
    rows = [
        Row(f"{load.what}: rows seen", speed.ours, "a second", speed.other, OTHER),
        Row(f"{load.what}: calls to Directus", speed.calls, "per 1,000 messages"),
    ]
    if load.rows == 1:
        what = f"{load.what}: delivered, message log and all"
        rows.append(Row(what, speed.delivered, "messages a second"))
    return rows


async def seen_in_directus(
    rig: Rig, chargers: Fleet, load: Load, label: str
) -> tuple[float, float]:
    """When the first message of a round was sent, and when its last row was seen."""
    before = await rig.admin.count(load.collection)
    told = await chargers.perform(Round(load.action, label, count=load.each))
    return told.begun, await rig.admin.holds(load.collection, before + load.rows_made)


if __name__ == "__main__":
    main(measure)
