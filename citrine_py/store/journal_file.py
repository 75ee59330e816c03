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

log = structlog.get_logger()

REJECTED_KEPT = 10_000
"""Rejected changes that are kept, the newest."""

_WAL_PAGES = 1000
"""Pages in the write-ahead log at which it is copied into the file; also SQLite's default."""
_WAL_BYTES = 16 * 1024 * 1024  # to which the log shrinks again after a transaction that was larger
_PAGE = 4096  # bytes
_SLACK = 8192  # pages that the file may have for nothing when it is opened

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
    remembered: dict[tuple[str, str], bytes | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.done or self.rejected or self.remembered)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file held when it was opened."""

    changes: list[tuple[int, bytes]]
    rejected: int
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
            if self._pages("freelist_count") > max(_SLACK, self._pages("page_count") // 2):
                with suppress(sqlite3.OperationalError):  # too little space to be tidy
                    self._db.execute("VACUUM")
                    self._empty_log()
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
            self._write(Work(rejected=work.rejected))  # durable before their changes go
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
        with self._transaction():
            run = self._db.executemany
            run("INSERT OR REPLACE INTO changes (seq, data) VALUES (?, ?)", work.added)
            run("DELETE FROM changes WHERE seq = ?", ((seq,) for seq in work.done))
            run("INSERT INTO rejected (at, reason, data) VALUES (?, ?, ?)", work.rejected)
            kept = [(*key, row) for key, row in work.remembered.items() if row is not None]
            gone = [key for key, row in work.remembered.items() if row is None]
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
