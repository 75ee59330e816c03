"""What the journal took survives: kill -9, a torn file, a full disk; and it costs few syncs."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citrine_py.errors import StoreUnavailable
from citrine_py.store.journal import Change, Journal
from citrine_py.store.journal_file import JournalFile, Work
from citrine_py.store.journal_room import ROW_COST

LIMIT = 10_000_000

WRITER = """
import asyncio, sys
from pathlib import Path
from citrine_py.store.journal import Change, Journal

async def main():
    journal = Journal(Path(sys.argv[1]), 100_000_000)
    await journal.open()
    async def one(writer):
        number = 0
        while True:
            number += 1
            changes = [Change("C", f"{writer}/{number}/{part}", {"x": "y" * 200}) for part in "ab"]
            _, stored = journal.append(changes)
            await stored
            sys.stdout.write(f"{writer}/{number}\\n")
            sys.stdout.flush()
    await asyncio.gather(*(one(writer) for writer in range(20)))

asyncio.run(main())
"""


def change(number: int) -> Change:
    return Change("C", str(number), {"value": "x" * 100})


async def opened(folder: Path) -> tuple[Journal, list[tuple[int, Change]]]:
    journal = Journal(folder, LIMIT)
    return journal, list(await journal.open())


async def test_what_was_appended_is_there_after_a_restart_until_it_is_done(tmp_path: Path) -> None:
    journal, before = await opened(tmp_path)
    assert before == []
    first, stored = journal.append([change(1), change(2)])
    await stored
    second, stored = journal.append([Change("C", "3", None), Change("C", "4", {"a": 1}, {"a": 0})])
    await stored
    journal.done([first[0]])
    await journal.close()

    journal, after = await opened(tmp_path)
    assert after == [
        (first[1], change(2)),
        (second[0], Change("C", "3", None)),
        (second[1], Change("C", "4", {"a": 1}, {"a": 0})),
    ]
    third, stored = journal.append([change(5)])
    await stored
    assert third[0] > second[1]
    await journal.close()


async def test_changes_queued_together_share_a_sync(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    futures = [journal.append([change(number)])[1] for number in range(500)]
    await asyncio.gather(*futures)
    assert journal.commits <= 5
    assert journal.rows == 500
    await journal.close()


async def test_what_is_appended_soon_goes_with_the_next_or_at_the_end(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    soon = journal.append_soon([change(1), change(2)])
    journal.done(soon[:1])
    await journal.append([change(3)])[1]
    journal.append_soon([change(4)])
    await journal.close()
    journal, after = await opened(tmp_path)
    assert [each.key for _, each in after] == ["2", "3", "4"]
    await journal.close()


async def test_a_full_journal_refuses_whole_writes_and_takes_them_when_emptied(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path, 4 * ROW_COST)
    await journal.open()
    seqs, stored = journal.append([change(1), change(2)])
    await stored
    with pytest.raises(StoreUnavailable, match="full"):
        journal.append([change(number) for number in range(10)])
    with pytest.raises(StoreUnavailable):
        journal.append_soon([change(number) for number in range(10)])
    assert journal.rows == 2
    journal.done(seqs)
    assert journal.room.used == 0
    await journal.append([change(3)])[1]
    await journal.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        journal.append([change(4)])


async def test_a_disk_that_fails_refuses_what_it_must_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = await opened(tmp_path)
    kept, stored = journal.append([change(1)])
    await stored
    commit = JournalFile.commit

    def full(self: JournalFile, work: Work) -> None:
        if work.added:
            raise sqlite3.OperationalError("database or disk is full")
        commit(self, work)

    monkeypatch.setattr(JournalFile, "commit", full)
    _, stored = journal.append([change(2)])
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await stored
    assert journal.rows == 1
    journal.done(kept)
    monkeypatch.undo()
    _, stored = journal.append([change(3)])
    await stored
    await journal.close()
    journal, after = await opened(tmp_path)
    assert [each.key for _, each in after] == ["3"]
    await journal.close()


async def test_a_really_full_file_refuses_and_loses_nothing(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    await journal._ask(lambda file: file._db.execute("PRAGMA max_page_count = 30"))
    taken: list[int] = []

    async def fill() -> None:
        for number in range(10_000):
            await journal.append([Change("C", str(number), {"v": "x" * 2000})])[1]
            taken.append(number)

    with pytest.raises(StoreUnavailable, match="full"):
        await fill()
    await journal.close()
    journal, after = await opened(tmp_path)
    assert [each.key for _, each in after] == [str(number) for number in taken]
    await journal.close()


async def test_a_letter_its_change_and_what_follows_are_settled_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = await opened(tmp_path)
    seqs, stored = journal.append([change(1)])
    await stored
    works: list[Work] = []
    commit = JournalFile.commit
    monkeypatch.setattr(
        JournalFile, "commit", lambda self, work: (works.append(work), commit(self, work))[1]
    )
    (number,) = journal.settle(seqs, {"letter": b"{}"}, [change(2)])
    await journal.close()
    (work,) = works
    assert (work.done, work.letters, work.followed[0][0]) == (seqs, {"letter": b"{}"}, number)
    journal, after = await opened(tmp_path)
    assert [each for _, each in after] == [change(2)]
    assert await journal.letters() == [b"{}"]
    journal.settle([number], {"letter": b"[]"}, ())
    assert await journal.letters() == [b"[]"]
    journal.settle((), {"letter": None}, ())
    assert await journal.letters() == []
    await journal.close()


async def test_a_letter_waits_for_a_disk_that_fails_and_is_taken_by_a_full_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, 2 * ROW_COST)
    await journal.open()
    seqs, stored = journal.append([change(1)])
    await stored
    with pytest.raises(StoreUnavailable, match="full"):
        journal.append([change(2)])
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def full(_self: JournalFile, _work: Work) -> None:
        loop.call_soon_threadsafe(failed.set)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(JournalFile, "_write", full)
    journal.settle(seqs, {"letter": b"{}"}, [change(3), change(4)])
    await failed.wait()
    journal.settle((), {"letter": b"[]"}, [change(5)])
    monkeypatch.undo()
    await journal.close()
    journal, after = await opened(tmp_path)
    assert [each.key for _, each in after] == ["3", "4", "5"]
    assert await journal.letters() == [b"[]"]
    await journal.close()


async def test_the_snapshot_remembers_the_latest_row_of_each_key(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    journal.remember([("A", "1", b"{}"), ("A", "2", b"{}"), ("B", "1", b"[1]")])
    journal.remember([("A", "1", b"[2]"), ("A", "2", None)])
    assert sorted(await journal.snapshot()) == [("A", "1", b"[2]"), ("B", "1", b"[1]")]
    await journal.close()


async def test_rows_to_remember_do_not_pile_up_while_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = await opened(tmp_path)

    def full(self: JournalFile, work: Work) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "_write", full)
        for number in range(50):
            _, stored = journal.append([change(1)])
            with pytest.raises(StoreUnavailable):
                await stored
            journal.remember([("A", str(key), str(number).encode()) for key in range(100)])
        assert len(journal._work.remembered) <= 100
    rows = await journal.snapshot()
    assert sorted(rows) == sorted(("A", str(key), b"49") for key in range(100))
    await journal.close()


async def test_only_we_can_read_it(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path / "folder")
    await journal.append([change(1)])[1]
    for path in (tmp_path / "folder").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    await journal.close()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="journal"):
        await Journal(tmp_path / "file" / "folder", LIMIT).open()


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    for seed in range(3):
        folder = tmp_path / str(seed)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            acknowledged = [child.stdout.readline().strip()]  # it is running
            time.sleep(random.Random(seed).uniform(0.05, 0.3))
            child.send_signal(signal.SIGKILL)
            acknowledged += child.stdout.read().split()
        journal, after = await opened(folder)
        await journal.close()
        found = [each.key.rpartition("/") for _, each in after]
        whole = {name for name, _, part in found if part == "a"}
        assert whole == {name for name, _, part in found if part == "b"}  # all or none
        assert set(acknowledged[:-1]) <= whole  # the last line may be cut
        assert len(acknowledged) > 20


@pytest.mark.parametrize("cut", [1, 100, 3000, 20_000])
async def test_a_torn_end_costs_only_what_was_torn(tmp_path: Path, cut: int) -> None:
    journal, _ = await opened(tmp_path)
    for number in range(50):
        await journal.append([change(number)])[1]
    data = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    await journal.close()
    wal = data["journal.db-wal"]
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "journal.db").write_bytes(data["journal.db"])
    (torn / "journal.db-wal").write_bytes(wal[:-cut] + b"garbage")
    journal, after = await opened(torn)
    keys = [each.key for _, each in after]
    assert keys == [str(number) for number in range(len(keys))]
    assert len(keys) >= 50 - 2 - cut // 400
    await journal.append([change(99)])[1]
    await journal.close()


async def test_a_damaged_file_is_set_aside_and_what_can_be_read_is_kept(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    await journal.append([change(number) for number in range(500)])[1]
    await journal.close()
    path = tmp_path / "journal.db"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    journal, after = await opened(tmp_path)
    assert (tmp_path / "journal.db.damaged-1").exists()
    await journal.append([change(1000)])[1]
    await journal.close()
    journal, again = await opened(tmp_path)
    assert [each.key for _, each in again] == [*(each.key for _, each in after), "1000"]
    await journal.close()

    path.write_bytes(b"no database at all" * 1000)
    journal, after = await opened(tmp_path)
    assert after == []
    await journal.close()


async def test_letters_outlive_a_damage_among_the_changes(tmp_path: Path) -> None:
    journal, _ = await opened(tmp_path)
    journal.settle((), {"letter": b"{}"}, ())
    await journal.append([change(number) for number in range(500)])[1]
    await journal.close()
    path = tmp_path / "journal.db"
    data = path.read_bytes()
    path.write_bytes(data[:-8192] + b"\xff" * 8192)
    journal, after = await opened(tmp_path)
    assert (tmp_path / "journal.db.damaged-1").exists()
    assert await journal.letters() == [b"{}"]
    assert 300 < len(after) < 500
    await journal.close()
