"""D01: when the local authorization lists of stations are updated.

An edit of a token in Directus or by the API reaches the lists by itself, together with those
that follow within a second. A station that is offline gets its list when it is back. A
station that has no list and needs none is never asked. Implements ports_tokens.LocalLists; what
is sent is `local_list_update`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from citrine_py.errors import BadRequest, NotFound, StationError, StationOffline
from citrine_py.model.authorizations import Authorization
from citrine_py.model.stations import CHARGING_STATION, ChargingStation
from citrine_py.modules.authorization import place_of
from citrine_py.modules.local_list import Wanted
from citrine_py.modules.local_list_edits import SLICE, ListEdits
from citrine_py.modules.local_list_update import LocalListUpdate, is_settled
from citrine_py.ports import Clock, Jobs, Payload, Records, Stations

log = structlog.get_logger()

GATHER = 1.0
"""Seconds in which edits gather into one update."""
SETTLE = 5.0
"""Seconds that a station which came back has to boot by itself."""
RETRY = 60.0
"""Seconds until a station that did not answer is asked again."""
TRIES = 5

_ROUND, _LATER = "local lists", "local lists later"


@dataclass(frozen=True, slots=True)
class LocalLists:
    """The lists of all stations."""

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
    edits: ListEdits
    update: LocalListUpdate
    _busy: dict[str, object] = field(default_factory=dict)  # jobs under way, by key
    _again: set[str] = field(default_factory=set)  # those that have to look once more

    # ---- what happens ------------------------------------------------------------------

    def start(self) -> None:
        """Looks at all stations once: tokens may have been edited while we were not there."""
        self._soon()

    def changed(self, key: str, before: Authorization | None, after: Authorization | None) -> None:
        """A token was edited, made or removed."""
        if before != after:
            self.edits.changed(key, before)
            self._soon()

    def moved(self, _station: str) -> None:
        """See ports_tokens.LocalLists."""
        self._soon()

    def booted(self, station: str) -> None:
        """The station's boot is accepted. Awaits nothing, so that the answer leaves before its
        list."""
        self._start(_job(station), lambda: self._catch_up(station, 0.0))

    def arrived(self, station: str) -> None:
        """The station is connected again; it may boot anew."""
        self._start(_job(station), lambda: self._catch_up(station, SETTLE))

    async def send_whole(self, station: str, seconds: float | None = None) -> Payload:
        """See ports_tokens.LocalLists."""
        if self.records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station}")
        if self.stations.session(station) is None:
            raise StationOffline(f"{station} is not connected")
        self.jobs.cancel(_job(station))
        self._busy.pop(_job(station), None)
        try:
            return await self.update.whole(station, seconds)
        except StationError as error:
            await self.update.failed(station, error)
            raise

    async def version(self, station: str, seconds: float | None = None) -> int:
        """Asks the station for its version (D02). Where it is another than we knew of, the list
        is sent anew."""
        version, lost = await self.update.version(station, seconds)
        if lost:
            self._begin(station)
        return version

    # ---- rounds ------------------------------------------------------------------------

    def _soon(self) -> None:
        self.edits.outdated()
        self._begin_once(_ROUND, self._round)

    def _begin(self, station: str) -> None:
        self._begin_once(_job(station), lambda: self._sync(station))

    def _begin_once(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        """Starts a job; one that runs looks once more instead, so that it is not cut short."""
        if key in self._busy:
            self._again.add(key)
        else:
            self._start(key, job)

    def _start(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        mark = self._busy[key] = object()

        async def run() -> None:
            try:
                await job()
            finally:
                if self._busy.get(key) is mark:
                    del self._busy[key]

        self.jobs.start(key, run)

    async def _round(self) -> None:
        while True:
            self._again.discard(_ROUND)
            await self.clock.sleep(GATHER)
            await self._look_at_all()
            if _ROUND not in self._again:
                return

    async def _look_at_all(self) -> None:
        contents = await self.edits.contents()
        for number, station in enumerate(self.records.select(CHARGING_STATION)):
            if number % SLICE == SLICE - 1:
                await self.clock.sleep(0)
            await self._look(station, contents.at(place_of(self.records, station.id)))
        start = contents.next_start
        if start is not None:
            self.jobs.start(_LATER, lambda: self._wait_for(start))

    async def _look(self, station: ChargingStation, wanted: Wanted) -> None:
        status = station.localListStatus
        if is_settled(station, wanted) or status == "NotSupported":
            return
        if status is None and wanted.count == 0:
            return
        if self._is_ready(station):
            self._begin(station.id)
        elif status != "Wanted":
            await self.update.waits(station.id)

    async def _wait_for(self, start: datetime) -> None:
        """Tokens become valid at `start`: from then on they stand in lists."""
        await self.clock.sleep(max((start - self.clock.now()).total_seconds(), 0.0))
        self.edits.begun(start)
        self._soon()

    # ---- one station -------------------------------------------------------------------

    def _is_ready(self, record: ChargingStation | None) -> bool:
        return (
            record is not None
            and record.registrationStatus == "Accepted"
            and self.stations.session(record.id) is not None
        )

    async def _catch_up(self, station: str, pause: float) -> None:
        """What a station that came back has may be old, or lost."""
        if pause:
            await self.clock.sleep(pause)
        record = self.records.get(CHARGING_STATION, station)
        if record is None or not self._is_ready(record):
            return
        if record.localListStatus is None:
            if (await self.edits.wanted(station)).count == 0:
                return
        elif not await self._guarded(station, self.update.check):
            return
        await self._sync(station)

    async def _sync(self, station: str) -> None:
        """Brings the list up to date, until nothing has changed meanwhile."""
        key, tries = _job(station), 0
        while self._is_ready(self.records.get(CHARGING_STATION, station)):
            self._again.discard(key)
            tries += 1
            if await self._guarded(station, self.update.update):
                if key not in self._again:
                    return
            elif tries < TRIES:
                await self.clock.sleep(RETRY)
            else:
                return

    async def _guarded(self, station: str, step: Callable[[str], Awaitable[None]]) -> bool:
        """Whether there is nothing to be tried again."""
        try:
            await step(station)
        except (StationError, BadRequest) as error:
            return not await self.update.failed(station, error)
        return True


def _job(station: str) -> str:
    return f"local list {station}"
