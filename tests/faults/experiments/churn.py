"""Edits by REST and by a flow, thousands of them, while the subscription breaks.

At rest memory equals Directus. A flow that emits no events, as Directus makes them
unless told otherwise, is another matter: nothing tells of its edits before the
next catching up.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.stations import BOOT, CHARGING_STATION
from citrine_py.ports import Put
from citrine_py.store.store import Store
from tests.faults.backend import quiet_ports
from tests.faults.directus import Refused, Row, admin, call
from tests.faults.lab import Lab
from tests.faults.memory import a_store, at_rest, differences
from tests.faults.proxy import Fault, Proxy, Request, calm, http
from tests.faults.result import Experiment, Result

WITHIN = 30.0  # seconds from rest until the last event must have come
STATUSES = ("Accepted", "Pending", "Rejected")


@dataclass(frozen=True, slots=True)
class Size:
    """`hands`: people who edit at the same time, each `edits` times; `patience`: seconds in which
    an edit that Directus does not tell of may be seen before the subscription is cut."""

    stations: int
    hands: int
    edits: int
    patience: float


class Breaking:
    """A line whose subscription does not last, and is refused now and then."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, request: Request) -> Fault:
        if not request.websocket:
            return Fault("slow", delay=self._random.uniform(0.0, 0.05))
        if self._random.random() < 0.3:
            return Fault("subscription refused", forwarded=False, answer=http(503))
        return Fault("subscription cut", lives=self._random.uniform(0.1, 2.5))


@dataclass
class Hand:
    """One person, or a flow of his, at work on everybody's records."""

    client: httpx.AsyncClient
    flow: str
    stations: list[str]
    random: random.Random
    done: Counter[str] = field(default_factory=Counter)

    async def work(self, edits: int) -> None:
        """Edits this often, whatever others do to the same rows."""
        for number in range(edits):
            station = self.random.choice(self.stations)
            kind = self.random.choices(list(_KINDS), list(_KINDS.values()))[0]
            await getattr(self, f"_{kind}")(station, f"{id(self)} {number}")
            self.done[kind] += 1

    async def _edit(self, station: str, text: str) -> None:
        await self._patch(f"/items/ChargingStation/{station}", {"name": text})

    async def _edit_boot(self, station: str, text: str) -> None:
        fields = {"status": self.random.choice(STATUSES), "statusInfo": {"reasonCode": text}}
        await self._patch(f"/items/Boot/{station}", fields)

    async def _edit_many(self, _station: str, text: str) -> None:
        keys = self.random.sample(self.stations, min(5, len(self.stations)))
        await self._patch("/items/ChargingStation", {"keys": keys, "data": {"notes": text}})

    async def _make(self, station: str, text: str) -> None:
        await self._post("/items/ChargingStation", {"id": station, "name": text})
        await self._post("/items/Boot", {"id": station, "station": station})

    async def _make_place(self, station: str, text: str) -> None:
        evse = self.random.randrange(1, 4)
        key = evse_key(station, evse)
        await self._post("/items/Evse", {"id": key, "station": station, "evseId": evse})
        connector = {
            "id": connector_key(station, evse, 1),
            "station": station,
            "evse": key,
            "evseId": evse,
            "connectorId": 1,
            "connectorType": text[:20],
        }
        await self._post("/items/Connector", connector)

    async def _make_location(self, station: str, text: str) -> None:
        key = str(uuid4())
        await self._post("/items/Location", {"id": key, "name": text})
        await self._patch(f"/items/ChargingStation/{station}", {"location": key})

    async def _remove_boot(self, station: str, _text: str) -> None:
        await self._call("DELETE", f"/items/Boot/{station}", None)

    async def _remove_evse(self, station: str, _text: str) -> None:
        await self._call("DELETE", f"/items/Evse/{evse_key(station, 1)}", None)

    async def _remove(self, station: str, _text: str) -> None:
        """With it the database removes what belongs to it, and tells nobody."""
        await self._call("DELETE", f"/items/ChargingStation/{station}", None)

    async def _flow(self, _station: str, text: str) -> None:
        keys = self.random.sample(self.stations, min(3, len(self.stations)))
        await self._post(f"/flows/trigger/{self.flow}", _selected(keys, text))

    async def _patch(self, path: str, body: Row) -> None:
        await self._call("PATCH", path, body)

    async def _post(self, path: str, body: Row) -> None:
        await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: Any) -> None:
        """Refusals are part of it: of rows that another has made or removed meanwhile."""
        try:
            await call(self.client, method, path, body)
        except Refused:
            self.done["refused"] += 1


_KINDS = {
    "edit": 30,
    "edit_boot": 20,
    "edit_many": 8,
    "flow": 10,
    "make": 10,
    "make_place": 8,
    "make_location": 4,
    "remove_boot": 3,
    "remove_evse": 3,
    "remove": 4,
}


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """Edits, the service's writes and a breaking line, all at once; then rest."""
    result = Result()
    prefix = f"churn-{uuid4().hex[:8]}"
    stations = [f"{prefix}-{n}" for n in range(size.stations)]
    async with (
        Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
        a_store(lab.backend, lab.folder / prefix, line.url) as store,
        admin(lab.backend) as client,
        _flow_that_notes(client, tells=True) as flow,
        _flow_that_notes(client, tells=False) as silent,
    ):
        line.mood = Breaking(seed)
        line.cut_websockets()
        hands = [
            Hand(client, flow, stations, random.Random(f"{seed} {n}")) for n in range(size.hands)
        ]
        writing = asyncio.create_task(_write(store, stations, random.Random(seed)))
        await asyncio.gather(*(each.work(size.edits) for each in hands))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        line.mood = calm
        rest = await at_rest(store)
        result.failures += await differences(store, client, WITHIN)
        done = sum((each.done for each in hands), Counter[str]())
        result.figures |= {
            "edits": size.hands * size.edits,
            "of these by a flow": done["flow"],
            "refused by Directus": done["refused"],
            "subscriptions cut": line.faults["subscription cut"],
            "subscriptions refused": line.faults["subscription refused"],
            "writes to what was removed, set aside": store.stats().rejected,
            "records compared": sum(store.stats().records.values()),
            "seconds until at rest": round(rest, 2),
        }
        kept = f"{prefix}-silent"
        await call(client, "POST", "/items/ChargingStation", {"id": kept})
        await call(client, "POST", f"/flows/trigger/{silent}", _selected([kept], "silent"))
        alone = await _noted(store, kept, size.patience)
        result.figures["an edit by a flow without events was seen"] = (
            "not before the subscription was cut" if alone is None else f"after {alone:.1f} s"
        )
        line.cut_websockets()
        seen = await _noted(store, kept, WITHIN)
        result.expect(seen is not None, "a flow's edit was not even seen after a reload")
        result.expect(line.faults["subscription cut"] > 0, "the subscription was never cut")
    return result


async def _write(store: Store, stations: list[str], chance: random.Random) -> None:
    """The service goes on with its own work on the same records."""
    for number in range(1_000_000):
        station = chance.choice(stations)
        known = store.records.get(BOOT, station)
        if known is not None:
            over = {"status": known.status}
            fields = {"status": chance.choice(STATUSES), "progressInfo": f"{number}"}
            await store.records.write(Put(BOOT, station, fields, only_over=over))
        if store.records.get(CHARGING_STATION, station) is not None:
            await store.records.write(Put(CHARGING_STATION, station, {"model": f"{number}"}))
        await asyncio.sleep(0.02)


async def _noted(store: Store, station: str, seconds: float) -> float | None:
    """The seconds until memory has the station's note; None if it does not come to know it."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        known = store.records.get(CHARGING_STATION, station)
        if known is not None and known.notes is not None:
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    return None


def _selected(stations: list[str], text: str) -> Row:
    """What the button of a flow sends."""
    return {"collection": "ChargingStation", "keys": stations, "text": text}


@asynccontextmanager
async def _flow_that_notes(client: httpx.AsyncClient, *, tells: bool) -> AsyncIterator[str]:
    """A flow as an operator builds it: it writes a note into the stations that were selected,
    and Directus tells of that or not."""
    flow, operation = str(uuid4()), str(uuid4())
    options = {"collections": ["ChargingStation"], "async": False, "requireSelection": True}
    made = {"id": flow, "name": "Note", "trigger": "manual", "status": "active", "options": options}
    step = {
        "id": operation,
        "flow": flow,
        "key": "note",
        "type": "item-update",
        "position_x": 20,
        "position_y": 1,
        "options": {
            "collection": "ChargingStation",
            "key": "{{$trigger.body.keys}}",
            "payload": {"notes": "{{$trigger.body.text}}"},
            "permissions": "$full",
            "emitEvents": tells,
        },
    }
    for method, path, body in (
        ("POST", "/flows", made),
        ("POST", "/operations", step),
        ("PATCH", f"/flows/{flow}", {"operation": operation}),
    ):
        await call(client, method, path, body)
    try:
        yield flow
    finally:
        await client.delete(f"/flows/{flow}")


EXPERIMENT = Experiment(
    "churn",
    "Edits by REST and by flows while the subscription breaks",
    run,
    short=Size(stations=12, hands=3, edits=60, patience=0.5),
    soak=Size(stations=80, hands=4, edits=1000, patience=20.0),
)
