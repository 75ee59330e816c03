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
            return self._contents()
        except sqlite3.DatabaseError as error:
            log.error("journal.damaged", path=str(self._path), reason=str(error))  # noqa: TRY400
        saved = list(self._salvaged())
        self._db.close()
        self._set_aside()
        self._db = self._opened()
        self.commit(Work(added=saved))
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
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0.5)
        try:
            self._prepare(db)
        except sqlite3.OperationalError:
            db.close()
            raise
        except sqlite3.DatabaseError as error:
            log.error("journal.damaged", path=str(self._path), reason=str(error))  # noqa: TRY400
            db.close()
            self._set_aside()
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._prepare(db)
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

    def _salvaged(self) -> Iterator[tuple[int, bytes]]:
        with suppress(sqlite3.DatabaseError):
            for seq, data in self._db.execute("SELECT seq, data FROM changes"):
                yield int(seq), bytes(data)

    def _set_aside(self) -> None:
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        self._path.rename(aside)
        for suffix in ("-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

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
