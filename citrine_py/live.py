"""A value that may change while the service runs, handed to whoever needs its current state."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Live(Generic[T]):
    """Who holds it reads `now` each time it counts, and keeps no copy. Only who made it sets it."""

    __slots__ = ("now",)

    def __init__(self, now: T) -> None:
        self.now = now

    def __repr__(self) -> str:
        return f"Live({self.now!r})"
