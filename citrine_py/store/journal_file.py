"""The journal's file: SQLite in WAL mode with full sync. Synchronous; `journal` owns its thread.

Data in, data out: a row is a change as JSON. A file that was torn is read as
far as it goes, set aside and begun anew, never a reason not to start.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.store.salvage import check, salvaged, salvaged_letters

log = structlog.get_logger()

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS letters (id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (
    collection TEXT NOT NULL, key TEXT NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Work:
    """What one transaction does. Letters and `remembered` rows without JSON are forgotten;
    `followed` are changes that go with what is done, on which nobody waits."""

    added: list[tuple[int, bytes]] = field(default_factory=list)
    followed: list[tuple[int, bytes]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    letters: dict[str, bytes | None] = field(default_factory=dict)
    remembered: list[tuple[str, str, bytes | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.followed or self.done or self.letters or self.remembered)

    def take_back(self, failed: Work) -> None:
        """Puts before this what a failed transaction was to do and nobody waits for."""
        self.followed = failed.followed + self.followed
        self.done = failed.done + self.done
        self.letters = {**failed.letters, **self.letters}
        self.remembered = failed.remembered + self.remembered


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file held when it was opened."""

    changes: list[tuple[int, bytes]]
    highest: int
    """The highest number ever given to a change, as far as it is known."""


class JournalFile:
    """An open file.

    Raises:
        StoreUnavailable: the folder cannot be written, or another process has the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._opened()
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreUnavailable(f"cannot use the journal {path}: {error}") from error

    def contents(self) -> Contents:
        """What is in the file; a damaged one is replaced by what could be read of it."""
        try:
            check(self._db)
        except sqlite3.DatabaseError as error:
            self._db = self._rescued(self._db, error)
        return self._contents()

    def commit(self, work: Work) -> None:
        """All of `work` or nothing, on disk on return.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        with _transaction(self._db):
            _write(self._db, work)

    def snapshot(self) -> list[tuple[str, str, bytes]]:
        """The rows of the snapshot: collection, key, JSON."""
        query = "SELECT collection, key, row FROM snapshot"
        return [(str(name), str(key), bytes(row)) for name, key, row in self._db.execute(query)]

    def letters(self) -> list[bytes]:
        """The dead letters."""
        return [bytes(data) for (data,) in self._db.execute("SELECT data FROM letters")]

    def close(self) -> None:
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        if _size(self._path) == 0 and _size(self._beside("-wal")) > 0:
            return self._anew(Work(), "it is empty, but its log is not")  # which SQLite would drop
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0.5)
        try:
            self._prepare(db)
        except sqlite3.OperationalError:
            db.close()
            raise
        except sqlite3.DatabaseError as error:
            return self._rescued(db, error)
        return db

    def _rescued(self, damaged: sqlite3.Connection, error: Exception) -> sqlite3.Connection:
        saved = Work(added=salvaged(damaged))
        saved.letters.update(salvaged_letters(damaged))
        damaged.close()
        return self._anew(saved, str(error))

    def _anew(self, saved: Work, reason: str) -> sqlite3.Connection:
        """A fresh file with this in it; the damaged one is put aside."""
        aside = self._set_aside()
        log.error("journal.damaged", path=str(self._path), reason=reason, kept=len(saved.added),
                  aside=str(aside))  # fmt: skip
        db = self._opened()
        with _transaction(db):
            _write(db, saved)
        return db

    @staticmethod
    def _prepare(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # two services on one file would double
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")

    def _contents(self) -> Contents:
        rows = self._db.execute("SELECT seq, data FROM changes ORDER BY seq").fetchall()
        changes = [(int(seq), bytes(data)) for seq, data in rows]
        return Contents(changes, changes[-1][0] if changes else 0)

    def _set_aside(self) -> Path:
        """Renames the file, and with it the log that may hold what it lacks."""
        number = 1
        while (aside := self._beside(f".damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                self._beside(suffix).rename(self._beside(f".damaged-{number}{suffix}"))
        self._beside("-shm").unlink(missing_ok=True)
        return aside

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)


def _write(db: sqlite3.Connection, work: Work) -> None:
    run = db.executemany
    added = (*work.added, *work.followed)
    run("INSERT OR REPLACE INTO changes (seq, data) VALUES (?, ?)", added)
    run("DELETE FROM changes WHERE seq = ?", ((seq,) for seq in work.done))
    written = [each for each in work.letters.items() if each[1] is not None]
    ended = [each[:1] for each in work.letters.items() if each[1] is None]
    run("INSERT OR REPLACE INTO letters (id, data) VALUES (?, ?)", written)
    run("DELETE FROM letters WHERE id = ?", ended)
    kept = [row for row in work.remembered if row[2] is not None]
    gone = [row[:2] for row in work.remembered if row[2] is None]
    run("INSERT OR REPLACE INTO snapshot (collection, key, row) VALUES (?, ?, ?)", kept)
    run("DELETE FROM snapshot WHERE collection = ? AND key = ?", gone)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled back by itself
            db.execute("ROLLBACK")
        raise


def _size(path: Path) -> int:
    """Of a file; -1 if there is none."""
    return path.stat().st_size if path.exists() else -1
