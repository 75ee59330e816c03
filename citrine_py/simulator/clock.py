"""A station's clock and alarms: its own time, which may run quicker than the world's.

No I/O: the world's time is handed in. An alarm that comes late is carried out at the time
that it was set for, so that what a station does depends on no machine's load.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]

NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)
"""What a clock shows that has lost its battery."""


class Alarm:
    """Something to be done later; `cancel` forgets it."""

    def __init__(self, action: Action) -> None:
        self._action: Action | None = action

    def cancel(self) -> None:
        self._action = None

    @property
    def wanted(self) -> bool:
        return self._action is not None

    def ring(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


class StationClock:
    """Station seconds pass `speed` times as quickly as the world's.

    Args:
        world: the time in the world.
        shows: what it shows at the start; None for the right time.
    """

    def __init__(
        self, world: Callable[[], datetime], speed: float = 1, shows: datetime | None = None
    ) -> None:
        self._world = world
        self._speed = speed
        self._began = world()
        self._zero = shows or self._began
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = count()
        self._ringing: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of the station since the start; the alarm's own while one rings."""
        if self._ringing is not None:
            return self._ringing
        return (self._world() - self._began).total_seconds() * self._speed

    def now(self) -> datetime:
        """What the clock shows."""
        return self._zero + timedelta(seconds=self.elapsed)

    def set(self, moment: datetime) -> None:
        """Corrects the clock; alarms are not moved by it."""
        self._zero = moment - timedelta(seconds=self.elapsed)

    def after(self, seconds: float, action: Action) -> Alarm:
        """Does `action` in `seconds`."""
        alarm = Alarm(action)
        heapq.heappush(self._alarms, (self.elapsed + seconds, next(self._numbers), alarm))
        return alarm

    def run(self) -> None:
        """Carries out what is due, in the order of its times."""
        until = self.elapsed
        try:
            while self._next(until):
                self._ringing, _, alarm = heapq.heappop(self._alarms)
                alarm.ring()
        finally:
            self._ringing = None

    @property
    def wait(self) -> float | None:
        """Seconds of the world until the next alarm; None without one."""
        while self._alarms and not self._alarms[0][2].wanted:
            heapq.heappop(self._alarms)
        if not self._alarms:
            return None
        return max(0.0, (self._alarms[0][0] - self.elapsed) / self._speed)

    def _next(self, until: float) -> bool:
        while self._alarms and not self._alarms[0][2].wanted:
            heapq.heappop(self._alarms)
        return bool(self._alarms) and self._alarms[0][0] <= until
