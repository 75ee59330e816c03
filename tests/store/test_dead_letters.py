"""What Directus refused is seen, retried or given up; nothing newer is undone by it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from citrine_py.model.dead_letters import DEAD_LETTER, DeadLetter
from citrine_py.model.keys import dead_letter_key
from citrine_py.ports import Delete, Put
from citrine_py.store import letter_box
from citrine_py.store.changes import Op
from citrine_py.store.journal import Change, Journal
from citrine_py.store.store import Store
from tests.store.fake_directus import FakeDirectus, Refusal
from tests.store.support import eventually, fake_directus, make_store, running
from tests.store.things import EVENT, PLAN, READING, SECRET, SITE

LETTER = dead_letter_key("Site", "s1")


def refusing(field: str = "model", code: str = "FAILED_VALIDATION") -> FakeDirectus:
    """A Directus with a rule: no row may have "bad" in `field`."""
    directus = fake_directus()
    directus.bad = lambda table, row: Refusal(400, code) if row.get(field) == "bad" else None
    return directus


def allow(directus: FakeDirectus) -> None:
    directus.bad = lambda table, row: None


def letters(store: Store) -> list[DeadLetter]:
    return list(store.records.select(DEAD_LETTER))


async def settled(store: Store) -> None:
    assert await store.records.settled(8)


async def refused(store: Store, *changes: Put, key: str = LETTER, times: int = 1) -> DeadLetter:
    """Writes what Directus will refuse; the letter as Directus shows it."""
    await store.records.write(*changes)
    await eventually(lambda: shown(store, key).timesRefused == times)
    await settled(store)
    return shown(store, key)


def shown(store: Store, key: str = LETTER) -> DeadLetter:
    return store.records.get(DEAD_LETTER, key) or DeadLetter(id="none")


async def retry_all(store: Store) -> None:
    for each in letters(store):
        if store.records.get(DEAD_LETTER, each.id) is not None:  # it may have gone meanwhile
            await store.records.write(Put(DEAD_LETTER, each.id, {"status": "Retry"}))


async def gone(store: Store, directus: FakeDirectus) -> None:
    """All letters, here and there."""
    await eventually(lambda: not letters(store) and not store.stats().dead_letters)
    await settled(store)
    assert directus.tables["DeadLetter"] == {}


# ---- what is set aside -------------------------------------------------------------------


async def test_a_refused_change_is_shown_with_its_reason(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        row = directus.tables["DeadLetter"][LETTER]
        assert (row["collection"], row["item"], row["station"]) == ("Site", "s1", "s1")
        assert (row["change"], row["payload"]) == ("Put", {"model": "bad", "online": True})
        assert (row["status"], row["code"], row["timesRefused"]) == (
            "Open",
            "FAILED_VALIDATION",
            1,
        )
        assert row["reason"] == "A field's rule is broken."
        assert row["firstRefusedAt"] == row["lastRefusedAt"]
        assert store.stats().journal_rows == 0


async def test_a_record_that_is_refused_again_and_again_has_one_letter_with_the_latest(
    tmp_path: Path,
) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        first = await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        later = Put(SITE, "s1", {"model": "bad", "online": False})
        last = await refused(store, later, times=2)
        assert len(directus.tables["DeadLetter"]) == store.stats().dead_letters == 1
        assert store.stats().rejected == 2
        assert last.payload == {"model": "bad", "online": False}
        assert last.firstRefusedAt == first.firstRefusedAt
        assert last.lastRefusedAt > last.firstRefusedAt


async def test_a_letter_shows_no_secret_and_keeps_it_for_the_retry(tmp_path: Path) -> None:
    directus = refusing("hash", "NOT_NULL_VIOLATION")
    key = dead_letter_key("Reading", "r1")
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "s1", {}))
        put = Put(SECRET, "r1", {"hash": "bad", "site": "s1"})
        letter = await refused(store, put, key=key)
        assert letter.payload == {"hash": "(not shown)", "site": "(not shown)"}
        assert "bad" not in str(directus.tables["DeadLetter"])
        allow(directus)
        directus.edit("DeadLetter", key, status="Retry")
        await gone(store, directus)
        assert directus.tables["Reading"]["r1"]["hash"] == "bad"


async def test_a_secret_column_is_hidden_in_a_change_that_has_others_too(tmp_path: Path) -> None:
    directus = refusing("value")
    key = dead_letter_key("Reading", "r1")
    async with running(tmp_path, directus, flush_interval=1.0) as (store, _):
        await store.records.write(Put(SECRET, "r1", {"hash": "secret"}))
        await refused(store, Put(READING, "r1", {"value": "bad"}), key=key)
        assert "secret" not in str(directus.tables["DeadLetter"])
        allow(directus)
        directus.edit("DeadLetter", key, status="Retry")
        await gone(store, directus)
        assert directus.tables["Reading"]["r1"] == {"id": "r1", "hash": "secret", "value": "bad"}


async def test_a_long_value_is_cut_in_what_is_shown_alone(tmp_path: Path) -> None:
    directus = refusing("name")
    async with running(tmp_path, directus) as (store, _):
        put = Put(SITE, "s1", {"name": "bad", "model": "x" * 5000})
        letter = await refused(store, put)
        assert len(letter.payload["model"]) < 1100
        allow(directus)
        directus.edit("DeadLetter", LETTER, status="Retry")
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["model"] == "x" * 5000


async def test_others_flow_while_a_letter_is_open(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        await store.records.write(*(Put(SITE, f"o{n}", {"model": "good"}) for n in range(20)))
        await settled(store)
        assert len(directus.tables["Site"]) == 20
        assert len(letters(store)) == 1


async def test_a_row_of_a_letter_that_is_refused_itself_does_not_loop(tmp_path: Path) -> None:
    directus = refusing()
    rule = directus.bad

    def nothing(table: str, row: dict[str, Any]) -> Refusal | None:
        return Refusal(400, "FAILED_VALIDATION") if table == "DeadLetter" else rule(table, row)

    directus.bad = nothing
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(SITE, "s1", {"model": "bad"}), Put(SITE, "s2", {}))
        await eventually(lambda: store.stats().rejected == 1)
        await settled(store)
        tries = store.stats().directus_calls["create"]
        await store.records.write(Put(SITE, "s2", {"model": "good"}))
        await settled(store)
        assert store.stats().directus_calls["create"] == tries
        assert directus.tables["DeadLetter"] == {}
        assert store.stats().dead_letters == 1
    directus.bad = rule
    async with running(tmp_path, directus) as (store, _):  # a new start shows it again
        await eventually(lambda: LETTER in directus.tables["DeadLetter"])


async def test_the_oldest_letters_are_given_up_where_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter_box, "KEPT", 3)
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        for number in range(5):
            key = dead_letter_key("Site", f"s{number}")
            await refused(store, Put(SITE, f"s{number}", {"model": "bad"}), key=key)
        assert {each.item for each in letters(store)} == {"s2", "s3", "s4"}
        assert len(directus.tables["DeadLetter"]) == store.stats().dead_letters == 3


async def test_what_fits_no_record_of_this_version_is_set_aside_and_not_shown(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path, 10_000)
    await journal.open()
    old = [Change("Gone", "g", {"secret": "abc"}), Change("Site", "s1", {"width": 3})]
    await journal.append(old)[1]
    await journal.close()
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await settled(store)
        rows = {row["item"]: row for row in directus.tables["DeadLetter"].values()}
        assert rows["g"]["payload"] == {"secret": "(not shown)"}
        assert "there is no collection Gone" in rows["g"]["reason"]
        assert "no field width" in rows["s1"]["reason"]
        for row in rows.values():
            directus.edit("DeadLetter", row["id"], status="Retry")
        await eventually(lambda: [each.timesRefused for each in letters(store)] == [2, 2])
        await settled(store)
        assert {row["status"] for row in directus.tables["DeadLetter"].values()} == {"Open"}


# ---- Retry -------------------------------------------------------------------------------


async def test_an_operators_retry_writes_the_change_and_the_letter_is_gone(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        allow(directus)
        directus.edit("DeadLetter", LETTER, status="Retry")
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["model"] == "bad"
        assert store.records.get(SITE, "s1").model == "bad"
    async with running(tmp_path, directus) as (store, _):
        assert store.stats().dead_letters == 0


async def test_a_retry_through_the_api_has_its_outcome_when_it_is_settled(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        await store.records.write(Put(DEAD_LETTER, LETTER, {"status": "Retry"}))
        await settled(store)
        assert (shown(store).status, shown(store).timesRefused) == ("Open", 2)
        allow(directus)
        await store.records.write(Put(DEAD_LETTER, LETTER, {"status": "Retry"}))
        await settled(store)
        assert letters(store) == []
        await gone(store, directus)


async def test_a_retry_that_is_refused_again_is_open_with_the_new_reason(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        directus.bad = lambda table, row: (
            Refusal(400, "VALUE_TOO_LONG") if row.get("model") == "bad" else None
        )
        directus.edit("DeadLetter", LETTER, status="Retry")
        await eventually(lambda: shown(store).timesRefused == 2)
        await settled(store)
        row = directus.tables["DeadLetter"][LETTER]
        assert (row["status"], row["code"]) == ("Open", "VALUE_TOO_LONG")
        assert store.records.get(SITE, "s1") is None  # memory is Directus' again


async def test_a_retry_waits_for_a_directus_that_is_away_and_survives_a_restart(
    tmp_path: Path,
) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        directus.before = lambda request: httpx.Response(503)
        await store.records.write(Put(DEAD_LETTER, LETTER, {"status": "Retry"}))
        assert not await store.records.settled(0.3)
        assert store.stats().dead_letters == 1
    allow(directus)
    store = make_store(tmp_path, directus, "http://127.0.0.1:9", first_load=0.1)
    await store.start()
    try:
        assert (shown(store).status, store.stats().dead_letters) == ("Retry", 1)
        directus.before = None
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["model"] == "bad"
    finally:
        await store.stop(1)


async def test_a_retry_that_was_asked_for_while_the_service_was_down_is_made_at_its_start(
    tmp_path: Path,
) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
    allow(directus)
    directus.edit("DeadLetter", LETTER, status="Retry")
    async with running(tmp_path, directus) as (store, _):
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["model"] == "bad"


async def test_a_retry_of_what_this_journal_does_not_have_says_so(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path / "lost", directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
    async with running(tmp_path / "new", directus) as (store, _):
        directus.edit("DeadLetter", LETTER, status="Retry")
        await eventually(lambda: "only discarded" in str(shown(store).reason))
        await settled(store)
        assert directus.tables["DeadLetter"][LETTER]["status"] == "Open"
        directus.edit("DeadLetter", LETTER, status="Discard")
        await gone(store, directus)


# ---- nothing newer is undone -------------------------------------------------------------


async def test_a_retry_leaves_alone_what_was_written_since(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        await store.records.write(Put(SITE, "s1", {"online": False}))
        await settled(store)
        assert directus.tables["DeadLetter"][LETTER]["payload"] == {"model": "bad"}
        allow(directus)
        directus.edit("DeadLetter", LETTER, status="Retry")
        await gone(store, directus)
        assert directus.tables["Site"]["s1"] == {"id": "s1", "online": False, "model": "bad"}


async def test_a_retry_leaves_to_changes_under_way_what_they_write(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        allow(directus)
        directus.before = lambda request: httpx.Response(503)
        await store.records.write(Put(SITE, "s1", {"online": False}))
        await store.records.write(Put(DEAD_LETTER, LETTER, {"status": "Retry"}))
        await asyncio.sleep(0.2)
        directus.before = None
        await gone(store, directus)
        assert directus.tables["Site"]["s1"] == {"id": "s1", "online": False, "model": "bad"}


async def test_a_letter_whose_fields_were_all_written_since_goes_by_itself(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        await store.records.write(Put(SITE, "s1", {"model": "good"}))
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["model"] == "good"


async def test_what_was_written_since_is_known_after_a_restart(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        await store.records.write(Put(SITE, "s1", {"online": False}))
        await settled(store)
    allow(directus)
    directus.edit("DeadLetter", LETTER, status="Retry")
    async with running(tmp_path, directus) as (store, _):
        await gone(store, directus)
        assert directus.tables["Site"]["s1"]["online"] is False


async def test_a_retry_overrules_no_edit_that_an_operator_has_made_since(tmp_path: Path) -> None:
    directus = refusing("progress")
    directus.edit("Plan", "p1", status="Pending", interval=1)
    key = dead_letter_key("Plan", "p1")
    async with running(tmp_path, directus) as (store, _):
        fields = {"progress": "bad", "interval": 2, "status": "Accepted"}
        await refused(store, Put(PLAN, "p1", fields, {"status": "Pending"}), key=key)
        directus.edit("Plan", "p1", status="Rejected", interval=3)
        allow(directus)
        directus.edit("DeadLetter", key, status="Retry")
        await gone(store, directus)
        row = directus.tables["Plan"]["p1"]
        assert (row["status"], row["interval"], row["progress"]) == ("Rejected", 3, "bad")


async def test_a_retry_sets_operators_fields_that_nobody_has_touched(tmp_path: Path) -> None:
    directus = refusing("progress")
    directus.edit("Plan", "p1", status="Pending", interval=1)
    key = dead_letter_key("Plan", "p1")
    async with running(tmp_path, directus) as (store, _):
        fields = {"progress": "bad", "interval": 2, "status": "Accepted"}
        await refused(store, Put(PLAN, "p1", fields, {"status": "Pending"}), key=key)
        allow(directus)
        directus.edit("DeadLetter", key, status="Retry")
        await gone(store, directus)
        row = directus.tables["Plan"]["p1"]
        assert (row["status"], row["interval"], row["progress"]) == ("Accepted", 2, "bad")


async def test_a_retry_does_not_make_a_record_again_that_was_removed_since(tmp_path: Path) -> None:
    directus = refusing()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        directus.remove("Site", "s1")
        await eventually(lambda: store.records.get(SITE, "s1") is None)
        allow(directus)
        directus.edit("DeadLetter", LETTER, status="Retry")
        await gone(store, directus)
        assert directus.tables["Site"] == {}


async def test_a_later_delete_ends_the_letter_and_a_later_put_that_of_a_delete(
    tmp_path: Path,
) -> None:
    directus = refusing()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        directus.before = lambda request: (
            httpx.Response(400, json=_refusal("INVALID_FOREIGN_KEY"))
            if request.method == "DELETE" and request.url.path == "/items/Site"
            else None
        )
        await store.records.write(Delete(SITE, "s1"))
        await eventually(lambda: shown(store).change == "Delete")
        assert "Other records belong to it" in str(shown(store).reason)
        await store.records.write(Put(SITE, "s1", {"online": True}))
        await gone(store, directus)
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        directus.before = None
        await store.records.write(Delete(SITE, "s1"))
        await gone(store, directus)
        assert directus.tables["Site"] == {}


def _refusal(code: str) -> dict[str, Any]:
    return {"errors": [{"message": code, "extensions": {"code": code}}]}


async def test_a_delete_that_was_refused_is_retried(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    async with running(tmp_path, directus) as (store, _):
        directus.before = lambda request: (
            httpx.Response(400, json=_refusal("INVALID_FOREIGN_KEY"))
            if request.method == "DELETE" and request.url.path == "/items/Site"
            else None
        )
        await store.records.write(Delete(SITE, "s1"))
        await eventually(lambda: shown(store).change == "Delete")
        directus.before = None
        directus.edit("DeadLetter", LETTER, status="Retry")
        await gone(store, directus)
        assert directus.tables["Site"] == {}


# ---- Discard -----------------------------------------------------------------------------

Discard = Callable[[Store, FakeDirectus], Any]


async def by_status(_store: Store, directus: FakeDirectus) -> None:
    directus.edit("DeadLetter", LETTER, status="Discard")


async def by_deletion(_store: Store, directus: FakeDirectus) -> None:
    directus.remove("DeadLetter", LETTER)


async def by_api(store: Store, _directus: FakeDirectus) -> None:
    await store.records.write(Delete(DEAD_LETTER, LETTER))


@pytest.mark.parametrize("discard", [by_status, by_deletion, by_api])
async def test_what_is_discarded_is_gone_for_good(tmp_path: Path, discard: Discard) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
        await discard(store, directus)
        await gone(store, directus)
    allow(directus)
    async with running(tmp_path, directus) as (store, _):
        assert store.stats().dead_letters == 0
        assert directus.tables["Site"] == directus.tables["DeadLetter"] == {}


async def test_a_row_that_is_deleted_while_the_service_is_down_counts_as_discarded(
    tmp_path: Path,
) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))
    directus.remove("DeadLetter", LETTER)
    async with running(tmp_path, directus) as (store, _):
        await gone(store, directus)


async def test_a_refusal_after_a_discard_starts_a_letter_of_its_own(tmp_path: Path) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad", "online": True}))
        directus.before = lambda request: (
            httpx.Response(503) if request.url.path == "/items/DeadLetter" else None
        )
        await store.records.write(Delete(DEAD_LETTER, LETTER))
        await store.records.write(Put(SITE, "s1", {"model": "bad"}))
        await eventually(lambda: store.stats().rejected == 2)
        directus.before = None
        await settled(store)
        row = directus.tables["DeadLetter"][LETTER]
        assert (row["payload"], row["timesRefused"]) == ({"model": "bad"}, 1)


async def test_what_is_refused_while_an_older_letters_row_is_being_deleted_is_kept(
    tmp_path: Path,
) -> None:
    directus = refusing()
    async with running(tmp_path, directus) as (store, _):
        await refused(store, Put(SITE, "s1", {"model": "bad"}))

        def meanwhile(request: httpx.Request) -> None:
            if request.method == "DELETE" and request.url.path == "/items/DeadLetter":
                op = Op("Site", "s1", {"online": True}, views=frozenset({"Site"}))
                store._letters.refused(op, "FAILED_VALIDATION: again")

        directus.before = meanwhile
        await store.records.write(Delete(DEAD_LETTER, LETTER))
        await eventually(lambda: store.stats().rejected == 2)
        directus.before = None
        await settled(store)
        row = directus.tables["DeadLetter"][LETTER]
        assert (row["payload"], row["timesRefused"]) == ({"online": True}, 1)
        assert store.stats().dead_letters == 1


# ---- a missing parent --------------------------------------------------------------------


async def orphaned(store: Store) -> None:
    await store.records.write(Put(READING, "r1", {"site": "s1", "value": "1"}))
    await eventually(lambda: store.stats().dead_letters == 1)


async def test_a_child_is_retried_by_itself_when_its_parent_is_made(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await orphaned(store)
        assert letters(store)[0].code == "INVALID_FOREIGN_KEY"
        await store.records.write(Put(SITE, "s1", {}))
        await gone(store, directus)
        assert directus.tables["Reading"]["r1"]["value"] == "1"


async def test_so_it_is_when_an_operator_makes_the_parent(tmp_path: Path) -> None:
    directus = fake_directus()
    async with running(tmp_path, directus) as (store, _):
        await orphaned(store)
        directus.edit("Site", "s1", name="by hand")
        await gone(store, directus)
        assert directus.tables["Reading"]["r1"]["value"] == "1"


async def test_changes_of_a_parent_that_is_there_retry_nothing(tmp_path: Path) -> None:
    directus = fake_directus()
    directus.edit("Site", "s1", name="One")
    directus.parents = {"Event": ("text", "Site")}
    async with running(tmp_path, directus) as (store, _):
        await store.records.write(Put(EVENT, "e1", {"site": "s1", "text": "missing"}))
        await eventually(lambda: store.stats().dead_letters == 1)
        directus.edit("Site", "s1", name="Two")
        await store.records.write(Put(SITE, "s1", {"model": "m"}), Put(SITE, "s2", {}))
        await settled(store)
        assert letters(store)[0].timesRefused == 1


# ---- whatever comes between --------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
async def test_once_all_is_allowed_and_retried_the_latest_of_each_field_is_there(
    tmp_path: Path, seed: int
) -> None:
    """Whatever was refused, retried, restarted and lost on the way between."""
    chance = random.Random(seed)
    directus = refusing()
    truth: dict[str, dict[str, Any]] = {}
    keys = ["s0", "s1", "s2"]

    async def step(store: Store, number: int) -> None:
        key = chance.choice(keys)
        match chance.randrange(10):
            case 0:
                truth.pop(key, None)
                await store.records.write(Delete(SITE, key))
            case 1:
                await retry_all(store)
            case 2:
                lost = iter([True, True])
                directus.after = lambda request: httpx.Response(502) if next(lost, False) else None
            case _:
                fields: dict[str, Any] = {"model": chance.choice(["bad", f"m{number}"])}
                if chance.random() < 0.5:
                    fields["online"] = chance.random() < 0.5
                if chance.random() < 0.3:
                    fields.pop("model")
                truth.setdefault(key, {"id": key}).update(fields)
                await store.records.write(Put(SITE, key, fields))
        await asyncio.sleep(chance.choice([0, 0, 0.005, 0.06]))

    for run in range(3):
        async with running(tmp_path, directus) as (store, _):
            for number in range(25):
                await step(store, run * 100 + number)
            directus.after = None
            if run == 2:
                allow(directus)
                await settled(store)
                await retry_all(store)
                await gone(store, directus)
    assert directus.tables["Site"] == truth
