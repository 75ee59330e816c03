"""Memory catches up with what changed: nothing is missed, and nothing read that need not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from citrine_py.ports import Put
from citrine_py.store import loading
from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus
from tests.store.fake_realtime import RealtimeServer
from tests.store.support import eventually, fake_directus, running
from tests.store.things import PLAN, SECRET, SITE

SITES = 40


def a_world() -> FakeDirectus:
    directus = fake_directus()
    for number in range(SITES):
        directus.edit("Site", f"s{number:02}", name="n")
        directus.edit("Plan", f"s{number:02}", site=f"s{number:02}", status="Pending")
    directus.edit("Reading", "r1", site="s01", hash="h")
    return directus


async def cut(store: Store, server: RealtimeServer) -> None:
    server.refuse = True
    await server.cut()
    await eventually(lambda: not store.stats().subscribed)


async def mended(store: Store, server: RealtimeServer) -> None:
    server.refuse = False
    await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)


def asked_for(directus: FakeDirectus, since: int) -> list[str]:
    """The keys of the rows that were asked for since so many requests; "*" is all."""
    keys: list[str] = []
    for method, _, body in directus.requests[since:]:
        if method == "SEARCH":
            where = body["query"].get("filter") or {}
            keys += where["id"]["_in"] if "id" in where else ["*"]
    return keys


async def test_after_a_cut_only_what_changed_is_read(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        assert store.stats().rows_read["load"] == 2 * SITES + 1
        since = len(directus.requests)
        with capture_logs() as logs:
            await cut(store, server)
            directus.edit("Site", "s03", name="changed")
            directus.edit("Site", "new", name="new")
            directus.remove("Site", "s05")  # its plan goes with it, untold
            directus.edit("Reading", "r2", site="s03", hash="h2")
            directus.edit("Reading", "r1", hash=None)
            await mended(store, server)
        # s05, for it was the site of a plan
        assert set(asked_for(directus, since)) == {"new", "s03", "s05"}
        assert store.records.get(SITE, "s03").name == "changed"
        assert store.records.get(SITE, "new")
        assert store.records.get(SITE, "s05") is None
        assert store.records.get(PLAN, "s05") is None
        assert [each.id for each in store.records.select(SECRET)] == ["r2"]
        loaded = [each for each in logs if each["event"] == "records.loaded"]
        assert [each["whole"] for each in loaded] == [[]]
        assert loaded[0]["rows"] <= 3
        assert loaded[0]["stale"] > 0


async def test_a_delete_is_missed_though_as_many_rows_came(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        await cut(store, server)
        for number in range(5):
            directus.remove("Plan", f"s{number:02}")
            directus.edit("Plan", f"p{number}", status="Accepted")
        await mended(store, server)
        keys = {each.id for each in store.records.select(PLAN)}
        assert keys == directus.tables["Plan"].keys()


async def test_after_a_restart_of_the_database_everything_is_read(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        with capture_logs() as logs:
            await cut(store, server)
            directus.extension.forget()
            directus.edit("Site", "s03", name="changed")
            await eventually(lambda: store.records.get(SITE, "s03").name == "changed")
            await mended(store, server)
        assert store.stats().rows_read["load"] >= 2 * (2 * SITES + 1)
        assert logs
        since = len(directus.requests)
        await cut(store, server)
        directus.edit("Site", "s04", name="changed")
        await mended(store, server)
        assert set(asked_for(directus, since)) == {"s04"}


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "INVALID_PAYLOAD"), (403, "FORBIDDEN"), (404, "ROUTE_NOT_FOUND"), (500, "INTERNAL")],
)
async def test_where_changes_cannot_be_told_everything_is_read(
    tmp_path: Path, status: int, code: str
) -> None:
    directus = a_world()
    told = {"errors": [{"message": "no", "extensions": {"code": code}}]}

    def without(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(status, json=told) if request.url.path == "/citrine/changes" else None

    directus.before = without
    with capture_logs() as logs:
        async with running(tmp_path, directus) as (store, server):
            assert len(store.records.select(SITE)) == SITES
            await cut(store, server)
            directus.edit("Site", "s03", name="changed")
            directus.remove("Site", "s05")
            await mended(store, server)
            assert store.records.get(SITE, "s03").name == "changed"
            assert store.records.get(SITE, "s05") is None
            directus.before = None
            await cut(store, server)
            directus.edit("Site", "s04", name="changed")
            await mended(store, server)
            assert store.records.get(SITE, "s04").name == "changed"
    assert [each["event"] for each in logs].count("changes.unknown") == 1


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, json={"data": []})])
async def test_while_directus_is_away_nothing_is_taken_for_gone(
    tmp_path: Path, answer: httpx.Response
) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        directus.before = lambda request: answer
        await cut(store, server)
        directus.remove("Site", "s05")
        server.refuse = False
        await eventually(lambda: store.stats().subscribed)
        assert store.records.get(SITE, "s05")
        assert store.stats().staleness > 0
        directus.before = None
        await mended(store, server)
        assert store.records.get(SITE, "s05") is None
        assert len(store.records.select(SITE)) == SITES - 1


async def test_rows_in_doubt_stay_so_until_they_were_read(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        failures = [0]

        def fail(request: httpx.Request) -> httpx.Response | None:
            if request.url.path == "/items/Site" and failures[0] < 7:
                failures[0] += 1
                return httpx.Response(502)
            return None

        directus.before = fail
        stale = {"id": "s03", "name": "of before"}  # the row has not changed since the mark
        event = {"type": "subscription", "event": "update", "uid": "Site", "data": [stale]}
        again = {"type": "citrine", "collection": "Site", "keys": ["s03"]}
        await server.say(event, again)
        await eventually(lambda: failures[0] == 7)
        await eventually(lambda: store.records.get(SITE, "s03").name == "n")


async def test_an_event_of_before_that_came_late_is_undone_though_the_next_was_lost(
    tmp_path: Path,
) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        directus.tables["Site"]["s03"]["name"] = "second"
        await server.say({"type": "subscribe", "status": "error"})  # has it catch up
        await eventually(lambda: store.records.get(SITE, "s03").name == "second")
        late = {"id": "s03", "name": "first"}
        await server.say({"type": "subscription", "event": "update", "uid": "Site", "data": [late]})
        await eventually(lambda: store.records.get(SITE, "s03").name == "first")
        await cut(store, server)  # with the event that said "second"
        await mended(store, server)
        await eventually(lambda: store.records.get(SITE, "s03").name == "second")
        assert store.stats().rows_read["load"] == 2 * SITES + 1


async def test_what_nobody_tells_of_is_seen_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL by hand, or an event that got lost: memory catches up now and then."""
    monkeypatch.setattr(loading, "_REFRESH", 0.1)
    directus = a_world()
    async with running(tmp_path, directus) as (store, _):
        directus.tables["Site"]["s03"]["name"] = "by hand"
        del directus.tables["Plan"]["s04"]
        await eventually(lambda: store.records.get(SITE, "s03").name == "by hand")
        await eventually(lambda: store.records.get(PLAN, "s04") is None)
        assert store.stats().staleness == 0
        assert store.stats().rows_read["load"] == 2 * SITES + 1


async def test_what_was_told_of_before_its_commit_is_read_again(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        for interval in range(20):
            directus.edit_list("Plan", ["s01", "s02", "s03"], interval=interval)
        await eventually(
            lambda: {store.records.get(PLAN, f"s0{n}").interval for n in (1, 2, 3)} == {19}
        )
        directus.tables["Location"] = {}
        tell: list[Any] = [{"type": "citrine", "collection": "Location", "keys": ["x"]}]
        tell.append({"type": "citrine", "collection": "Site", "keys": None})
        directus.tables["Site"]["s03"]["name"] = "made without a key"
        await server.say(*tell)
        await eventually(lambda: store.records.get(SITE, "s03").name == "made without a key")


async def test_an_event_that_directus_could_not_read_is_caught_up_with(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        directus.tables["Site"]["s03"]["name"] = "changed"
        error = {"code": "INTERNAL", "message": "no connection"}
        await server.say({"type": "subscribe", "status": "error", "error": error})
        await eventually(lambda: store.records.get(SITE, "s03").name == "changed")


async def test_our_own_changes_on_the_way_survive_catching_up(tmp_path: Path) -> None:
    directus = a_world()
    async with running(tmp_path, directus) as (store, server):
        directus.before = lambda request: (
            httpx.Response(503) if request.url.path == "/citrine/update" else None
        )
        await store.records.write(Put(SITE, "s03", {"model": "ours"}))
        await cut(store, server)
        directus.edit("Site", "s03", name="theirs")
        await mended(store, server)
        site = store.records.get(SITE, "s03")
        assert (site.name, site.model) == ("theirs", "ours")
        directus.before = None
        assert await store.records.settled(8)
        assert directus.tables["Site"]["s03"]["model"] == "ours"
        assert store.records.get(SITE, "s03").model == "ours"
