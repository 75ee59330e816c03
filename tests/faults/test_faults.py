"""Whatever dies, breaks or fills up: what a station saw answered is in Directus, once, in order.

The short forms of the experiments of `make soak`.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import uuid4

import httpx
import pytest

from tests.faults.comparison import Kind, Log
from tests.faults.directus import Row, admin, call, rows_of
from tests.faults.experiments import (
    bad_line,
    churn,
    full_disk,
    killed_service,
    outage,
    racing_edits,
    torn_journal,
)
from tests.faults.lab import Lab
from tests.faults.result import Experiment
from tests.faults.stations import Station

Found: TypeAlias = dict[str, dict[str, list[Row]]]
Planted: TypeAlias = tuple[Kind, str, str]

pytestmark = pytest.mark.stack

SEED = 1


async def nothing_is_wrong(lab: Lab, experiment: Experiment) -> None:
    result = await experiment.run(lab, experiment.short, SEED)
    assert not result.failures, result.told()


async def test_kill_9_of_the_service_costs_nothing(lab: Lab) -> None:
    await nothing_is_wrong(lab, killed_service.EXPERIMENT)


async def test_stations_do_not_notice_that_directus_or_postgres_dies(lab: Lab) -> None:
    await nothing_is_wrong(lab, outage.EXPERIMENT)


async def test_a_bad_line_to_directus_costs_nothing(lab: Lab) -> None:
    await nothing_is_wrong(lab, bad_line.EXPERIMENT)


async def test_a_full_disk_refuses_and_costs_nothing(lab: Lab) -> None:
    await nothing_is_wrong(lab, full_disk.EXPERIMENT)


async def test_a_torn_journal_yields_all_that_is_whole(lab: Lab) -> None:
    await nothing_is_wrong(lab, torn_journal.EXPERIMENT)


async def test_no_operators_edit_is_lost_in_a_race(lab: Lab) -> None:
    await nothing_is_wrong(lab, racing_edits.EXPERIMENT)


async def test_at_rest_memory_equals_directus(lab: Lab) -> None:
    await nothing_is_wrong(lab, churn.EXPERIMENT)


async def test_the_comparison_finds_what_is_planted_in_directus(lab: Lab) -> None:
    async with lab.service() as service:
        fleet = lab.fleet(service, 3, seed=SEED, pace=0.02)
        async with fleet:
            await fleet.answered(150)
            await fleet.silent()
        await service.drained()
    assert await lab.findings(fleet, Log.WHOLE) == []
    async with admin(lab.backend) as client:
        rows = await rows_of(client, fleet.prefix)
        planted = [
            *await lose(client, fleet.stations[0].id, rows),
            *await double(client, fleet.stations[1].id, rows),
            *await put_back(client, fleet.stations[2], rows),
        ]
    found = await lab.findings(fleet, Log.WHOLE)
    assert sorted((each.kind, each.collection, each.station) for each in found) == sorted(planted)


async def lose(client: httpx.AsyncClient, station: str, rows: Found) -> list[Planted]:
    """Removes a row of each collection on which no other depends."""
    collections = ("StatusNotification", "StationEvent", "OcppMessage")
    for collection in collections:
        row = rows[station][collection][0]
        await call(client, "DELETE", f"/items/{collection}/{row['id']}")
    return [("missing", collection, station) for collection in collections]


async def double(client: httpx.AsyncClient, station: str, rows: Found) -> list[Planted]:
    """Adds a row that is there already, under another key."""
    collections = ("StatusNotification", "StationEvent", "OcppMessage", "VariableAttribute")
    for collection in collections:
        secrets = {
            "passwordHash",
            "pendingPasswordHash",
            "previousPasswordHash",
            "wantedPassword",
        }
        row = {k: v for k, v in rows[station][collection][0].items() if k not in secrets}
        await call(client, "POST", f"/items/{collection}", {**row, "id": str(uuid4())})
    return [("double", collection, station) for collection in collections]


async def put_back(client: httpx.AsyncClient, station: Station, rows: Found) -> list[Planted]:
    """Gives records a state that the station told before their last."""
    told = [each for each in station.told if each.action == "StatusNotification"]
    row = next(r for r in rows[station.id]["Connector"] if r["connectorStatus"] is not None)
    earlier = [
        each.payload
        for each in told
        if (each.payload["evseId"], each.payload["connectorId"])
        == (row["evseId"], row["connectorId"])
        and each.payload["timestamp"] < row["timestamp"]
    ]
    state = {name: earlier[0][name] for name in ("timestamp", "connectorStatus")}
    await call(client, "PATCH", f"/items/Connector/{row['id']}", state)
    boot = {"lastBootTime": "2026-01-01T00:00:00Z"}
    await call(client, "PATCH", f"/items/Boot/{station.id}", boot)
    return [("disorder", "Connector", station.id), ("disorder", "Boot", station.id)]
