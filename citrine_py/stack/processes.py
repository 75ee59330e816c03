"""Child processes of `up`: started so that they never outlive it, stopped gently, restarted.

Each runs in a session of its own, so that Ctrl-C reaches `up` alone, which then
stops them in order. Knows nothing of what the children are.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from citrine_py.errors import CitrineError

_PR_SET_PDEATHSIG = 1
_RESTARTS = 5
_CALM = 300.0  # seconds of life after which earlier deaths are forgotten
_POLL = 0.05
_LOG_LIMIT = 20_000_000  # bytes; a longer log is put aside at the next start
_TAIL = 16_384
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that a child runs as, where that is not our own."""

    uid: int
    gid: int


@dataclass(slots=True)
class Child:
    """One process. `environment` is the whole of it; output is added to `log`."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 20.0  # seconds from `stop_signal` to SIGKILL
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _deaths: int = 0
    _again_at: float = field(default=0.0)

    @property
    def pid(self) -> int | None:
        """Its number, once it was started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts it.

        Raises:
            CitrineError: the program cannot be run.
        """
        _put_aside(self.log)
        try:
            with self.log.open("ab") as output:
                self._process = _spawn(self, output.fileno())
        except OSError as error:
            raise CitrineError(f"{self.name} cannot be started: {error}") from None
        self._started = time.monotonic()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """Its stop signal, and after a grace SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(self.grace)
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
                raise CitrineError(f"{self.name} {ending(code)}:\n{log_end(self.log)}")
            if time.monotonic() > deadline:
                raise CitrineError(
                    f"{self.name} is not ready after {seconds:.0f} s:\n{log_end(self.log)}"
                )
            time.sleep(_POLL)

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
                raise CitrineError(f"{self.name} died {self._deaths} times:\n{log_end(self.log)}")
            pause = 2.0 ** (self._deaths - 1)
            say(f"{self.name} {ending(code)}; starting it again in {pause:.0f} s")
            self._again_at = now + pause
        if now < self._again_at:
            return False
        self._again_at = 0
        self.start()
        return True


def run(job: Child, stdin: bytes = b"") -> None:
    """Runs a child that ends by itself, and waits for it; ends it if we are interrupted.

    Raises:
        CitrineError: it failed; the message has the end of its output.
    """
    with job.log.open("ab") as output:
        try:
            process = _spawn(job, output.fileno(), stdin=subprocess.PIPE)
        except OSError as error:
            raise CitrineError(f"{job.name} cannot be run: {error}") from None
    try:
        process.communicate(stdin)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode != 0:
        raise CitrineError(f"{job.name} {ending(process.returncode)}:\n{log_end(job.log)}")


def stop_with_parent() -> None:
    """Has this very process get SIGTERM when its parent dies, where the system can do that."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_ended(process: psutil.Process, seconds: float) -> bool:
    """Whether a process that is not our child ends in time. One that nobody has reaped, as in a
    container without an init, has ended too.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def log_end(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _spawn(job: Child, output: int, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    account = job.account
    return subprocess.Popen(
        job.command,
        cwd=job.folder,
        env=dict(job.environment),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=_death_note(job.stop_signal),  # noqa: PLW1509 - nothing there can block
    )


def _death_note(number: signal.Signals) -> Callable[[], None] | None:
    """What runs in the child before its program: if `up` is killed, the kernel signals the
    child too. One system call and no import, as little as can be between fork and exec.
    """
    libc = _LIBC
    if libc is None:
        return None
    parent = os.getpid()
    value = int(number)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, value)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _put_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))
