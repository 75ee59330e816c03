"""Child processes of `up`: started so that they never outlive it, stopped gently, restarted."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from citrine_py.errors import CitrineError

_PR_SET_PDEATHSIG = 1
_GRACE = 20.0  # seconds from SIGTERM to SIGKILL
_RESTARTS = 5
_CALM = 300.0  # seconds of life after which earlier deaths are forgotten


@dataclass(slots=True)
class Child:
    """One process. `environment` is the whole of it; output is added to `log`."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _deaths: int = 0
    _again_at: float = field(default=0.0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts it, in a session of its own: Ctrl-C reaches `up`, which stops it in order."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: PLW1509 - see _die_with_parent
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._started = time.monotonic()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """SIGTERM, and after a grace SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits until `ready`.

        Raises:
            CitrineError: it ended, or took too long; the message has the end of its output.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            code = self.exit_code()
            if code is not None:
                raise CitrineError(f"{self.name} ended with exit code {code}:\n{self.log_end()}")
            if time.monotonic() > deadline:
                raise CitrineError(
                    f"{self.name} is not ready after {seconds:.0f} s:\n{self.log_end()}"
                )
            time.sleep(0.1)

    def keep_alive(self, say: Callable[[str], None]) -> bool:
        """Called now and then: restarts it when it has died, with growing pauses. Whether it
        was started anew.

        Raises:
            CitrineError: it died too often.
        """
        code = self.exit_code()
        now = time.monotonic()
        if code is None:
            return False
        if self._again_at == 0:
            self._deaths = 1 if now - self._started > _CALM else self._deaths + 1
            if self._deaths > _RESTARTS:
                raise CitrineError(f"{self.name} died {self._deaths} times:\n{self.log_end()}")
            pause = 2.0 ** (self._deaths - 1)
            say(f"{self.name} ended with exit code {code}; starting it again in {pause:.0f} s")
            self._again_at = now + pause
        if now < self._again_at:
            return False
        self._again_at = 0
        self.start()
        return True

    def log_end(self, lines: int = 15) -> str:
        """The last lines of its output."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _die_with_parent() -> None:
    """Runs in the child: if `up` is killed, the kernel ends the child too."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
