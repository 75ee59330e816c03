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
from citrine_py.store.disk_reserve import DiskReserve
from citrine_py.store.salvage import check, salvaged, salvaged_letters

log = structlog.get_logger()

_WAL_PAGES = 1000
"""Pages in the write-ahead log at which it is copied into the file; also SQLite's default."""
_WAL_BYTES = 16 * 1024 * 1024  # to which the log shrinks again after a transaction that was larger
_PAGE = 4096  # bytes
_SLACK = 8192  # pages that the file may have for nothing when it is opened

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
    remembered: dict[tuple[str, str], bytes | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.followed or self.done or self.letters or self.remembered)

    def take_back(self, failed: Work) -> None:
        """Puts before this what a failed transaction was to do and nobody waits for."""
        self.followed = failed.followed + self.followed
        self.done = failed.done + self.done
        self.letters = {**failed.letters, **self.letters}
        self.remembered = failed.remembered | self.remembered


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file held when it was opened."""

    changes: list[tuple[int, bytes]]
    highest: int
    """The highest number ever given to a change, as far as it is known."""


class DiskFull(sqlite3.OperationalError):
    """There is too little space for new changes."""


class JournalFile:
    """An open file, and disk space kept back for it.

    Raises:
        StoreUnavailable: the folder cannot be written, or another process has the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tight = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._reserve = DiskReserve(path.with_name(path.name + ".reserve"))
            self._db = self._opened()
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreUnavailable(f"cannot use the journal {path}: {error}") from error

    def contents(self) -> Contents:
        """What is in the file; a damaged one is replaced by what could be read of it."""
        try:
            check(self._db)
            if self._pages("freelist_count") > max(_SLACK, self._pages("page_count") // 2):
                with suppress(sqlite3.OperationalError):  # too little space to be tidy
                    self._db.execute("VACUUM")
                    self._empty_log()
            return self._contents()
        except sqlite3.DatabaseError as error:
            self._db = self._rescued(self._db, error)
        return self._contents()

    def commit(self, work: Work) -> None:
        """All of `work` or nothing, on disk on return.

        Raises:
            sqlite3.Error: nothing was changed.
            DiskFull: the same; after a failure new changes are not even tried before there is
                room for more than one.
        """
        if work.added and self._tight:
            self.probe()
        try:
            self._write(work)
        except sqlite3.Error:
            self._tight = True
            raise

    def commit_at_need(self, work: Work) -> None:
        """Commits what `commit` could not, without its new changes: if need be step by step, and
        with the disk space that is kept back for this.

        Raises:
            sqlite3.Error: some of it may be done; all of it may be tried again.
        """
        with suppress(sqlite3.Error):
            self._write(work)
            return
        self._reserve.release()
        try:
            # Durable before the changes go of which they come.
            self._write(Work(followed=work.followed, letters=work.letters))
            for start in range(0, len(work.done), self._step):
                self._write(Work(done=work.done[start : start + self._step]))
                self._empty_log()
            self._write(Work(remembered=work.remembered))
            self._empty_log()
        finally:
            self._reserve.keep()

    def probe(self) -> None:
        """Nothing, if there is room for new changes and the file can be written.

        Raises:
            sqlite3.Error: there is not, it cannot.
        """
        self._shrink()
        if not self._roomy():
            raise DiskFull("the disk is full")
        self._db.execute("PRAGMA user_version = 1")

    @property
    def _step(self) -> int:
        """Rows or pages that may be altered at once within the reserve, a few pages for each."""
        return max(1, self._reserve.size // (4 * _PAGE))

    def _roomy(self) -> bool:
        """Whether the reserve is whole, and as much is free besides."""
        self._tight = not self._reserve.keep() or self._reserve.free() < self._reserve.size
        return not self._tight

    def _empty_log(self) -> None:
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _shrink(self) -> None:
        """Gives the disk what the file does not use, until there is room for new changes."""
        free, before = self._pages("freelist_count"), 0
        while free and free != before and not self._roomy():
            self._db.execute(f"PRAGMA incremental_vacuum({self._step})").fetchall()
            self._empty_log()
            free, before = self._pages("freelist_count"), free

    def _pages(self, which: str) -> int:
        (count,) = self._db.execute(f"PRAGMA {which}").fetchone()
        return int(count)

    def _write(self, work: Work) -> None:
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

    def _prepare(self, db: sqlite3.Connection) -> None:
        pages = max(1, min(_WAL_PAGES, self._reserve.size // 2 // _PAGE))
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # two services on one file would double
        if db.execute("PRAGMA auto_vacuum").fetchone() == (0,):  # setting it writes
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {pages}")  # copying then fits into the reserve
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
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
    kept = [(*key, row) for key, row in work.remembered.items() if row is not None]
    gone = [key for key, row in work.remembered.items() if row is None]
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
