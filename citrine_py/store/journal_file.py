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
from typing import Any

import structlog

from citrine_py.errors import StoreUnavailable

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
            return self._contents()
        except sqlite3.DatabaseError as error:
            log.error("journal.damaged", path=str(self._path), reason=str(error))  # noqa: TRY400
        saved = Work(added=list(self._salvaged("changes")))
        saved.letters = {str(key): data for key, data in self._salvaged("letters")}
        self._db.close()
        self._set_aside()
        self._db = self._opened()
        self.commit(saved)
        return self._contents()

    def commit(self, work: Work) -> None:
        """All of `work` or nothing, on disk on return.

        Raises:
            sqlite3.Error: nothing was changed.
        """
        with self._transaction():
            run = self._db.executemany
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
        changes = [(int(seq), bytes(data)) for seq, data in rows]
        return Contents(changes, changes[-1][0] if changes else 0)

    def _salvaged(self, table: str) -> Iterator[tuple[Any, bytes]]:
        with suppress(sqlite3.DatabaseError):
            for key, data in self._db.execute(f"SELECT * FROM {table}"):  # noqa: S608 - ours
                yield key, bytes(data)

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
