"""Operators and the service on the same rows at the same time, on a real Directus.

The revisions of a row are written while it is locked, so their order is the
order of its values: whoever wrote over what can be read there.
"""

from __future__ import annotations

import asyncio
import random
from itertools import count, pairwise
from typing import Any

import pytest

from citrine_py.model.stations import BOOT, CHARGING_STATION
from citrine_py.ports import Put
from citrine_py.store.store import Store
from tests.store.real import Real
from tests.store.support import eventually

pytestmark = pytest.mark.stack

FIELD = "variablesRejectedOnLastBoot"
STATUSES = ("Accepted", "Pending", "Rejected")
EDITS = 100

Value = list[dict[str, Any]] | None


def mark(value: Value) -> str:
    """Who wrote a value, and which of his."""
    return "" if not value else next(f"{who} {number}" for who, number in value[0].items())


async def written(real: Real, key: str) -> list[str]:
    """The values of the field, in the order in which they came into the row."""
    deltas = [each["delta"] or {} for each in await real.revisions("Boot", key)]
    return [mark(delta[FIELD]) for delta in deltas if FIELD in delta]


async def operator(
    real: Real, key: str, name: str, rng: random.Random, pauses: tuple[float, ...] = (0,)
) -> list[str]:
    """Edits that all were answered as done."""
    done = []
    for number in range(EDITS):
        value = [{name: number}]
        await real.edit("Boot", key, **{FIELD: value, "status": rng.choice(STATUSES)})
        done.append(mark(value))
        await asyncio.sleep(rng.choice(pauses))
    return done


async def test_no_value_of_ours_lands_over_one_it_was_not_decided_on(
    real: Real, station: str
) -> None:
    await real.make("ChargingStation", station)
    await real.make("Boot", station, station=station, **{FIELD: [{"first": 0}]})
    rng = random.Random(1)
    decided: dict[str, str] = {}
    applied: set[str] = set()

    async def service(name: str) -> None:
        for number in range(EDITS):
            row = await real.row("Boot", station)
            assert row is not None
            value = [{name: number}]
            decided[mark(value)] = mark(row[FIELD])
            answer = await real.update(
                "Boot",
                {"key": station, "set": {FIELD: value, "progressInfo": f"{name} {number}"},
                 "over": {FIELD: [row[FIELD]]}},
            )  # fmt: skip
            if not answer.raise_for_status().json()["data"]["notApplied"]:
                applied.add(mark(value))

    edits = await asyncio.gather(
        operator(real, station, "ann", rng),
        operator(real, station, "bob", rng),
        service("one"),
        service("two"),
    )
    history = await written(real, station)
    for before, after in pairwise(history):
        if after in decided:
            assert decided[after] == before
    assert applied == decided.keys() & set(history)
    assert 0 < len(applied) < len(decided)
    for name, done in zip(("ann", "bob"), edits[:2], strict=True):
        assert [each for each in history if each.startswith(name)] == done
    row = await real.row("Boot", station)
    assert row is not None
    assert mark(row[FIELD]) == history[-1]


async def test_no_edit_of_an_operator_is_lost_to_the_store(
    real: Real, store: Store, station: str
) -> None:
    await store.records.write(
        Put(CHARGING_STATION, station, {}),
        Put(BOOT, station, {"station": station, FIELD: [{"first": 0}]}),
    )
    assert await store.records.settled(10)
    rng = random.Random(2)
    decided: dict[str, str] = {}

    async def service() -> None:
        for number in count():
            held = getattr(store.records.get(BOOT, station), FIELD)
            value = [{"ours": number}]
            decided[mark(value)] = mark(held)
            fields = {FIELD: value, "progressInfo": str(number)}
            await store.records.write(Put(BOOT, station, fields, only_over={FIELD: held}))
            if editing.done():
                return
            await asyncio.sleep(rng.choice((0, 0.005, 0.03, 0.1)))

    def accepted(value: str) -> set[str]:
        """What a value may replace: it may have been joined with those that it followed."""
        found = set()
        while value in decided:
            value = decided[value]
            found.add(value)
        return found

    pauses = (0, 0, 0, 0.05, 0.3)  # time enough, now and then, for a value of ours
    editing = asyncio.create_task(operator(real, station, "ann", rng, pauses))
    await service()
    edits = await editing
    assert await store.records.settled(10)
    history = await written(real, station)
    for before, after in pairwise(history):
        if after in decided:
            assert before in accepted(after)
    assert [each for each in history if each.startswith("ann")] == edits
    assert sum(each in decided for each in history) > 1
    await eventually(lambda: mark(getattr(store.records.get(BOOT, station), FIELD)) == history[-1])
    row = await real.row("Boot", station)
    assert row is not None
    assert mark(row[FIELD]) == history[-1]
    assert row["progressInfo"] == str(len(decided) - 1)  # what only we write is all there
    assert store.stats().rejected == 0
