"""An operator's edits racing with the service's writes, on the same records, in real Directus.

The service's store runs in this process, behind a line that takes its time; the
operator edits by REST. Every value is used once, so that from the value that is
there in the end it can be told on which one it was decided.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from citrine_py.model.stations import BOOT, CHARGING_STATION, Boot
from citrine_py.model.times import iso
from citrine_py.ports import Put
from citrine_py.store.store import Store
from tests.faults.backend import quiet_ports
from tests.faults.directus import Row, admin, call
from tests.faults.lab import Lab
from tests.faults.memory import a_store, at_rest, differences
from tests.faults.proxy import Fault, Proxy, Request
from tests.faults.result import Experiment, Result

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
WITHIN = 20.0  # seconds until memory has heard of the last edit


@dataclass(frozen=True, slots=True)
class Size:
    """`races`: how often, for each record, both write and then it is looked who won."""

    records: int
    races: int


class Lingering:
    """A line on which half of the calls take some time, there and back."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, request: Request) -> Fault:
        if request.websocket or self._random.random() < 0.5:
            return Fault()
        return Fault("slow", delay=self._random.uniform(0.0, 0.06))


@dataclass
class Record:
    """A Boot and its station, on which both sides write.

    Attributes:
        edited: the operator's last value of each field.
        decided: of each value that the service wrote, those on which it was decided.
        written: the service's last value of each field of its own.
    """

    key: str
    random: random.Random
    edited: dict[str, str] = field(default_factory=dict)
    decided: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    # ---- the service ---------------------------------------------------------------------

    async def service(self, store: Store) -> None:
        """Writes as a boot does: its own fields always, shared ones over what it read."""
        for _ in range(self.random.randrange(1, 4)):
            await asyncio.sleep(self.random.uniform(0.0, 0.08))
            known = store.records.get(BOOT, self.key) or Boot(id=self.key)
            values = self._values("service")
            shared = self.random.sample(sorted(values), self.random.randrange(1, 4))
            over = {name: getattr(known, name) for name in shared}
            for name in shared:
                of_field = self.decided.setdefault(name, {})
                of_field.setdefault(_text(values[name]), set()).add(_text(over[name]))
            self.number += 1
            own = {"progressInfo": f"{self.number}", "reportVariables": self.number}
            fields = {"station": self.key, **own, **{name: values[name] for name in shared}}
            self.written |= own
            model = f"m{self.number}"
            self.written["model"] = model
            await store.records.write(
                Put(CHARGING_STATION, self.key, {"model": model}),
                Put(BOOT, self.key, fields, only_over=over),
            )

    # ---- the operator --------------------------------------------------------------------

    async def operator(self, client: httpx.AsyncClient) -> None:
        """Edits a form now and then: some of its fields at once."""
        for _ in range(self.random.randrange(1, 4)):
            await asyncio.sleep(self.random.uniform(0.0, 0.12))
            values = self._values("operator")
            values |= {
                "heartbeatInterval": self.number,
                "statusInfo": {"reasonCode": f"{self.number}"},
            }
            chosen = self.random.sample(sorted(values), self.random.randrange(1, 4))
            await self._edit(client, "Boot", {name: values[name] for name in chosen})
            if self.random.random() < 0.5:
                self.number += 1
                await self._edit(client, "ChargingStation", {"name": f"n{self.number}"})

    async def _edit(self, client: httpx.AsyncClient, collection: str, fields: Row) -> None:
        shown = {name: iso(v) if isinstance(v, datetime) else v for name, v in fields.items()}
        await call(client, "PATCH", f"/items/{collection}/{self.key}", shown)
        self.edited |= {name: _text(value) for name, value in fields.items()}

    def _values(self, whose: str) -> dict[str, Any]:
        """A value for each shared field that nobody has used yet; of a status there are three,
        two of them for operators."""
        self.number += 1
        status = "Accepted" if whose == "service" else self.random.choice(["Pending", "Rejected"])
        return {
            "status": status,
            "lastBootTime": EPOCH + timedelta(seconds=self.number),
            "variablesRejectedOnLastBoot": [{"n": self.number}],
        }

    # ---- who won -------------------------------------------------------------------------

    def wrong(self, row: Row) -> list[str]:
        """Edits and writes that the row has lost."""
        found = []
        for name, edit in self.edited.items():
            value = _text(row[name])
            if not self._led_to(name, edit, value):
                found.append(f"{name} of {self.key}: edited to {edit}, is {value}")
        for name, written in self.written.items():
            if row[name] != written:
                found.append(f"{name} of {self.key}: written as {written}, is {row[name]}")
        return found

    def _led_to(self, name: str, edit: str, value: str) -> bool:
        """Whether the value is the edit, or the service decided on the edit and so came to it."""
        reached = {edit}
        decided = self.decided.get(name, {})
        while True:
            more = {new for new, over in decided.items() if over & reached} - reached
            if not more:
                return value in reached
            reached |= more


async def run(lab: Lab, size: Size, seed: int) -> Result:
    """Many short races; after each, all is at rest and every record is looked at."""
    result = Result()
    chance = random.Random(seed)
    async with (
        Proxy(lab.backend.url, quiet_ports(1)[0]) as line,
        a_store(lab.backend, lab.folder / f"racing-{uuid4().hex[:8]}", line.url) as store,
        admin(lab.backend) as client,
    ):
        line.mood = Lingering(seed)
        prefix = f"race-{uuid4().hex[:8]}"
        records = [
            Record(f"{prefix}-{n}", random.Random(f"{seed} {n}")) for n in range(size.records)
        ]
        for each in records:
            await store.records.write(
                Put(CHARGING_STATION, each.key, {}), Put(BOOT, each.key, {"station": each.key})
            )
        await at_rest(store)
        edits = 0
        for _ in range(size.races):
            chance.shuffle(records)
            await asyncio.gather(
                *(each.service(store) for each in records),
                *(each.operator(client) for each in records),
            )
            await at_rest(store)
            for each in records:
                result.failures += each.wrong(await _row(client, each.key))
                edits += len(each.edited)
                each.decided.clear()
                each.edited.clear()
        result.figures |= {
            "records": size.records,
            "races": size.races * size.records,
            "fields edited": edits,
            "edits and writes lost": len(result.failures) or "none",
        }
        result.expect(store.stats().rejected == 0, "writes of the service were rejected")
        result.failures += await differences(store, client, WITHIN)
    return result


async def _row(client: httpx.AsyncClient, key: str) -> Row:
    station = await call(client, "GET", f"/items/ChargingStation/{key}")
    boot = await call(client, "GET", f"/items/Boot/{key}")
    return {**boot, "name": station["name"], "model": station["model"]}


def _text(value: Any) -> str:
    """A value as something that can be compared, from a record or from Directus alike."""
    if isinstance(value, datetime):
        return iso(value)
    return value if isinstance(value, str) else json.dumps(value)


EXPERIMENT = Experiment(
    "racing-edits",
    "Operators' edits racing with the service's writes",
    run,
    short=Size(records=8, races=4),
    soak=Size(records=30, races=25),
)
