"""A journal that was torn anywhere: it opens, and every change whose pages are whole is kept."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from citrine_py.store.journal_file import JournalFile, Work


def filled(path: Path, chance: random.Random) -> set[int]:
    """A journal as a kill -9 leaves it, with changes that came and went; the numbers of those
    that are there."""
    made = path.parent.with_name("made")
    file = JournalFile(made / path.name)
    file.contents()
    seq, live = 0, set[int]()
    for _ in range(chance.randrange(50, 200)):
        added = []
        for _ in range(chance.randrange(1, 12)):
            seq += 1
            added.append(
                (seq, b'"%s"' % chance.randbytes(chance.randrange(25, 3000)).hex().encode())
            )
        done = [each for each in sorted(live) if each < seq - 200 and chance.random() < 0.3]
        file.commit(Work(added=added, done=done))
        live = live.union(each for each, _ in added).difference(done)
    file.commit(Work(remembered={("Site", str(n)): b'"%d"' % n for n in range(200)}))
    path.parent.mkdir(parents=True)
    for each in made.iterdir():
        shutil.copy(each, path.parent)
    file.close()
    return live


def tear(path: Path, chance: random.Random) -> None:
    """Cuts the file, its log or both, somewhere."""
    for each in chance.choice([("",), ("-wal",), ("", "-wal")]):
        file = path.with_name(path.name + each)
        os.truncate(file, chance.randrange(file.stat().st_size))


def readable(path: Path, numbers: set[int]) -> dict[int, bytes]:
    """What SQLite itself finds under these numbers, one by one, in a copy of the files."""
    copy = path.with_name("copy")
    copy.mkdir()
    for each in (path, path.with_name(f"{path.name}-wal")):
        shutil.copy(each, copy)
    database = sqlite3.connect(copy / path.name)
    found = {}
    for number in numbers:
        try:
            database.execute("PRAGMA writable_schema = ON")
            query = "SELECT data FROM changes WHERE seq = ?"
            for (data,) in database.execute(query, (number,)):
                found[number] = data
        except sqlite3.DatabaseError:
            continue
    database.close()
    return {number: data for number, data in found.items() if data and data.endswith(b'"')}


@pytest.mark.parametrize("seed", range(12))
def test_every_change_whose_pages_are_whole_is_kept(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "torn" / "journal.db"
    live = filled(path, chance)
    tear(path, chance)
    owed = readable(path, live)
    with capture_logs() as logs:
        file = JournalFile(path)
        contents = file.contents()
    kept = dict(contents.changes)
    assert {number: kept.get(number) for number in owed} == owed
    told = [each for each in logs if each["event"] == "journal.damaged"]
    assert all(each["kept"] == len(kept) for each in told)
    assert all(Path(each["aside"]).exists() for each in told)
    file.commit(Work(added=[(contents.highest + 1, b"1")]))
    file.close()
    again = JournalFile(path)
    assert dict(again.contents().changes) == {**kept, contents.highest + 1: b"1"}
    assert isinstance(again.snapshot(), list)
    again.close()


def test_an_empty_file_beside_a_full_log_is_told_and_the_log_kept(tmp_path: Path) -> None:
    path = tmp_path / "torn" / "journal.db"
    filled(path, random.Random(1))
    log = path.with_name(f"{path.name}-wal").read_bytes()
    os.truncate(path, 0)
    with capture_logs() as logs:
        file = JournalFile(path)
        assert file.contents().changes == []
    assert [(each["event"], each["kept"]) for each in logs] == [("journal.damaged", 0)]
    assert path.with_name(f"{path.name}.damaged-1-wal").read_bytes() == log
    file.close()
