"""One job for each station that brings it to what is wanted, and again until it is so.

Asked while it runs, it looks once more: nothing that is under way is cut short. A station that
does not answer is asked again after a while, a few times; then when it is back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from citrine_py.ports import Jobs, Latch

RETRY = 60.0
"""Seconds until a station that did not answer is asked again."""
TRIES = 5


class Rounds:
    """The jobs. `work` returns whether nothing is left to be tried again."""

    def __init__(self, jobs: Jobs, name: str, work: Callable[[str], Awaitable[bool]]) -> None:
        self._jobs = jobs
        self._name = name
        self._work = work
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._waiting: dict[str, Latch] = {}

    def begin(self, station: str) -> None:
        """Has the station looked at, after what is under way."""
        if station not in self._busy:
            self._busy.add(station)
            self._jobs.start(f"{self._name} {station}", lambda: self._run(station))
            return
        self._again.add(station)
        waiting = self._waiting.get(station)
        if waiting is not None:
            waiting.set()

    async def _run(self, station: str) -> None:
        try:
            tries = 0
            while True:
                self._again.discard(station)
                done = await self._work(station)
                tries = 0 if station in self._again else tries + 1
                if tries and (done or tries >= TRIES):
                    return
                if tries:
                    await self._pause(station)
        finally:
            self._waiting.pop(station, None)
            self._busy.discard(station)

    async def _pause(self, station: str) -> None:
        latch = self._waiting[station] = self._jobs.latch()
        await latch.wait(RETRY)
        del self._waiting[station]
