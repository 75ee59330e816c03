"""How fast a station is read, so that one that floods takes no room from the others.

Pure arithmetic on monotonic seconds. Nothing is refused: what comes faster waits in the
station's own line.
"""

from __future__ import annotations

BURST = 10.0
"""Seconds' worth of messages that may come at once, as after an outage."""


class Pace:
    """`rate`: messages a second that may go on for ever; 0 for as many as come."""

    __slots__ = ("_ahead", "_each", "_until")

    def __init__(self, rate: float) -> None:
        self._each = 1 / rate if rate > 0 else 0.0
        self._ahead = BURST if rate > 0 else 0.0
        self._until = 0.0

    def wait(self, now: float) -> float:
        """Takes one message in; the seconds until the next may be read."""
        if not self._each:
            return 0.0
        self._until = max(self._until, now) + self._each
        return max(0.0, self._until - now - self._ahead)
