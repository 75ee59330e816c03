"""When resident collections are read from Directus: at the start, and when events may be missed.

After a dropped subscription memory catches up with what changed since. While
the subscription is down it does so again and again, at an interval that follows
the cost, so that an operator's edit still counts soon; while it is up, now and
then, so that there is never much to catch up with. What is read, and how, is
`reading`'s.
"""

from __future__ import annotations

import asyncio

import structlog

from citrine_py.errors import DirectusError
from citrine_py.ports import Clock
from citrine_py.store.marks import Marks
from citrine_py.store.mirror import Mirror
from citrine_py.store.reading import Caught, Reader

log = structlog.get_logger()

_GATHER = 0.005  # seconds in which doubts gather into one read
_POLL = 1.0  # seconds between readings of what changed while the subscription is down
_POLL_SHARE = 10  # and at least this many times the length of the last one
_REFRESH = 300.0  # seconds between them while it is up
_LONGEST_PAUSE = 5.0  # seconds between attempts while Directus is away


class Loader:
    """Keeps reading until memory is known to be current."""

    def __init__(self, reader: Reader, marks: Marks, mirror: Mirror, clock: Clock) -> None:
        self._reader = reader
        self._marks = marks
        self._mirror = mirror
        self._clock = clock
        self._wanted = True
        self._polling = True
        self._took = 0.0
        self._caught = Caught()
        self._due = 0.0
        self.loaded = asyncio.Event()
        """Everything was read at least once."""
        self.stale_since: float | None = clock.monotonic()
        """When memory was last known to be current; None while it is."""

    @property
    def staleness(self) -> float:
        """Seconds for which an edit in Directus may have gone unseen."""
        return 0.0 if self.stale_since is None else self._clock.monotonic() - self.stale_since

    def subscribed(self) -> None:
        """Events come in from now on: catch up with what came before."""
        self._marks.listen()
        self._wanted, self._polling = True, False
        self._mirror.missed()
        self._mirror.doubted.set()

    def unsubscribed(self) -> None:
        """Events may be missed from now on."""
        self._marks.lost(listening=False)
        if self.stale_since is None:
            self.stale_since = self._clock.monotonic()
        self._wanted = self._polling = True
        self._mirror.missed()
        self._mirror.doubted.set()

    def missed(self) -> None:
        """An event was lost, though others come."""
        self._marks.lost(listening=True)
        self._wanted = True
        self._mirror.doubted.set()

    async def run(self) -> None:
        """Reads what is wanted or in doubt, for ever."""
        pause = 0.1
        while True:
            try:
                await self._step()
                pause = 0.1
            except DirectusError as error:
                log.debug("load.failed", reason=str(error))
                self._wanted = True
                await self._nudged(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _step(self) -> None:
        self._mirror.doubted.clear()
        if self._mirror.all_doubted:
            self._mirror.all_doubted = False
            self._marks.forget()
            self._wanted = True
        left = self._due - asyncio.get_running_loop().time()
        if self._wanted or left <= 0:
            self._wanted = False
            await self._catch_up()
            pause = max(_POLL, self._took * _POLL_SHARE) if self._polling else _REFRESH
            self._due = asyncio.get_running_loop().time() + pause
        elif self._mirror.doubts:
            if await self._reader.read_doubts():
                await self._clock.sleep(_GATHER)  # a row that is being written: no tight loop
        elif await self._nudged(left):
            await self._clock.sleep(_GATHER)

    async def _nudged(self, seconds: float) -> bool:
        """Waits until there is something new to read, but no longer; whether there is."""
        try:
            async with asyncio.timeout(seconds):
                await self._mirror.doubted.wait()
        except TimeoutError:
            return False
        return True

    async def _catch_up(self) -> None:
        started = self._clock.monotonic()
        subscribed = not self._polling
        await self._reader.catch_up(self._caught)
        self._took = self._clock.monotonic() - started
        first = not self.loaded.is_set()
        self.loaded.set()
        stale = self.staleness
        if subscribed and not self._polling:
            self.stale_since = None
        else:
            self.stale_since = started
        if first or (subscribed and stale > 0):
            log.info(
                "records.loaded",
                rows=self._caught.rows,
                whole=sorted(self._caught.whole),
                seconds=round(self._took, 3),
                stale=round(stale, 3),
            )
        if self.stale_since is None or first:
            self._caught = Caught()
