"""Reads of large collections are kept, bounded, and never tell what is not so any more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from citrine_py.ports import Change, Delete, Put
from citrine_py.store.on_demand import OnDemand, Question
from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus, RealtimeServer
from tests.store.support import eventually, fake_directus, running
from tests.store.things import COLLECTIONS, EVENT, READING, SITE, Reading

SITES = [f"s{number}" for number in range(4)]
KEYS = [f"r{number}" for number in range(12)]


def by(limit: int = 100, **where: Any) -> Question:
    return Question("Reading", "Reading", tuple(where.items()), limit, None)


class Kept:
    """What a fresh OnDemand keeps."""

    def __init__(self, most: int = 100) -> None:
        self.fresh = True
        self.on_demand = OnDemand(COLLECTIONS, most, lambda: self.fresh)

    def keep(self, question: Question, *keys: str, **fields: Any) -> None:
        with self.on_demand.asking(question) as asking:
            self.on_demand.keep(asking, [Reading(id=key, **fields) for key in keys])

    def has(self, question: Question) -> bool:
        return self.on_demand.answer(question) is not None


def test_the_answers_used_least_lately_make_room() -> None:
    kept = Kept(most=4)
    for site in ("a", "b"):
        kept.keep(by(site=site), f"{site}1", f"{site}2", site=site)
    assert kept.has(by(site="a"))
    kept.keep(by(site="none"))
    assert (kept.has(by(site="a")), kept.has(by(site="b")), kept.has(by(site="none"))) == (
        True,
        False,
        True,
    )
    assert kept.on_demand.records == 3
    kept.keep(by(site="c"), *"12345", site="c")
    assert not kept.has(by(site="c"))
    assert kept.on_demand.records == 3


def test_a_write_takes_away_what_it_may_touch_and_nothing_else() -> None:
    kept = Kept()
    questions = [by(site="a"), by(site="b"), by(id="a1"), by(id="b1"), by(site="a", kind="x")]

    def fill() -> None:
        kept.keep(questions[0], "a1", "a2", site="a")
        kept.keep(questions[1], "b1", site="b")
        kept.keep(questions[2], "a1", site="a")
        kept.keep(questions[3], "b1", site="b")
        kept.keep(questions[4], "a2", site="a", kind="x")

    def left() -> list[bool]:
        found = [kept.has(question) for question in questions]
        fill()
        return found

    fill()
    kept.on_demand.changed("Reading", "a1", {"site": "a", "kind": "y"})
    assert left() == [False, True, False, True, True]
    kept.on_demand.changed("Reading", "new", {"site": "b"})
    assert left() == [True, False, True, True, True]
    kept.on_demand.changed("Reading", "new", {"value": "whose is not told"})
    assert left() == [False, False, True, True, False]
    kept.on_demand.changed("Reading", "a2", {"site": "b"})
    assert left() == [False, False, True, True, False]
    kept.on_demand.removed("Reading", ["b1"])
    assert left() == [True, False, True, False, True]
    kept.on_demand.removed("Site", ["a"])  # its readings may have gone with it
    assert left() == [False, True, False, True, False]
    kept.on_demand.removed("Event", ["a1"])
    kept.on_demand.changed("Site", "a", {})
    assert left() == [True, True, True, True, True]
    kept.on_demand.forget("Reading")
    assert left() == [False] * 5


def test_with_a_parent_go_the_answers_that_mention_it() -> None:
    kept = Kept()
    kept.keep(by(id="1"), "1", site="a")
    kept.keep(by(id="2"), "2", site="b")
    kept.on_demand.removed("Site", ["a", "c"])
    assert not kept.has(by(id="1"))
    assert kept.has(by(id="2"))


@pytest.mark.parametrize("what", ["told", "removed", "parent", "all", "stale", "many"])
def test_what_changes_during_a_read_is_not_kept(what: str) -> None:
    kept = Kept()
    question = by(site="a")
    with kept.on_demand.asking(question) as asking:
        match what:
            case "told":
                kept.on_demand.told("Reading", {"id": "new", "site": "a"})
            case "removed":
                kept.on_demand.removed("Reading", ["1"])
            case "parent":
                kept.on_demand.removed("Site", ["a"])
            case "all":
                kept.on_demand.forget()
            case "stale":
                kept.fresh = False
            case "many":
                for number in range(2000):
                    kept.on_demand.changed("Reading", f"other{number}", {"site": "b"})
        kept.on_demand.keep(asking, [Reading(id="1", site="a")])
    kept.fresh = True
    assert not kept.has(question)
    assert kept.on_demand.records == 0


def test_a_change_of_others_during_a_read_does_no_harm() -> None:
    kept = Kept()
    with kept.on_demand.asking(by(site="a")) as asking:
        kept.on_demand.changed("Reading", "other", {"site": "b"})
        kept.on_demand.keep(asking, [Reading(id="1", site="a")])
    assert kept.has(by(site="a"))


def test_nothing_is_served_or_kept_while_changes_may_go_unseen() -> None:
    kept = Kept()
    kept.keep(by(site="a"), "1")
    kept.fresh = False
    assert not kept.has(by(site="a"))
    kept.keep(by(site="b"), "1")
    kept.fresh = True
    assert not kept.has(by(site="b"))


# ---- over the whole store ----------------------------------------------------------------


def calls(directus: FakeDirectus) -> int:
    return sum(method == "SEARCH" for method, _, _ in directus.requests)


async def test_who_asks_again_is_answered_from_memory(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    directus.edit("Reading", "r1", site="s1", value="v")
    async with running(tmp_path, directus) as (store, _):
        first = await store.records.find(READING, {"site": "s1"})
        before = calls(directus)
        assert await store.records.find(READING, {"site": "s1"}) == first
        assert await store.records.find(READING, {"site": "s2"}) == []
        assert await store.records.find(READING, {"site": "s2"}) == []
        assert calls(directus) == before + 1
        stats = store.stats()
        assert (stats.found_in_memory, stats.read_on_demand, stats.on_demand_records) == (2, 2, 2)


async def test_an_edit_and_a_write_of_ours_are_seen_by_the_next_who_asks(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    directus.edit("Reading", "r1", site="s1", value="v")
    async with running(tmp_path, directus) as (store, _):

        async def value() -> str | None:
            (found,) = await store.records.find(READING, {"id": "r1"})
            return found.value

        assert await value() == "v"
        directus.edit("Reading", "r1", value="by an operator")
        async with asyncio.timeout(5):
            while await value() != "by an operator":
                await asyncio.sleep(0.005)
        await store.records.write(Put(READING, "r1", {"value": "ours"}))
        assert await value() == "ours"
        assert await store.records.settled(5)
        assert await value() == "ours"


async def test_a_full_answer_is_read_again_while_a_change_is_on_its_way(tmp_path: Path) -> None:
    """The row after its last may have to come in."""
    directus = fake_directus()
    directus.edit("Site", "s1")
    for number in range(4):
        directus.edit("Reading", f"r{number}", site="s1")
    async with running(tmp_path, directus) as (store, _):
        for _ in range(2):
            found = await store.records.find(READING, {"site": "s1"}, limit=2)
            assert [each.id for each in found] == ["r0", "r1"]
        await store.records.write(Delete(READING, "r0"))
        found = await store.records.find(READING, {"site": "s1"}, limit=2)
        assert [each.id for each in found] == ["r1", "r2"]


async def test_while_the_subscription_is_down_directus_is_asked_each_time(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Reading", "r1", value="old")
    async with running(tmp_path, directus) as (store, server):
        for _ in range(2):
            await store.records.find(READING, {"id": "r1"})
        server.refuse = True
        await server.cut()
        await eventually(lambda: not store.stats().subscribed)
        directus.edit("Reading", "r1", value="new")
        assert (await store.records.find(READING, {"id": "r1"}))[0].value == "new"
        directus.edit("Reading", "r1", value="newer")
        assert (await store.records.find(READING, {"id": "r1"}))[0].value == "newer"
        server.refuse = False
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)
        assert (await store.records.find(READING, {"id": "r1"}))[0].value == "newer"


async def test_collections_whose_every_row_would_have_to_be_told_are_not_subscribed_to(
    tmp_path: Path,
) -> None:
    """Telling us of each row that we make through /items takes Directus longer than the row."""
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, server):
        assert set(server.subscribed) == {"Site", "Plan", "Reading", "DeadLetter"}
        assert set(server.subscribed["Reading"]) == {"id", "site", "kind", "value"}
        await store.records.write(Put(SITE, "s1", {}), Put(EVENT, "e1", {"site": "s1"}))
        for _ in range(2):
            assert len(await store.records.find(EVENT, {"site": "s1"})) == 1
        assert store.stats().found_in_memory == 0


class Churn:
    """Readings that we and an operator write, that go and come, over a line that is cut, and
    everybody asks for."""

    def __init__(
        self, seed: int, store: Store, directus: FakeDirectus, server: RealtimeServer
    ) -> None:
        self.random = random.Random(seed)
        self.store, self.directus, self.server = store, directus, server
        self.number = 0

    def fields(self) -> dict[str, Any]:
        self.number += 1
        return {
            "site": self.random.choice(SITES),
            "kind": self.random.choice(["limit", "other", None]),
            "value": str(self.number % 3),
        }

    def some(self) -> dict[str, Any]:
        fields = self.fields()
        return {name: fields[name] for name in self.random.sample(list(fields), 2)}

    def questions(self) -> list[dict[str, Any]]:
        values: list[dict[str, Any]] = [{}, {"kind": None}]
        values += [{"id": key} for key in KEYS]
        values += [{"site": site} for site in SITES]
        values += [{"site": site, "kind": "limit"} for site in SITES]
        values += [{"value": str(number), "site": site} for number in range(3) for site in SITES]
        return values

    async def ours(self) -> None:
        key = self.random.choice(KEYS)
        change: Change = Put(READING, key, self.fields())
        if self.random.random() < 0.2:
            change = Delete(READING, key)
        elif self.random.random() < 0.2:
            change = Put(READING, key, self.some())
        await self.store.records.write(change)
        if self.random.random() < 0.1:
            mine = str(self.number)
            await self.store.records.write(Put(READING, "mine", {"value": mine}))
            (found,) = await self.store.records.find(READING, {"id": "mine"})
            assert int(found.value or 0) >= int(mine)  # or what another has written since

    async def operators(self) -> None:
        key = self.random.choice(KEYS)
        match self.random.randrange(6):
            case 0:
                self.directus.remove("Reading", key)
            case 1:
                self.directus.remove("Site", self.random.choice(SITES))
            case 2:
                self.directus.edit("Site", self.random.choice(SITES))
            case 3:
                self.directus.edit("Reading", key, **self.fields())
            case _:
                if key in self.directus.tables["Reading"]:
                    self.directus.edit("Reading", key, **self.some())

    async def ask(self) -> None:
        where = self.random.choice(self.questions())
        await self.store.records.find(READING, where, limit=self.random.choice([2, 100]))

    async def line(self) -> None:
        if self.random.random() < 0.15:
            await self.server.cut()
        self.directus.latency = self.random.choice([0, 0, 0.002, 0.005])

    async def go(self, steps: int) -> None:
        async def several() -> None:
            for _ in range(steps):
                deed = self.random.choices(
                    [self.ours, self.operators, self.ask, self.line], [8, 8, 30, 1]
                )[0]
                await deed()
                await asyncio.sleep(self.random.choice([0, 0, 0.001]))

        await asyncio.gather(*(several() for _ in range(3)))
        self.directus.latency = 0

    async def wrong(self, limit: int) -> list[Any]:
        """The questions whose answers are not those that Directus' rows give."""
        found = []
        for where in self.questions():
            rows = [r for r in self.directus.tables["Reading"].values() if _fits(r, where)]
            rows.sort(key=lambda row: str(row["id"]))
            truth = [Reading.model_validate(row) for row in rows[:limit]]
            if await self.store.records.find(READING, where, limit=limit) != truth:
                found.append(where)
        return found


def _fits(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(row.get(name) == value for name, value in where.items())


@pytest.mark.parametrize("seed", range(8))
async def test_at_rest_every_answer_is_what_directus_holds(tmp_path: Path, seed: int) -> None:
    directus = fake_directus()
    directus.parents = {"Reading": ("site", "Site")}
    for site in SITES:
        directus.edit("Site", site)
    directus.before = _sites_stay(directus)
    async with running(tmp_path, directus, on_demand_records=150) as (store, server):
        churn = Churn(seed, store, directus, server)
        await churn.go(150)
        assert await store.records.settled(9)
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)
        for limit in (2, 100):
            async with asyncio.timeout(9):
                while wrong := await churn.wrong(limit):
                    await asyncio.sleep(0.01)
            assert wrong == []
        stats = store.stats()
        assert stats.found_in_memory > 20
        assert stats.on_demand_records <= 150


def _sites_stay(directus: FakeDirectus) -> Any:
    """An operator who removes a site makes it again before a reading of ours arrives."""

    def mend(_request: object) -> None:
        for site in SITES:
            directus.tables["Site"].setdefault(site, {"id": site})

    return mend
