"""Tells a person what is going on while they wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

_EVERY = 10.0  # seconds between lines where no terminal can overwrite one


class Progress:
    """Prints steps with their duration; long ones show that they are alive."""

    def say(self, text: str) -> None:
        """One line."""
        print(text, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Encloses a step: its name at once, its duration at the end."""
        done = Event()
        started = time.monotonic()
        alive = Thread(target=self._tick, args=(text, started, done), daemon=True)
        alive.start()
        try:
            yield
        except BaseException:
            done.set()
            alive.join()
            self.say(f"  {text} ... failed")
            raise
        done.set()
        alive.join()
        clear = "\r\033[K" if sys.stdout.isatty() else ""
        self.say(f"{clear}  {text} ... {time.monotonic() - started:.1f} s")

    def _tick(self, text: str, started: float, done: Event) -> None:
        terminal = sys.stdout.isatty()
        while not done.wait(0.5 if terminal else _EVERY):
            elapsed = time.monotonic() - started
            end = "" if terminal else "\n"
            start = "\r\033[K" if terminal else ""
            print(f"{start}  {text} ... {elapsed:.0f} s so far", end=end, flush=True)
