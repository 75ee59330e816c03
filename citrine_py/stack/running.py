"""What runs: children started in order, noted in the state folder, kept alive, and stopped
in reverse.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from citrine_py.stack.processes import Child
from citrine_py.stack.progress import Progress
from citrine_py.stack.state import State

_LOOK_EVERY = 0.3  # seconds


@dataclass(slots=True)
class Running:
    """The children of one `up`."""

    state: State
    progress: Progress
    _children: list[Child] = field(default_factory=list)

    def start(self, child: Child, ready: Callable[[], bool], seconds: float) -> None:
        """Starts a child and waits until it is ready.

        Raises:
            CitrineError: it ended, or was not ready in time.
        """
        self._children.append(child)
        child.start()
        self._note()
        child.wait_ready(ready, seconds)

    def keep_alive(self) -> NoReturn:
        """Restarts what dies, until an exception ends it.

        Raises:
            CitrineError: a child died too often.
        """
        while True:
            time.sleep(_LOOK_EVERY)
            for child in self._children:
                if child.keep_alive(self.progress.say):
                    self._note()

    def stop(self) -> None:
        """Stops all, the last started first."""
        for child in reversed(self._children):
            with self.progress.step(f"stopping {child.name}"):
                child.stop()

    def _note(self) -> None:
        self.state.note_children(
            {
                child.name: (child.pid, child.stop_signal)
                for child in self._children
                if child.pid is not None
            }
        )
