"""Waiting for what a simulated station does: for those who look on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

Payload: TypeAlias = dict[str, Any]

CALLS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that the CSMS made."""

    action: str
    payload: Payload


class Watched:
    """Something that can be waited for.

    Attributes:
        calls: the calls that the CSMS has made, the latest CALLS_KEPT of them.
    """

    def __init__(self) -> None:
        self.calls: deque[Seen] = deque(maxlen=CALLS_KEPT)
        self._watchers: set[asyncio.Event] = set()

    async def until(self, done: Callable[[Self], bool], seconds: float = 10) -> None:
        """Waits until `done(self)`, which is asked whenever something happens.

        Raises:
            TimeoutError: it did not come true within `seconds`.
        """
        event = asyncio.Event()
        self._watchers.add(event)
        try:
            async with asyncio.timeout(seconds):
                while not done(self):
                    await event.wait()
                    event.clear()
        finally:
            self._watchers.discard(event)

    async def called(self, action: str, seconds: float = 10) -> Seen:
        """Waits for a call of the CSMS and returns the last such. Raises as `until`."""
        await self.until(lambda it: any(seen.action == action for seen in it.calls), seconds)
        return next(seen for seen in reversed(self.calls) if seen.action == action)

    def _tell_watchers(self) -> None:
        for event in self._watchers:
            event.set()
