"""kill -9 of the service while Directus is away, then a journal that is torn at its end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.faults.backend import quiet_ports
from tests.faults.comparison import Log
from tests.faults.directus import Row, admin, rows_of
from tests.faults.journal_copy import KINDS, Changes, changes, tear
from tests.faults.lab import Lab
from tests.faults.proxy import Proxy
from tests.faults.result import Experiment, Result
from tests.faults.service import Service
from tests.faults.stations import Fleet


@dataclass(frozen=True, slots=True)
class Size:
    """`away`: seconds of load without Directus."""

    stations: int
    pace: float
    tears: int
    away: float


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """What SQLite itself can read of the torn files must come to Directus, and nothing twice."""
    result, chance = Result(), random.Random(seed)
    figures: Counter[str] = Counter()
    for number in range(size.tears):
        async with (
            Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
            lab.service(directus_url=line.url) as service,
        ):
            fleet = lab.fleet(service, size.stations, seed=seed + number, pace=size.pace)
            async with fleet:
                await fleet.booted()
                line.down = True
                line.cut_websockets()
                await asyncio.sleep(size.away)
                service.kill()
            line.down = False
            whole = changes(service.journal)
            torn = list(KINDS)[number % len(KINDS)]
            tear(service.journal, torn, chance)
            figures[f"{torn} torn"] += 1
            failures = await _check(lab, service, fleet, whole, figures)
            result.failures += [f"{torn} torn: {each}" for each in failures]
        figures["answered messages"] += fleet.answers
    result.figures |= {"tears": size.tears, **figures}
    return result


async def _check(
    lab: Lab, service: Service, fleet: Fleet, whole: Changes, figures: Counter[str]
) -> list[str]:
    """Starts the service on its torn journal; what is not as it should be. Where nothing is
    lost it is the full comparison, else all but what is missing for the lost changes."""
    left = changes(service.journal, set(whole))
    lost = sorted(set(whole) - set(left))
    figures["undelivered changes"] += len(whole)
    figures["of these torn away"] += len(lost)
    await service.begin()
    await service.drained()
    async with admin(lab.backend) as client:
        rows = await rows_of(client, fleet.prefix)
    by_key = {
        (collection, row["id"]): row
        for of_station in rows.values()
        for collection, found in of_station.items()
        for row in found
    }
    findings = await lab.findings(fleet, Log.NOTHING)
    aside: set[str] = set()
    if lost:
        findings = [each for each in findings if each.kind in {"double", "unexplained"}]
        aside = {each["key"] for each in service.events("record.rejected")}
        figures["set aside, their parents being torn away"] += len(aside)
    return [*_missing(left, by_key, aside), *(str(each) for each in findings)]


def _missing(left: Changes, rows: Mapping[tuple[str, str], Row], aside: set[str]) -> list[str]:
    """What is not in Directus of the changes that were left, one after the other applied, and
    was not set aside for an operator to see. Conditional fields may not have applied."""
    owed: dict[tuple[str, str], dict[str, Any]] = {}
    for _, (collection, key, fields, over, *_rest) in sorted(left.items()):
        plain = {name: v for name, v in (fields or {}).items() if name not in (over or {})}
        owed.setdefault((collection, key), {}).update(plain)
    wrong = []
    for (collection, key), fields in owed.items():
        row = rows.get((collection, key))
        if row is None:
            if key not in aside:
                wrong.append(f"{collection} {key} is missing")
            continue
        different = [name for name, value in fields.items() if not _same(row[name], value)]
        if set(different) - {"isOnline", "lastSeen"}:  # written anew at the start
            wrong.append(f"{collection} {key} differs in {', '.join(different)}")
    return wrong


def _same(found: Any, owed: Any) -> bool:
    if found == owed:
        return True
    try:
        return _time(found) == _time(owed)
    except (TypeError, ValueError):
        return False


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


EXPERIMENT = Experiment(
    "torn-journal",
    "The journal torn at its end",
    run,
    short=Size(stations=8, pace=0.05, tears=2, away=1.5),
    soak=Size(stations=20, pace=0.03, tears=9, away=2.5),
)
