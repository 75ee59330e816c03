"""The journal: every accepted change on disk before the station gets its answer.

A thread writes all that is queued in one transaction, so hundreds of stations
share one fsync. Rows go when Directus has them. Knows no record and no
Directus; the file itself is `journal_file`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.store.codec import dumps
from citrine_py.store.journal_file import Contents, JournalFile, Work
from citrine_py.store.journal_room import Room

log = structlog.get_logger()

T = TypeVar("T")

_SOON = 500  # changes that wait in memory for the next `append`, at most
_GATHER = 0.2  # seconds that work may wait on which nobody waits
_RETRY = 1.0  # seconds until a failed transaction is tried again


@dataclass(frozen=True, slots=True)
class Change:
    """A journalled change; `fields` None is a delete, `spare` one that may be dropped."""

    collection: str
    key: str
    fields: dict[str, Any] | None
    only_over: dict[str, Any] | None = None
    spare: bool = False

    def encoded(self) -> bytes:
        parts = [self.collection, self.key, self.fields, self.only_over]
        return dumps([*parts, True] if self.spare else parts)

    @classmethod
    def decoded(cls, data: bytes) -> Change:
        return cls(*orjson.loads(data))


class Journal:
    """The journal in `folder`. Its methods belong to the event loop that called `open`.

    Args:
        folder: made if missing, readable by us alone.
        limit: bytes that undelivered changes may take, in memory and on disk alike.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / "journal.db"
        self.room = Room(limit)
        self._lock = threading.Condition()
        self._work = Work()
        self._waiting: list[tuple[asyncio.Future[None], list[int]]] = []
        self._jobs: list[Callable[[JournalFile], None]] = []
        self._closing = False
        self._soon: dict[int, bytes] = {}
        self._last = 0
        self._thread: threading.Thread | None = None
        self.failure: str | None = None
        """Why the file cannot be written now."""
        self.commits = 0

    def __repr__(self) -> str:
        return f"<Journal {self.room.rows} rows, {self.room.used} bytes>"

    @property
    def rows(self) -> int:
        """Undelivered changes."""
        return self.room.rows

    async def open(self) -> Iterator[tuple[int, Change]]:
        """Opens the file and returns the undelivered changes, oldest first.

        Raises:
            StoreUnavailable: the folder cannot be written, or another process has the file.
        """
        opened: Future[Contents] = Future()
        arguments = (opened, asyncio.get_running_loop())
        self._thread = threading.Thread(
            target=self._run, args=arguments, name="journal", daemon=True
        )
        self._thread.start()
        contents = await asyncio.wrap_future(opened)
        self._last = contents.highest
        for seq, data in contents.changes:
            self.room.take(seq, data)
        return ((seq, Change.decoded(data)) for seq, data in contents.changes)

    def append(self, changes: Sequence[Change]) -> tuple[list[int], asyncio.Future[None]]:
        """Queues changes as one unit: their numbers, and a future that is done once they are
        on disk. When it fails with StoreUnavailable, they are not in the journal.

        Raises:
            JournalFull: there is no room for them; nothing was queued.
            StoreUnavailable: closed.
        """
        rows = self._admitted(changes)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        seqs = [seq for seq, _ in rows]
        with self._lock:
            self._work.added += self._soon.items()
            self._work.added += rows
            self._waiting.append((future, seqs))
            self._lock.notify()
        self._soon.clear()
        return seqs, future

    def append_soon(self, changes: Sequence[Change]) -> list[int]:
        """Takes changes that go to disk with the next `append`, or when they are many; their
        numbers. Raises as `append`."""
        rows = self._admitted(changes)
        self._soon.update(rows)
        if len(self._soon) > _SOON:
            with self._lock:
                self._work.added += self._soon.items()
                self._lock.notify()
            self._soon.clear()
        return [seq for seq, _ in rows]

    def done(self, seqs: Sequence[int]) -> None:
        """Directus has these changes, or they are given up."""
        self.settle(seqs, {}, ())

    def settle(
        self, seqs: Iterable[int], letters: Mapping[str, bytes | None], follow: Sequence[Change]
    ) -> list[int]:
        """Removes changes, keeps dead letters (None: forgets them) and takes the changes that
        follow from it, however full it is, all in one transaction. The numbers of the latter."""
        seqs = list(seqs)
        self.room.free(seqs)
        stored = [seq for seq in seqs if self._soon.pop(seq, None) is None]
        rows = self._numbered([change.encoded() for change in follow])
        if stored or letters or rows:
            with self._lock:
                self._work.done += stored
                self._work.letters.update(letters)
                self._work.followed += rows
                self._lock.notify()
        return [seq for seq, _ in rows]

    def remember(self, rows: Sequence[tuple[str, str, bytes | None]]) -> None:
        """Keeps rows (collection, key, JSON, or None once gone) for the next start."""
        with self._lock:
            self._work.remembered.update(((name, key), row) for name, key, row in rows)
            self._lock.notify()

    async def snapshot(self) -> list[tuple[str, str, bytes]]:
        """The rows that were remembered."""
        return await self._ask(JournalFile.snapshot)

    async def letters(self) -> list[bytes]:
        """The dead letters, in no order."""
        return await self._ask(JournalFile.letters)

    async def close(self) -> None:
        """Writes what is queued and closes the file."""
        if self._thread is None:
            return
        with self._lock:
            self._work.added += self._soon.items()
            self._closing = True
            self._lock.notify()
        self._soon.clear()
        await asyncio.to_thread(self._thread.join)

    def _admitted(self, changes: Sequence[Change]) -> list[tuple[int, bytes]]:
        if self._closing or self._thread is None:
            raise StoreUnavailable("the journal is closed")
        encoded = [change.encoded() for change in changes]
        self.room.admit(encoded)
        return self._numbered(encoded)

    def _numbered(self, encoded: Iterable[bytes]) -> list[tuple[int, bytes]]:
        rows = []
        for data in encoded:
            self._last += 1
            self.room.take(self._last, data)
            rows.append((self._last, data))
        return rows

    async def _ask(self, job: Callable[[JournalFile], T]) -> T:
        """Runs a read in the thread, after all that was queued before it."""
        answer: Future[T] = Future()
        if self._closing or self._thread is None:
            raise StoreUnavailable("the journal is closed")

        def run(file: JournalFile) -> None:
            try:
                answer.set_result(job(file))
            except sqlite3.Error as error:
                answer.set_exception(StoreUnavailable(f"the journal: {error}"))

        with self._lock:
            self._jobs.append(run)
            self._lock.notify()
        return await asyncio.wrap_future(answer)

    # ---- in the thread -------------------------------------------------------------------

    def _run(self, opened: Future[Contents], loop: asyncio.AbstractEventLoop) -> None:
        try:
            file = JournalFile(self._path)
            opened.set_result(file.contents())
        except (StoreUnavailable, sqlite3.Error, OSError) as error:
            opened.set_exception(
                error if isinstance(error, StoreUnavailable) else StoreUnavailable(str(error))
            )
            return
        while self._step(file, loop):
            pass
        file.close()

    def _step(self, file: JournalFile, loop: asyncio.AbstractEventLoop) -> bool:
        with self._lock:
            while not (self._work or self._waiting or self._jobs or self._closing):
                if not self._lock.wait(_RETRY if self.failure else None):
                    break
            if self._work and not (self._waiting or self._jobs or self._closing):
                self._lock.wait(_RETRY if self.failure else _GATHER)
            work, self._work = self._work, Work()
            waiting, self._waiting = self._waiting, []
            jobs, self._jobs = self._jobs, []
            closing = self._closing
        failure = self._committed(file, work)
        for job in jobs:
            job(file)
        if waiting:
            loop.call_soon_threadsafe(self._complete, waiting, failure)
        return not closing

    def _committed(self, file: JournalFile, work: Work) -> str | None:
        """None, or why it failed; what nobody waits for is then kept for the next time."""
        try:
            if work:
                file.commit(work)
                self.commits += 1
            if self.failure:
                if not work.added:
                    work = Work()  # it is done, whatever follows
                    file.probe()
                log.info("journal.recovered", path=str(self._path))
                self.failure = None
        except sqlite3.Error as error:
            self._fail(file, work, str(error))
            return str(error)
        return None

    def _fail(self, file: JournalFile, work: Work, reason: str) -> None:
        if not self.failure:
            log.error("journal.failed", reason=reason, path=str(self._path))
        self.failure = reason
        work.added = []  # writers are told; what was to come soon stays in memory alone
        try:
            file.commit_at_need(work)
        except (sqlite3.Error, OSError):
            with self._lock:
                self._work.take_back(work)

    def _complete(
        self, waiting: list[tuple[asyncio.Future[None], list[int]]], failure: str | None
    ) -> None:
        for future, seqs in waiting:
            if failure is not None:
                self.room.free(seqs)
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(StoreUnavailable(f"the journal cannot be written: {failure}"))
