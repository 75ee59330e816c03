"""The state folder of `up`: secrets, lock, who runs.

Everything here survives a `kill -9`: the lock goes with its process, and a
recorded process counts only if its start time still fits.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from citrine_py.errors import CitrineError


@dataclass(frozen=True, slots=True)
class Secrets:
    """What `up` generates once. Never printed but by `info`, never logged."""

    admin_password: str
    admin_token: str
    service_token: str
    api_token: str
    directus_key: str
    directus_secret: str

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours; the start time tells it from a later one with the same number."""

    name: str
    pid: int
    started: float

    def find(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return None
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None


class State:
    """The folder and the files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.logs = self.folder / "logs"
        self.uploads = self.folder / "uploads"
        self.database = self.folder / "postgres"
        self.service = self.folder / "service"
        self._secrets = self.folder / "secrets.json"
        self._lock = self.folder / "lock"
        self._processes = self.folder / "processes.json"

    def create(self) -> None:
        """Makes the folders; only their owner looks into the ones that hold secrets.

        The outer one lets others pass (not look): run as root, Postgres is another user.
        """
        for folder in (self.folder, self.logs, self.uploads, self.service):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o711 if folder == self.folder else 0o700)
            except OSError as error:
                raise CitrineError(
                    f"cannot use {folder} for the state: {error.strerror}; set CITRINE_STACK_FOLDER"
                ) from None

    def secrets(self) -> Secrets:
        """The secrets, generated on first use, in a file that only its owner reads."""
        known: dict[str, str] = {}
        if self._secrets.exists():
            known = json.loads(self._secrets.read_text())
        names = Secrets.__dataclass_fields__
        complete = Secrets(**{name: known.get(name) or secrets.token_urlsafe(24) for name in names})
        if asdict(complete) != known:
            _write_private(self._secrets, asdict(complete))
        return complete

    @property
    def exists(self) -> bool:
        """Whether `up` ever ran here."""
        return self._secrets.exists()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Makes this process the only `up` of this folder.

        Raises:
            CitrineError: another one runs.
        """
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CitrineError(
                    f"already running on {self.folder}; `citrine-py info` shows it, "
                    "`citrine-py down` stops it, CITRINE_STACK_FOLDER starts another beside it"
                ) from None
            yield

    def record(self, running: Mapping[str, int]) -> None:
        """Notes the processes that run, by name, this one (`up`) among them."""
        processes = []
        for name, pid in {"up": os.getpid(), **running}.items():
            try:
                processes.append(asdict(Process(name, pid, psutil.Process(pid).create_time())))
            except psutil.NoSuchProcess:
                continue
        _write_private(self._processes, processes)

    def recorded(self) -> list[Process]:
        """The processes noted last, running or not."""
        try:
            return [Process(**entry) for entry in json.loads(self._processes.read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def running_up(self) -> psutil.Process | None:
        """The `up` that runs on this folder, if one does."""
        return next((p.find() for p in self.recorded() if p.name == "up" and p.find()), None)

    def end_orphans(self) -> list[str]:
        """Ends what a killed `up` left behind (Postgres apart, which is taken over); their names."""
        orphans = {p.name: p.find() for p in self.recorded() if p.name != "up"}
        found = {name: process for name, process in orphans.items() if process is not None}
        for process in found.values():
            process.terminate()
        _, alive = psutil.wait_procs(found.values(), timeout=10)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=5)
        return list(found)

    def forget_processes(self) -> None:
        """Nothing runs any more."""
        self._processes.unlink(missing_ok=True)


def _write_private(path: Path, value: object) -> None:
    """Writes JSON that only the owner may read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
