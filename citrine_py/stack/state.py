"""The state folder of `up`: secrets, lock, who runs, what was told to the user.

Everything here survives a `kill -9`: the lock goes with its process, and a
recorded process counts only if its start time still fits.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from citrine_py.errors import CitrineError
from citrine_py.stack.processes import wait_ended

_STOPPING_WITHIN = 90.0  # seconds that a new `up` waits for one that is stopping
_ORPHAN_GRACE = 15.0
_STARTING, _RUNNING, _STOPPING = "starting", "running", "stopping"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What `up` generates once. Never printed but by `info`, never logged."""

    admin_password: str
    admin_token: str
    service_token: str
    api_token: str
    directus_secret: str
    secrets_key: str

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours; the start time tells it from a later one with the same number."""

    name: str
    pid: int
    started: float
    stop_signal: int

    def find(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """Which installation of Directus made the tables, and for which first admin."""

    installation: str  # empty while the first one is at it
    admin_email: str

    @property
    def unfinished(self) -> bool:
        """Whether the first making of the tables was begun and never completed."""
        return not self.installation


class State:
    """The folder and the files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.logs = self.folder / "logs"
        self.directus = self.folder / "directus"
        self.uploads = self.directus / "uploads"
        self.service = self.folder / "service"
        self._secrets = self.folder / "secrets.json"
        self._lock = self.folder / "lock"
        self._run = self.folder / "run.json"
        self._bootstrapped = self.folder / "bootstrapped.json"

    def create(self) -> None:
        """Makes the folders, for their owner only.

        Raises:
            CitrineError: the folder cannot be made or written.
        """
        for folder in (self.folder, self.logs, self.directus, self.uploads, self.service):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable(folder, error) from None

    @property
    def exists(self) -> bool:
        """Whether `up` ever ran here.

        Raises:
            CitrineError: the folder is not ours to look into.
        """
        try:
            return self._secrets.exists()
        except OSError as error:
            raise self._unusable(self.folder, error) from None

    def secrets(self, given: Mapping[str, str] | None = None) -> Secrets:
        """The secrets: `given` by the operator, else those kept, else new ones; kept in a file
        that only its owner reads.

        Raises:
            CitrineError: the file is damaged or cannot be written.
        """
        try:
            kept = json.loads(self._secrets.read_text()) if self._secrets.exists() else {}
            known = {**kept, **(given or {})}
            names = Secrets.__dataclass_fields__
            complete = Secrets(**{name: known.get(name) or _generated() for name in names})
            if asdict(complete) != kept:
                _write_private(self._secrets, asdict(complete))
        except OSError as error:
            raise self._unusable(self._secrets, error) from None
        except (ValueError, TypeError):
            raise CitrineError(f"{self._secrets} is damaged: restore it, or `make reset`") from None
        return complete

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Makes this process the only `up` of this folder; waits for one that is stopping.

        Raises:
            CitrineError: another one runs.
        """
        try:
            lock = self._lock.open("a")
        except OSError as error:
            raise self._unusable(self._lock, error) from None
        with lock:
            deadline = time.monotonic() + _STOPPING_WITHIN
            while not _locked(lock.fileno()):
                if self._phase() != _STOPPING or time.monotonic() > deadline:
                    raise CitrineError(
                        f"already running on {self.folder}; `citrine-py info` shows it, "
                        "`citrine-py down` stops it, CITRINE_STACK_FOLDER starts another beside it"
                    )
                time.sleep(0.1)
            yield

    def note_starting(self, told: Mapping[str, Any]) -> None:
        """Notes this process as the `up`, and its addresses."""
        up = Process("up", os.getpid(), psutil.Process().create_time(), 15)
        self._write_run({"phase": _STARTING, "up": asdict(up), "told": dict(told), "children": []})

    def note_running(self) -> None:
        """Everything is up."""
        self._write_run({**self._read_run(), "phase": _RUNNING})

    def note_stopping(self) -> None:
        """The end has begun: who waits for the lock need not give up."""
        self._write_run({**self._read_run(), "phase": _STOPPING})

    def note_children(self, children: Mapping[str, tuple[int, int]]) -> None:
        """Which children run: by name, their number and the signal that stops them."""
        noted = []
        for name, (pid, stop_signal) in children.items():
            try:
                started = psutil.Process(pid).create_time()
            except psutil.NoSuchProcess:
                continue
            noted.append(asdict(Process(name, pid, started, stop_signal)))
        self._write_run({**self._read_run(), "children": noted})

    def forget_run(self) -> None:
        """Nothing runs any more."""
        self._run.unlink(missing_ok=True)

    def running_up(self) -> psutil.Process | None:
        """The `up` that runs on this folder, if one does."""
        try:
            return Process(**self._read_run()["up"]).find()
        except (KeyError, TypeError):
            return None

    def ready(self) -> bool:
        """Whether an `up` has everything running."""
        return self._phase() == _RUNNING and self.running_up() is not None

    def told(self) -> dict[str, Any]:
        """The addresses of the `up` that runs."""
        told: dict[str, Any] = self._read_run().get("told", {})
        return told

    def end_orphans(self) -> list[str]:
        """Ends what a killed `up` left behind, the last started first; their names."""
        try:
            noted = [Process(**entry) for entry in self._read_run().get("children", [])]
        except TypeError:
            noted = []
        ended = []
        for orphan in reversed(noted):
            process = orphan.find()
            if process is None:
                continue
            with suppress(psutil.NoSuchProcess):
                process.send_signal(orphan.stop_signal)
                if not wait_ended(process, _ORPHAN_GRACE):
                    process.kill()
                    wait_ended(process, _ORPHAN_GRACE)
            ended.append(orphan.name)
        return ended

    def bootstrapped(self) -> Bootstrapped | None:
        """What Directus' tables were last made by, if there are any."""
        try:
            return Bootstrapped(**json.loads(self._bootstrapped.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def note_bootstrapped(self, by: Bootstrapped | None) -> None:
        """Directus' tables are as this installation wants them; None: there are none."""
        if by is None:
            self._bootstrapped.unlink(missing_ok=True)
        else:
            _write_private(self._bootstrapped, asdict(by))

    def drop(self, *others: str) -> None:
        """Removes what `up` made, `others` among it by name, and the folder if nothing is left."""
        for name in ("postgres", "postgres.new", "run", "logs", "directus", "service", *others):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for file in (self._run, self._bootstrapped, self._secrets, self._lock):
            file.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _phase(self) -> str | None:
        phase: str | None = self._read_run().get("phase")
        return phase

    def _read_run(self) -> dict[str, Any]:
        try:
            run = json.loads(self._run.read_text())
        except (OSError, ValueError):
            return {}
        return run if isinstance(run, dict) else {}

    def _write_run(self, run: Mapping[str, Any]) -> None:
        _write_private(self._run, run)

    def _unusable(self, path: Path, error: OSError) -> CitrineError:
        return CitrineError(
            f"cannot use {path} for the state: {error.strerror}; set CITRINE_STACK_FOLDER"
        )


def _generated() -> str:
    return secrets.token_urlsafe(24)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_private(path: Path, value: object) -> None:
    """Writes JSON that only the owner may read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
