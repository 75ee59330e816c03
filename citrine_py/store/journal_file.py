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
from citrine_py.store.salvage import check, salvaged

log = structlog.get_logger()

REJECTED_KEPT = 10_000
"""Rejected changes that are kept, the newest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, reason TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
    collection TEXT NOT NULL, key TEXT NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Work:
    """What one transaction does. `remembered` rows without JSON are forgotten."""

    added: list[tuple[int, bytes]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    rejected: list[tuple[str, str, bytes]] = field(default_factory=list)
    remembered: list[tuple[str, str, bytes | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.done or self.rejected or self.remembered)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file held when it was opened."""

    changes: list[tuple[int, bytes]]
    rejected: int
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
        with self._transaction():
            run = self._db.executemany
            run("INSERT OR REPLACE INTO changes (seq, data) VALUES (?, ?)", work.added)
            run("DELETE FROM changes WHERE seq = ?", ((seq,) for seq in work.done))
            run("INSERT INTO rejected (at, reason, data) VALUES (?, ?, ?)", work.rejected)
            kept = [row for row in work.remembered if row[2] is not None]
            gone = [row[:2] for row in work.remembered if row[2] is None]
            run("INSERT OR REPLACE INTO snapshot (collection, key, row) VALUES (?, ?, ?)", kept)
            run("DELETE FROM snapshot WHERE collection = ? AND key = ?", gone)
            if work.rejected:
                self._db.execute(
                    "DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?",
                    (REJECTED_KEPT,),
                )

    def snapshot(self) -> list[tuple[str, str, bytes]]:
        """The rows of the snapshot: collection, key, JSON."""
        query = "SELECT collection, key, row FROM snapshot"
        return [(str(name), str(key), bytes(row)) for name, key, row in self._db.execute(query)]

    def rejected(self, limit: int) -> list[tuple[int, str, str, bytes]]:
        """The newest rejected changes: id, time, reason, change."""
        query = "SELECT id, at, reason, data FROM rejected ORDER BY id DESC LIMIT ?"
        return [(i, at, reason, bytes(data)) for i, at, reason, data in
                self._db.execute(query, (limit,))]  # fmt: skip

    def forget_rejected(self, newest: int) -> None:
        """Removes the rejected changes up to this id."""
        with self._transaction():
            self._db.execute("DELETE FROM rejected WHERE id <= ?", (newest,))

    def close(self) -> None:
        self._db.close()

    def _opened(self) -> sqlite3.Connection:
        if _size(self._path) == 0 and _size(self._beside("-wal")) > 0:
            return self._anew([], "it is empty, but its log is not")  # which SQLite would drop
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
        saved = salvaged(damaged)
        damaged.close()
        return self._anew(saved, str(error))

    def _anew(self, saved: list[tuple[int, bytes]], reason: str) -> sqlite3.Connection:
        """A fresh file with these changes; the damaged one is put aside."""
        aside = self._set_aside()
        log.error("journal.damaged", path=str(self._path), reason=reason, kept=len(saved),
                  aside=str(aside))  # fmt: skip
        db = self._opened()
        db.execute("BEGIN")
        db.executemany("INSERT INTO changes (seq, data) VALUES (?, ?)", saved)
        db.execute("COMMIT")
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
        (rejected,) = self._db.execute("SELECT count(*) FROM rejected").fetchone()
        changes = [(int(seq), bytes(data)) for seq, data in rows]
        return Contents(changes, int(rejected), changes[-1][0] if changes else 0)

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

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                self._db.execute("ROLLBACK")
            raise


def _size(path: Path) -> int:
    """Of a file; -1 if there is none."""
    return path.stat().st_size if path.exists() else -1
