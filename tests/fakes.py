"""The ports, faked: in memory, without waiting, with time that tests move.

They behave as the docstrings of `citrine_py.ports` say; tests/test_fakes.py holds
the records to the same contract as the real ones.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from citrine_py.errors import BadRequest, DirectusError, StationOffline, StoreUnavailable
from citrine_py.model.collection import Collection, R, Record
from citrine_py.model.collections import COLLECTIONS
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Change, Payload, Put, SessionInfo

T0 = datetime(2026, 1, 1, tzinfo=UTC)
"""When tests begin."""

_ROUNDS = 60
"""Turns of the event loop after which everything that can run has run."""


async def idle() -> None:
    """Lets everything run that waits for nothing but its turn."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


# ---- time and chance -------------------------------------------------------------------


class FakeClock:
    """ports.Clock: stands still but for `advance` and sleeps, which take no time."""

    def __init__(self, start: datetime = T0) -> None:
        self._start = start
        self._passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self._passed += seconds


class FakeLatch:
    """ports.Latch: its time-out comes when the test says so (`FakeJobs.time_out`)."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._late = False
        self.waits: float | None = None

    def set(self) -> None:
        self._event.set()

    def time_out(self) -> None:
        """The seconds of `wait` are over."""
        if self.waits is not None and not self._event.is_set():
            self._clock.advance(self.waits)
            self._late = True
            self._event.set()

    async def wait(self, seconds: float) -> bool:
        self.waits = seconds
        await self._event.wait()
        self.waits = None
        return not self._late


class FakeJobs:
    """ports.Jobs by tasks; a job's failure is raised by `settle`, so that no test misses it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._all: list[asyncio.Task[None]] = []
        self._latches: list[FakeLatch] = []
        self.started: list[str] = []
        self.cancelled: list[str] = []

    def start(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        self.cancel(key)
        self.started.append(key)

        async def run() -> None:
            await job()

        task = asyncio.ensure_future(run())
        self._tasks[key] = task
        self._all.append(task)

    def cancel(self, key: str) -> None:
        task = self._tasks.pop(key, None)
        if task is not None and not task.done():
            self.cancelled.append(key)
            if task is not asyncio.current_task():
                task.cancel()

    def running(self, key: str) -> bool:
        task = self._tasks.get(key)
        return task is not None and not task.done()

    def latch(self) -> FakeLatch:
        latch = FakeLatch(self._clock)
        self._latches.append(latch)
        return latch

    def time_out(self) -> None:
        """The seconds of everything that waits for a latch are over."""
        for latch in self._latches:
            latch.time_out()

    async def settle(self) -> None:
        """Lets the jobs run as far as they can."""
        await idle()
        for task in self._all:
            if task.done() and not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Ends all jobs, as the service does."""
        for task in self._all:
            task.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)
        self._tasks.clear()


class FakeNewId:
    """ports.NewId: id-1, id-2, ..."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"id-{self.count}"


class FakeHasher:
    """ports.Hasher: quick, salted by a counter as bcrypt is by chance, never the plain text."""

    def __init__(self) -> None:
        self.hashed = 0
        self.checked = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        await asyncio.sleep(0)
        return self._digest(str(self.hashed), password)

    async def matches(self, password: str, hashed: str) -> bool:
        self.checked += 1
        await asyncio.sleep(0)
        salt = hashed.split("$")[1] if hashed.startswith("fake$") else ""
        return hashed == self._digest(salt, password)

    @staticmethod
    def _digest(salt: str, password: str) -> str:
        return f"fake${salt}${hashlib.sha256(f'{salt}{password}'.encode()).hexdigest()}"


# ---- records ---------------------------------------------------------------------------

_EARLIEST = datetime.min.replace(tzinfo=UTC)


class FakeRecords:
    """ports.Records in dictionaries; what it holds is what Directus would.

    Attributes:
        written: the changes of each `write` in order.
        posted: those of `post`.
        full: the journal takes nothing.
        directus_away: what is not in memory cannot be read.
    """

    def __init__(self, collections: Sequence[Collection[Any]] = COLLECTIONS) -> None:
        self._collections = collections
        self._rows: dict[str, dict[str, Record]] = {}
        self.written: list[tuple[Change, ...]] = []
        self.posted: list[Change] = []
        self.touched: list[tuple[str, str, dict[str, Any]]] = []
        self.full = False
        self.directus_away = False

    def have(self, collection: Collection[Any], record: Record) -> None:
        """The record exists, as if an operator had made it."""
        self._shelf(collection)[getattr(record, collection.key)] = record

    def edit(self, collection: Collection[Any], key: str, **fields: Any) -> None:
        """An operator changes fields of a record."""
        self._put(Put(collection, key, fields))

    def all(self, collection: Collection[R]) -> list[R]:
        """Every record, resident or not."""
        return list(self._shelf(collection).values())

    # ---- ports.Records -----------------------------------------------------------------

    def get(self, collection: Collection[R], key: str) -> R | None:
        self._resident(collection)
        return self._shelf(collection).get(key)

    def select(self, collection: Collection[R], **equal: Any) -> Sequence[R]:
        self._resident(collection)
        return [record for record in self.all(collection) if _fits(record, equal)]

    async def find(
        self,
        collection: Collection[R],
        where: Mapping[str, Any],
        *,
        limit: int = 1000,
        offset: int = 0,
        newest_first: str | None = None,
    ) -> Sequence[R]:
        await asyncio.sleep(0)
        if self.directus_away and not collection.resident:
            raise DirectusError("Directus is away")
        found = [record for record in self.all(collection) if _fits(record, where)]
        found.sort(key=lambda record: str(getattr(record, collection.key)))
        if newest_first:
            found.sort(key=lambda record: getattr(record, newest_first) or _EARLIEST, reverse=True)
        return found[offset : offset + limit]

    async def write(self, *changes: Change) -> None:
        if not changes:
            return
        self._take(changes)
        self.written.append(changes)
        await asyncio.sleep(0)

    def post(self, *changes: Change) -> None:
        if not self.full:
            self._take(changes)
            self.posted += changes

    def touch(self, collection: Collection[Any], key: str, **fields: Any) -> None:
        assert set(fields) <= set(collection.touched)
        self._resident(collection)
        if key in self._shelf(collection):
            self._put(Put(collection, key, fields))
            self.touched.append((collection.name, key, fields))

    async def settled(self, seconds: float) -> bool:
        await asyncio.sleep(0)
        return True

    # ---- inside ------------------------------------------------------------------------

    def _take(self, changes: Sequence[Change]) -> None:
        if self.full:
            raise StoreUnavailable("the journal is full")
        for change in changes:
            if isinstance(change, Put):
                self._checked(change)
        for change in changes:
            if isinstance(change, Put):
                self._put(change)
            else:
                for view in self._views(change.collection):
                    self._shelf(view).pop(change.key, None)

    def _put(self, put: Put) -> None:
        """Other views of the same table show the fields that they share."""
        checked = self._checked(put)
        for view in self._views(put.collection):
            shelf = self._shelf(view)
            old = shelf.get(put.key)
            made = view is put.collection or view.source is None or view.takes(checked)
            if old is None and not made:
                continue  # a secret view has the rows that were put into it
            over = put.only_over or {}
            fields = {
                name: value
                for name, value in checked.items()
                if name in view.record.model_fields
                and (name not in over or getattr(old, name, None) == over[name])
            }
            new = old if old is not None else view.record(**{view.key: put.key})
            if view.may_take(fields):
                shelf[put.key] = new.model_copy(update=fields)
            else:
                shelf.pop(put.key, None)

    @staticmethod
    def _checked(put: Put) -> dict[str, Any]:
        known = put.collection.record.model_fields
        unknown = [name for name in put.fields if name not in known]
        if unknown or not put.key:
            raise BadRequest(f"{put.collection.name} has no field {', '.join(unknown)}")
        try:
            record = put.collection.record.model_validate(
                {**put.fields, put.collection.key: put.key}
            )
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return {name: getattr(record, name) for name in put.fields}

    def _shelf(self, collection: Collection[R]) -> dict[str, R]:
        rows: dict[str, Any] = self._rows.setdefault(collection.name, {})
        return rows

    def _views(self, collection: Collection[Any]) -> list[Collection[Any]]:
        others = [
            each
            for each in self._collections
            if each.directus == collection.directus and each is not collection
        ]
        return [collection, *others]

    @staticmethod
    def _resident(collection: Collection[Any]) -> None:
        if not collection.resident:
            raise KeyError(f"{collection.name} is not resident")


def _fits(record: Record, where: Mapping[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in where.items())


# ---- stations --------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A CALL of ours."""

    station: str
    action: str
    payload: Payload
    seconds: float | None = None


Answer: TypeAlias = (
    Payload | Exception | Callable[[Payload], Payload | Exception | Awaitable[Payload | Exception]]
)


class FakeStations:
    """ports.Stations: who is connected, and what each call is answered.

    `answers` has for each action a payload, an exception to raise, a function of the
    request's payload that returns one of these, or a list of any of them, one a call.
    """

    def __init__(self, schemas: Schemas | None = None) -> None:
        self._schemas = schemas or Schemas()
        self._sessions: dict[str, SessionInfo] = {}
        self._count = 0
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.calls: list[Sent] = []
        self.disconnected: list[tuple[str, str]] = []

    def connect(
        self,
        station: str,
        *,
        listener: str = "open",
        security_profile: int = 0,
        protocol: str = "ocpp2.0.1",
        since: datetime = T0,
    ) -> SessionInfo:
        """The station is connected, by a fresh session."""
        self._count += 1
        info = SessionInfo(
            id=f"session-{self._count}",
            station=station,
            listener=listener,
            security_profile=security_profile,
            protocol=protocol,
            remote="127.0.0.1:50000",
            since=since,
        )
        self._sessions[station] = info
        return info

    def sent(self, action: str) -> list[Payload]:
        """The payloads of the calls of this action."""
        return [call.payload for call in self.calls if call.action == action]

    # ---- ports.Stations ----------------------------------------------------------------

    def session(self, station: str) -> SessionInfo | None:
        return self._sessions.get(station)

    async def call(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        if station not in self._sessions:
            raise StationOffline(f"{station} is not connected")
        try:
            self._schemas.check_request("2.0.1", action, payload)
        except CallError as error:
            raise BadRequest(f"{action}: {error.description}") from None
        self.calls.append(Sent(station, action, payload, seconds))
        await asyncio.sleep(0)
        answer = await self._answer(action, payload)
        self._schemas.check_response("2.0.1", action, answer)
        return answer

    def disconnect(self, station: str, reason: str) -> None:
        if self._sessions.pop(station, None) is not None:
            self.disconnected.append((station, reason))

    async def _answer(self, action: str, payload: Payload) -> Payload:
        if action not in self.answers:
            raise AssertionError(f"nobody said what {action} is answered")
        answer: Any = self.answers[action]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = answer(payload)
            if inspect.isawaitable(answer):
                answer = await answer
        if isinstance(answer, Exception):
            raise answer
        result: Payload = answer
        return result
