"""The journal: every accepted change on disk before the station gets its answer.

A thread writes all that is queued in one transaction, so hundreds of stations
share one fsync. Rows go when Directus has them. Knows no record and no
Directus; the file itself is `journal_file`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.store.codec import dumps
from citrine_py.store.journal_file import Contents, JournalFile, Work

log = structlog.get_logger()

T = TypeVar("T")

_ROW_COST = 64  # bytes that a row takes besides its data
_GATHER = 0.2  # seconds that work may wait on which nobody waits
_RETRY = 1.0  # seconds until a failed transaction is tried again


@dataclass(frozen=True, slots=True)
class Change:
    """A journalled change; `fields` None is a delete."""

    collection: str
    key: str
    fields: dict[str, Any] | None
    only_over: dict[str, Any] | None = None

    def encoded(self) -> bytes:
        return dumps([self.collection, self.key, self.fields, self.only_over])

    @classmethod
    def decoded(cls, data: bytes) -> Change:
        return cls(*orjson.loads(data))


class Journal:
    """The journal in `folder`. Its methods belong to the event loop that called `open`.

    Args:
        folder: made if missing, readable by us alone.
        limit: bytes of undelivered changes that it may hold.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._path = folder / "journal.db"
        self._limit = limit
        self._lock = threading.Condition()
        self._work = Work()
        self._waiting: list[tuple[asyncio.Future[None], list[int]]] = []
        self._jobs: list[Callable[[JournalFile], None]] = []
        self._closing = False
        self._soon: dict[int, bytes] = {}
        self._sizes: dict[int, int] = {}
        self._last = 0
        self._thread: threading.Thread | None = None
        self._failing = False
        self.bytes = 0
        self.commits = 0

    def __repr__(self) -> str:
        return f"<Journal {self.rows} rows, {self.bytes} bytes>"

    @property
    def rows(self) -> int:
        """Undelivered changes."""
        return len(self._sizes)

    @property
    def filling(self) -> float:
        """How full it is, 0 to 1."""
        return self.bytes / self._limit

    async def open(self) -> list[tuple[int, Change]]:
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
            self._count(seq, data)
        return [(seq, Change.decoded(data)) for seq, data in contents.changes]

    def append(self, changes: Sequence[Change]) -> tuple[list[int], asyncio.Future[None]]:
        """Queues changes as one unit: their numbers, and a future that is done once they are
        on disk. When it fails with StoreUnavailable, they are not in the journal.

        Raises:
            StoreUnavailable: full or closed; nothing was queued.
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
        """Takes changes that go to disk with the next `append`; their numbers.

        Raises:
            StoreUnavailable: full or closed.
        """
        rows = self._admitted(changes)
        self._soon.update(rows)
        return [seq for seq, _ in rows]

    def done(self, seqs: Iterable[int]) -> None:
        """Directus has these changes, or they are given up."""
        self.settle(seqs, {}, ())

    def settle(
        self, seqs: Iterable[int], letters: Mapping[str, bytes | None], follow: Sequence[Change]
    ) -> list[int]:
        """Removes changes, keeps dead letters (None: forgets them) and takes the changes that
        follow from it, however full it is, all in one transaction. The numbers of the latter."""
        stored = []
        for seq in seqs:
            self.bytes -= self._sizes.pop(seq, 0)
            if self._soon.pop(seq, None) is None:
                stored.append(seq)
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
            self._work.remembered += rows
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
        if self.bytes + sum(len(data) + _ROW_COST for data in encoded) > self._limit:
            raise StoreUnavailable("the journal is full; Directus has been away for too long")
        return self._numbered(encoded)

    def _numbered(self, encoded: Iterable[bytes]) -> list[tuple[int, bytes]]:
        rows = []
        for data in encoded:
            self._last += 1
            self._count(self._last, data)
            rows.append((self._last, data))
        return rows

    def _count(self, seq: int, data: bytes) -> None:
        self._sizes[seq] = len(data) + _ROW_COST
        self.bytes += self._sizes[seq]

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
                self._lock.wait()
            if not (self._waiting or self._jobs or self._closing):
                self._lock.wait(_RETRY if self._failing else _GATHER)
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
        except sqlite3.Error as error:
            if not self._failing:
                log.error("journal.failed", reason=str(error), path=str(self._path))  # noqa: TRY400
            self._failing = True
            work.added = []
            with self._lock:
                self._work.take_back(work)
            return str(error)
        if self._failing and work.added:
            log.info("journal.recovered", path=str(self._path))
            self._failing = False
        return None

    def _complete(
        self, waiting: list[tuple[asyncio.Future[None], list[int]]], failure: str | None
    ) -> None:
        for future, seqs in waiting:
            if failure is not None:
                for seq in seqs:
                    self.bytes -= self._sizes.pop(seq, 0)
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(StoreUnavailable(f"the journal cannot be written: {failure}"))
