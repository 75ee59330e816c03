"""How long a start takes with 10,000 stations in Directus.

Beside it stands how fast the same rows come from Directus if nothing is done with
them, and a start without them.
"""

from __future__ import annotations

import json
import time
from typing import Any

from bench.figures import Row, Section
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Service, service
from citrine_py.model.collection import Collection
from citrine_py.model.stations import BOOT, CHARGING_STATION, CONNECTOR, EVSE

STATIONS = 10_000
FILLED: tuple[Collection[Any], ...] = (CHARGING_STATION, BOOT, EVSE, CONNECTOR)
FILL = f"""
INSERT INTO "ChargingStation" (id, name, model, "vendorName", "registrationStatus", "lastSeen")
    SELECT 'start' || n, 'Station ' || n, 'Bench', 'citrine-py', 'Accepted', now()
    FROM generate_series(1, {STATIONS}) n;
INSERT INTO "Boot" (id, station, status, "lastBootTime")
    SELECT 'start' || n, 'start' || n, 'Accepted', now() FROM generate_series(1, {STATIONS}) n;
INSERT INTO "Evse" (id, station, "evseId")
    SELECT md5('start' || n)::uuid, 'start' || n, 1 FROM generate_series(1, {STATIONS}) n;
INSERT INTO "Connector"
        (id, station, evse, "evseId", "connectorId", "connectorStatus", "timestamp")
    SELECT md5('start' || n || c)::uuid, 'start' || n, md5('start' || n)::uuid, 1, c,
        'Available', now()
    FROM generate_series(1, {STATIONS}) n, generate_series(1, 2) c;
"""
EMPTY = """
DELETE FROM "ChargingStation" WHERE id LIKE 'start%'
"""


async def measure(rig: Rig) -> Section:
    """A start without the stations, a plain read of all rows, a start with them, in turn."""
    with_them: list[float] = []
    without: list[float] = []
    loads: list[float] = []
    reads: list[float] = []
    memory: list[float] = []
    for number in range(REPEATS):
        with service(rig, f"start{number}-without") as csms:
            few, small = loaded(csms)["rows"], csms.memory()
            without.append(csms.started_in)
        rig.sql(FILL)
        reads.append(await read(rig))
        with service(rig, f"start{number}-with") as csms:
            told = loaded(csms)
            with_them.append(csms.started_in)
            loads.append(told["rows"] / told["seconds"])
            memory.append((csms.memory() - small) / (told["rows"] - few) / 1024)
        rig.sql(EMPTY)
    what = f"{STATIONS:,} stations with {int(told['rows'] - few):,} rows"
    return Section(
        "Start",
        [
            Row(f"{what}: from start to ready", with_them, "s", without, "without them"),
            Row(f"{what}: read", loads, "rows a second", reads, "read and dropped"),
            Row(f"{what}: memory", memory, "KiB a row"),
        ],
    )


async def read(rig: Rig) -> float:
    """Rows a second, if they are only read, each collection in one call."""
    rows, begun = 0, time.monotonic()
    for collection in FILLED:
        query = {"fields": collection.fields(), "limit": -1}
        found = await rig.admin.call("SEARCH", f"/items/{collection.name}", {"query": query})
        rows += len(found)
    return rows / (time.monotonic() - begun)


def loaded(csms: Service) -> dict[str, Any]:
    """What the service said when it had read all rows for the first time."""
    events = map(json.loads, csms.log.read_text().splitlines())
    return next(event for event in events if event["event"] == "records.loaded")


if __name__ == "__main__":
    main(measure)
