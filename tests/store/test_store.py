"""The store as its users see it, on a Directus in memory that can fail in every way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from citrine_py.errors import BadRequest, DirectusError, StoreUnavailable
from citrine_py.ports import Delete, Put
from tests.store.fake_directus import Refusal
from tests.store.support import eventually, fake_directus, make_store, running
from tests.store.things import EVENT, PLAN, READING, SECRET, SITE, Plan, Site

T0 = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


async def test_reads_come_from_memory_without_a_call_to_directus(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One", online=True)
    async with running(tmp_path, directus) as (store, _):
        before = len(directus.requests)
        assert store.records.get(SITE, "s1") == Site(id="s1", name="One", online=True)
        assert store.records.select(SITE, online=True) == [store.records.get(SITE, "s1")]
        assert store.records.select(SITE, online=False) == []
        assert store.records.get(SITE, "s2") is None
        assert len(directus.requests) == before


async def test_a_write_is_in_memory_at_once_and_in_directus_soon(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        writing = asyncio.create_task(
            store.records.write(
                Put(PLAN, "s1", {"site": "s1", "status": "Accepted"}),
                Put(SITE, "s1", {"online": True, "seen": T0}),
            )
        )
        await asyncio.sleep(0)
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True, seen=T0)
        await writing
        assert await store.records.settled(5)
        assert directus.tables["Site"]["s1"]["seen"] == "2026-01-01T12:00:00.123Z"
        assert directus.tables["Plan"]["s1"]["status"] == "Accepted"
        assert store.stats().journal_rows == 0


async def test_changes_of_a_record_that_gather_are_one_call(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, flush_interval=2.0) as (store, _):
        for number in range(50):
            await store.records.write(Put(SITE, "s1", {"model": f"m{number}"}))
        assert await store.records.settled(5)
        assert store.stats().directus_calls.get("create", 0) <= 3
        assert directus.tables["Site"]["s1"]["model"] == "m49"


async def test_an_operators_edit_is_in_force_at_once(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Accepted")
    seen: list[tuple[str, Plan | None, Plan | None]] = []
    async with running(tmp_path, directus) as (store, _):
        store.watch(PLAN, lambda key, old, new: seen.append((key, old, new)))
        directus.edit("Plan", "s1", status="Pending", interval=7)
        new = Plan(id="s1", status="Pending", interval=7)
        await eventually(lambda: store.records.get(PLAN, "s1") == new)
        assert seen == [("s1", Plan(id="s1", status="Accepted"), new)]


async def test_our_own_writes_are_not_told_to_watchers(tmp_path: Path) -> None:
    directus = fake_directus()
    seen: list[str] = []
    async with running(tmp_path, directus) as (store, _):
        store.watch(SITE, lambda key, old, new: seen.append(key))
        for number in range(20):
            await store.records.write(Put(SITE, "s1", {"model": str(number)}))
            await asyncio.sleep(0.003)
        assert await store.records.settled(5)
        await asyncio.sleep(0.1)
        assert seen == []


async def test_a_watcher_that_fails_harms_nobody(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):

        def fail(key: str, old: object, new: object) -> None:
            raise RuntimeError("mine")

        store.watch(SITE, fail)
        directus.edit("Site", "s1", name="a")
        directus.edit("Site", "s2", name="b")
        await eventually(lambda: store.records.get(SITE, "s2"))
        assert store.records.get(SITE, "s1") == Site(id="s1", name="a")


async def test_a_conditional_field_yields_to_an_operator_who_was_quicker(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending", wrong=[{"a": 1}])
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        directus.edit("Plan", "s1", status="Rejected")  # before anything was told or read
        await store.records.write(
            Put(
                PLAN,
                "s1",
                {"status": "Accepted", "wrong": [], "progress": "Done"},
                only_over={"status": "Pending", "wrong": [{"a": 1}]},
            )
        )
        assert await store.records.settled(5)
        row = directus.tables["Plan"]["s1"]
        assert (row["status"], row["wrong"], row["progress"]) == ("Rejected", [], "Done")
        await eventually(lambda: store.records.get(PLAN, "s1").status == "Rejected")


async def test_a_chain_of_conditional_writes_arrives_whole(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending")
    async with running(tmp_path, directus) as (store, _):
        for old, new in [("Pending", "Accepted"), ("Accepted", "Rejected"), ("Rejected", None)]:
            await store.records.write(Put(PLAN, "s1", {"status": new}, only_over={"status": old}))
            await asyncio.sleep(0.002)
        assert store.records.get(PLAN, "s1").status is None
        assert await store.records.settled(5)
        assert directus.tables["Plan"]["s1"]["status"] is None


async def test_a_lost_answer_does_not_break_a_chain_of_conditional_writes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Plan", "s1", status="Pending")
    async with running(tmp_path, directus) as (store, _):
        lost: list[str] = []

        def lose(request: httpx.Request) -> httpx.Response | None:
            if request.method == "PATCH" and len(lost) < 4:
                lost.append(request.url.path)
                raise httpx.ReadError("cut")
            return None

        directus.after = lose
        for old, new in [("Pending", "Accepted"), ("Accepted", "Rejected")]:
            await store.records.write(Put(PLAN, "s1", {"status": new}, only_over={"status": old}))
            await asyncio.sleep(0.02)
        assert await store.records.settled(8)
        assert directus.tables["Plan"]["s1"]["status"] == "Rejected"
        await eventually(lambda: store.records.get(PLAN, "s1").status == "Rejected")


async def test_a_row_that_an_operator_deletes_goes_with_our_pending_changes(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    directus.edit("Plan", "s1", site="s1", status="Pending")
    async with running(tmp_path, directus, flush_interval=4.0) as (store, _):
        await store.records.write(Put(SITE, "s1", {"online": True}))
        directus.remove("Site", "s1")
        await eventually(lambda: store.records.get(SITE, "s1") is None)
        await eventually(lambda: store.records.get(PLAN, "s1") is None)  # cascaded, no event
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.stats().journal_rows == 0
        await store.records.write(Put(SITE, "s1", {"online": False}))
        assert await store.records.settled(5)
        assert directus.tables["Site"]["s1"]["online"] is False


async def test_an_update_of_a_row_deleted_unseen_is_dropped(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        directus.tables["Site"].clear()
        await store.records.write(Put(SITE, "s1", {"online": True}))
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.records.get(SITE, "s1") is None


async def test_deleting_and_making_anew_leaves_only_the_new_fields(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One", model="old")
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Delete(SITE, "s1"), Put(SITE, "s1", {"online": True}))
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True)
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {"s1": {"id": "s1", "online": True}}
        await asyncio.sleep(0.1)
        assert store.records.get(SITE, "s1") == Site(id="s1", online=True)
        await store.records.write(Delete(SITE, "s1"), Delete(SITE, "never"))
        assert await store.records.settled(5)
        assert directus.tables["Site"] == {}
        assert store.records.get(SITE, "s1") is None


async def test_touches_are_in_memory_at_once_and_in_directus_in_one_batch(tmp_path: Path) -> None:
    directus = fake_directus()
    for number in range(20):
        directus.edit("Site", f"s{number:02}", name="x")
    async with running(tmp_path, directus, touch_interval=0.2) as (store, _):
        for number in range(20):
            store.records.touch(SITE, f"s{number:02}", seen=T0 + timedelta(seconds=number))
        store.records.touch(SITE, "unknown", seen=T0)
        assert store.records.get(SITE, "s03").seen == T0 + timedelta(seconds=3)
        assert store.stats().journal_rows == 0
        await eventually(lambda: directus.tables["Site"]["s19"].get("seen"))
        assert store.stats().directus_calls["update"] == 1
        assert "unknown" not in directus.tables["Site"]


async def test_a_later_put_overrules_an_earlier_touch(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="x")
    async with running(tmp_path, directus) as (store, _):
        store.records.touch(SITE, "s1", seen=T0, model="touched")
        await store.records.write(Put(SITE, "s1", {"seen": T0 + timedelta(1)}))
        assert store.records.get(SITE, "s1").seen == T0 + timedelta(1)
        assert await store.records.settled(5)
        row = directus.tables["Site"]["s1"]
        assert (row["seen"], row["model"]) == ("2026-01-02T12:00:00.123Z", "touched")


async def test_find_reads_directus_with_our_own_latest_writes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    for number in range(7):
        directus.tables["Reading"][f"r{number}"] = {
            "id": f"r{number}", "site": "s1", "value": None, "at": f"2026-01-0{number + 1}T00:00:00"
        }  # fmt: skip
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(READING, "r9", {"site": "s1", "at": T0, "value": "mine"}))
        found = await store.records.find(READING, {"site": "s1"}, newest_first="at", limit=3)
        assert [each.id for each in found] == ["r6", "r5", "r4"]
        assert found[0].at == datetime(2026, 1, 7, tzinfo=UTC)
        mine = await store.records.find(READING, {"site": "s1", "value": "mine"})
        assert [each.id for each in mine] == ["r9"]
        unset = await store.records.find(READING, {"value": None}, offset=5)
        assert [each.id for each in unset] == ["r5", "r6"]


async def test_find_lays_changes_under_way_on_what_directus_holds(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    for name in ("kept", "gone", "moved"):
        directus.tables["Reading"][name] = {"id": name, "site": "s1", "value": "old"}
    async with running(tmp_path, directus, flush_interval=100.0) as (store, _):
        await store.records.write(
            Put(READING, "new", {"site": "s1", "value": "old"}),
            Put(READING, "moved", {"value": "other"}),
            Delete(READING, "gone"),
        )
        found = await store.records.find(READING, {"value": "old"})
        assert sorted(each.id for each in found) == ["kept", "new"]


async def test_find_in_a_resident_collection_costs_no_call(tmp_path: Path) -> None:
    directus = fake_directus()
    for number in range(5):
        directus.edit("Site", f"s{number}", name="n", seen=f"2026-01-0{number + 1}T00:00:00.000Z")
    async with running(tmp_path, directus) as (store, _):
        before = len(directus.requests)
        found = await store.records.find(
            SITE, {"name": "n"}, newest_first="seen", limit=2, offset=1
        )
        assert [each.id for each in found] == ["s3", "s2"]
        assert len(directus.requests) == before


async def test_find_says_when_directus_is_away(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503)
        with pytest.raises(DirectusError):
            await store.records.find(READING, {})


async def test_a_second_view_of_a_table_follows_edits_and_deletes(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1")
    async with running(tmp_path, directus) as (store, _):
        directus.edit("Reading", "s1", site="s1", hash="h1")
        await eventually(lambda: store.records.get(SECRET, "s1"))
        assert store.records.select(SECRET, site="s1")[0].hash == "h1"
        await store.records.write(Put(SECRET, "s1", {"hash": "h2"}))
        assert await store.records.settled(5)
        assert directus.tables["Reading"]["s1"]["hash"] == "h2"
        await store.records.write(Put(READING, "other", {"site": "s1", "value": "v"}))
        assert store.records.get(SECRET, "other") is None
        directus.remove("Reading", "s1")
        await eventually(lambda: store.records.get(SECRET, "s1") is None)
        await store.records.write(Put(SECRET, "s1", {"site": "s1", "hash": "h3"}))
        await store.records.write(Delete(READING, "s1"))
        assert store.records.get(SECRET, "s1") is None


async def test_parents_go_first_and_children_are_deleted_first(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        await store.records.write(
            Put(EVENT, "e1", {"site": "s1", "text": "t"}),
            Put(READING, "r1", {"site": "s1"}),
            Put(PLAN, "s1", {"site": "s1"}),
            Put(SITE, "s1", {}),
        )
        assert await store.records.settled(5)
        writes = [r[1] for r in directus.requests if r[0] == "POST"]
        assert writes == ["/items/Site", "/items/Plan", "/citrine/upsert", "/items/Event"]
        await store.records.write(Delete(SITE, "s1"), Delete(PLAN, "s1"))
        assert await store.records.settled(5)
        assert [r[1] for r in directus.requests if r[0] == "DELETE"] == [
            "/items/Plan",
            "/items/Site",
        ]


async def test_while_directus_is_away_writes_are_as_quick_and_arrive_later(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503, headers={"Retry-After": "1"})
        async with asyncio.timeout(2):
            for number in range(100):
                await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
        await eventually(lambda: store.stats().directus_away > 0)
        assert store.stats().journal_rows == 100
        assert not await store.records.settled(0.05)
        directus.before = None
        assert await store.records.settled(8)
        assert len(directus.tables["Site"]) == 100
        assert store.stats().directus_away == 0


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504])
async def test_no_status_of_an_unwell_directus_rejects_a_row(tmp_path: Path, status: int) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(status)
        await store.records.write(
            Put(SITE, "s1", {"model": "m"}), Put(READING, "r", {"site": "s1"})
        )
        await asyncio.sleep(0.5)
        assert store.stats().rejected == 0
        directus.before = None
        assert await store.records.settled(8)
        assert directus.tables["Reading"]["r"]["site"] == "s1"


async def test_garbage_and_cut_answers_are_tried_again(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        tricks = [
            httpx.Response(200, content=b"<html>"),
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("cut"),
            httpx.Response(500),
            httpx.ConnectError("down"),
        ] * 3

        def trick(request: httpx.Request) -> httpx.Response | None:
            if request.method == "SEARCH" or not tricks:
                return None
            answer = tricks.pop()
            if isinstance(answer, Exception):
                raise answer
            return answer

        directus.after = trick  # the write happened, its answer is lost
        for number in range(40):
            await store.records.write(
                Put(SITE, f"s{number}", {"model": "m"}),
                Put(EVENT, f"e{number}", {"site": f"s{number}", "text": "t"}),
            )
        assert await store.records.settled(9)
        assert len(directus.tables["Site"]) == len(directus.tables["Event"]) == 40
        assert store.stats().rejected == 0


async def test_a_rejected_row_is_set_aside_and_blocks_nobody(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: (
        Refusal(400, "VALUE_TOO_LONG") if row.get("model") == "bad" else None
    )
    directus.edit("Site", "s005", name="kept")
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        await store.records.write(
            *(
                Put(SITE, f"s{n:03}", {"model": "bad" if n % 50 == 5 else "good"})
                for n in range(200)
            )
        )
        assert store.records.get(SITE, "s005").model == "bad"
        assert await store.records.settled(8)
        assert sum(row.get("model") == "good" for row in directus.tables["Site"].values()) == 196
        assert store.stats().rejected == 4
        assert store.stats().journal_rows == 0
        assert store.records.get(SITE, "s005").model is None  # back to what Directus holds
        assert store.records.get(SITE, "s055") is None
        rejected = await store.rejected()
        assert {each.change.key for each in rejected} == {"s005", "s055", "s105", "s155"}
        assert "VALUE_TOO_LONG" in rejected[0].reason
        directus.bad = lambda table, row: None
        assert await store.retry_rejected() == 4
        assert await store.records.settled(8)
        assert directus.tables["Site"]["s155"]["model"] == "bad"
        assert store.stats().rejected == 0


async def test_a_row_that_makes_directus_fail_is_set_aside_in_the_end(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: (
        Refusal(500, "INTERNAL_SERVER_ERROR") if row.get("model") == "poison" else None
    )
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "p", {"model": "poison"}))
        for number in range(200):
            await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
            await asyncio.sleep(0.005)
            if store.stats().rejected:
                break
        await eventually(lambda: store.stats().rejected == 1)
        assert len(directus.tables["Site"]) > 1


async def test_a_row_that_is_forbidden_alone_holds_up_no_other(tmp_path: Path) -> None:
    """Directus answers FORBIDDEN to a key of a wrong form too."""
    directus = fake_directus()
    directus.bad = lambda table, row: Refusal(403, "FORBIDDEN") if row["id"] == "odd" else None
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "odd", {"model": "m"}))
        for number in range(200):
            await store.records.write(Put(SITE, f"s{number}", {"model": "m"}))
            await asyncio.sleep(0.005)
        await eventually(lambda: store.stats().rejected == 1)
        assert await store.records.settled(5)
        assert len(directus.tables["Site"]) == 200


async def test_a_missing_right_rejects_nothing_and_costs_few_calls(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.bad = lambda table, row: Refusal(403, "FORBIDDEN") if table == "Event" else None
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(
            *(Put(EVENT, f"e{number}", {"text": "t"}) for number in range(400))
        )
        await store.records.write(Put(SITE, "s1", {"model": "m"}))
        await asyncio.sleep(1)
        assert store.stats().rejected == 0
        assert store.stats().directus_calls["create"] < 100
        assert "s1" in directus.tables["Site"]
        directus.bad = lambda table, row: None
        assert await store.records.settled(8)
        assert len(directus.tables["Event"]) == 400


async def test_a_child_whose_parent_comes_late_is_not_rejected(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        store.records.post(Put(READING, "r1", {"site": "late"}))
        await asyncio.sleep(0.05)
        await store.records.write(Put(SITE, "late", {}))
        assert await store.records.settled(8)
        assert directus.tables["Reading"]["r1"]["site"] == "late"
        assert store.stats().rejected == 0


async def test_a_collection_that_is_not_provisioned_yet_waits(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        rows = directus.tables.pop("Event")
        await store.records.write(Put(SITE, "s1", {}), Put(EVENT, "e1", {"site": "s1"}))
        await eventually(lambda: "s1" in directus.tables["Site"])
        await asyncio.sleep(0.2)
        assert store.stats().rejected == 0
        directus.tables["Event"] = rows
        assert await store.records.settled(8)
        assert "e1" in directus.tables["Event"]


async def test_a_full_journal_refuses_writes_and_drops_the_message_log_before(
    tmp_path: Path,
) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus, journal_limit=20_000) as (store, _):
        directus.before = lambda request: httpx.Response(503)
        for number in range(200):
            store.records.post(Put(READING, f"r{number}", {"value": "x" * 100}))
        assert 0.8 < store.stats().journal_filling < 0.82
        assert store.stats().dropped_posts > 50
        taken: list[str] = []

        async def fill() -> None:
            for number in range(200):
                await store.records.write(Put(SITE, f"s{number}", {"model": "x" * 100}))
                taken.append(f"s{number}")

        with pytest.raises(StoreUnavailable):
            await fill()
        assert {each.id for each in store.records.select(SITE)} == set(taken)
        assert store.stats().journal_filling <= 1
        directus.before = None
        assert await store.records.settled(8)
        await store.records.write(Put(SITE, "again", {}))


async def test_a_wrong_value_is_the_callers_mistake_and_changes_nothing(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        for fields in ({"online": "perhaps"}, {"nonsense": 1}):
            with pytest.raises(BadRequest):
                await store.records.write(
                    Put(SITE, "s0", {"online": True}), Put(SITE, "s1", fields)
                )
        assert store.records.get(SITE, "s0") is None
        assert store.stats().journal_rows == 0


async def test_an_operators_odd_value_becomes_none_and_the_rest_counts(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        directus.edit("Plan", "s1", status="Nonsense", interval="many", progress="Done")
        await eventually(lambda: store.records.get(PLAN, "s1"))
        assert store.records.get(PLAN, "s1") == Plan(id="s1", progress="Done")


async def test_a_lost_subscription_is_reloaded_and_polled_meanwhile(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="a")
    async with running(tmp_path, directus) as (store, server):
        server.refuse = True
        await server.cut()
        await eventually(lambda: not store.stats().subscribed)
        directus.edit("Site", "s1", name="b")
        directus.edit("Site", "s2", name="new")
        await eventually(lambda: store.records.get(SITE, "s2"))
        assert store.records.get(SITE, "s1").name == "b"
        assert store.stats().staleness > 0
        directus.remove("Site", "s2")
        await eventually(lambda: store.records.get(SITE, "s2") is None)
        server.refuse = False
        await eventually(lambda: store.stats().subscribed and store.stats().staleness == 0)


async def test_directus_pings_are_answered(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (_, server):
        await server.ping()
        await eventually(lambda: server.pongs == 1)


async def test_a_new_start_delivers_what_an_earlier_run_left(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: httpx.Response(503)
        await store.records.write(
            Put(SITE, "s1", {"model": "kept"}), Put(PLAN, "p", {"site": "s1"})
        )
        store.records.post(Put(READING, "r", {"site": "s1"}))
    directus.before = None
    async with running(tmp_path, directus) as (store, _):
        assert await store.records.settled(8)
        assert directus.tables["Site"]["s1"] == {"id": "s1", "name": "One", "model": "kept"}
        assert directus.tables["Plan"]["p"]["site"] == "s1"
        assert directus.tables["Reading"]["r"]["site"] == "s1"


async def test_a_start_without_directus_serves_the_last_known_state(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    directus.edit("Site", "s2", name="Two")
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Delete(SITE, "s2"), Put(SITE, "s1", {"model": "m"}))
        assert await store.records.settled(5)
    directus.before = lambda request: httpx.Response(503)
    store = make_store(tmp_path, directus, "http://127.0.0.1:9", first_load=0.1)
    await store.start()
    try:
        assert store.records.get(SITE, "s1") == Site(id="s1", name="One", model="m")
        assert store.records.get(SITE, "s2") is None
        assert not store.ready
        directus.before = None
        await eventually(lambda: store.ready)
    finally:
        await store.stop(1)


async def test_a_first_start_waits_for_directus(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.before = lambda request: httpx.Response(503)
    store = make_store(tmp_path, directus, "http://127.0.0.1:9")
    starting = asyncio.create_task(store.start())
    await asyncio.sleep(0.5)
    assert not starting.done()
    directus.before = None
    await asyncio.wait_for(starting, 5)
    await store.stop(1)


async def test_two_services_cannot_share_a_journal(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus):
        second = make_store(tmp_path, directus, "http://127.0.0.1:9")
        with pytest.raises(StoreUnavailable, match="journal"):
            await second.start()
        await second.stop(0)
