"""Tells a person what is going on while they wait: on a terminal one line that changes,
elsewhere a line now and then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

_EVERY = 5.0  # seconds between lines where no terminal can overwrite one
_SPIN = 0.5
_WHEEL = "|/-\\"


def _nothing() -> str:
    return ""


class Progress:
    """Prints steps with their duration; long ones show that they are alive."""

    def say(self, text: str) -> None:
        """One line."""
        print(text, flush=True)

    @contextmanager
    def step(self, text: str, detail: Callable[[], str] = _nothing) -> Iterator[None]:
        """Encloses a step: its duration at the end, and meanwhile what `detail` tells."""
        done = Event()
        started = time.monotonic()
        alive = Thread(target=self._tick, args=(text, detail, started, done), daemon=True)
        alive.start()
        outcome = "failed after "
        try:
            yield
            outcome = ""
        finally:
            done.set()
            alive.join()
            clear = "\r\033[K" if sys.stdout.isatty() else ""
            self.say(f"{clear}  {text} ... {outcome}{time.monotonic() - started:.1f} s")

    def _tick(self, text: str, detail: Callable[[], str], started: float, done: Event) -> None:
        terminal = sys.stdout.isatty()
        turn = 0
        while not done.wait(_SPIN if terminal else _EVERY):
            elapsed = time.monotonic() - started
            more = detail()
            line = f"{text} ... {elapsed:.0f} s" + (f", {more}" if more else "")
            if terminal:
                print(f"\r\033[K{_WHEEL[turn % 4]} {line}", end="", flush=True)
            else:
                print(f"  {line}", flush=True)
            turn += 1
