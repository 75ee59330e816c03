"""The real Postgres of the wheel: made once, private, recovering from whatever ended it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from citrine_py.errors import CitrineError
from citrine_py.stack import postgres
from citrine_py.stack.postgres import DATABASE, Postgres, locate, socket_folder
from citrine_py.stack.processes import Child, log_end


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    return made


@contextmanager
def serving(database: Postgres) -> Iterator[Child]:
    database.prepare(lambda _: None)
    server = database.child()
    server.start()
    try:
        server.wait_ready(lambda: database.ready(server.pid), 60)
        yield server
    finally:
        server.stop()


def sql(database: Postgres, text: str) -> str:
    done = subprocess.run(
        [database.binaries / "psql", "-h", database.socket_folder, "-U", "postgres", "-Atc", text,
         DATABASE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_serves_our_database_on_a_private_socket_alone(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database) as server:
        assert sql(database, "show server_encoding; ") == "UTF8"
        assert sql(database, "show timezone") == "UTC"
        assert sql(database, "show listen_addresses") == ""
        assert sql(database, "select upper('ü')") == "Ü"
        assert database.socket_folder.stat().st_mode & 0o777 == 0o700
        assert database.data.stat().st_mode & 0o777 == 0o700
        assert psutil.Process(server.pid).net_connections("inet") == []
    assert server.exit_code() == 0


def test_data_outlive_a_stop(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database):
        sql(database, "create table kept as select 42 as answer")
    assert database.prepare(lambda _: None) is False
    with serving(database):
        assert sql(database, "select answer from kept") == "42"


def test_it_recovers_from_being_killed(folder: Path) -> None:
    """Stale pid file, stale socket, log to be read: all by itself."""
    database = locate(folder, folder / "log")
    with serving(database) as server:
        sql(database, "create table kept as select 42 as answer")
        os.kill(server.pid or 0, signal.SIGKILL)
        assert server._process is not None
        server._process.wait()
    assert (database.data / "postmaster.pid").exists()
    with serving(database):
        assert sql(database, "select answer from kept") == "42"


def test_a_server_left_running_is_stopped_first(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database) as first, serving(database) as second:
        assert first.exit_code() == 0
        assert second.exit_code() is None


def test_a_pid_file_whose_number_is_now_another_program_is_removed(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database):
        pass
    (database.data / "postmaster.pid").write_text(f"{os.getpid()}\n{database.data}\n")
    with serving(database):
        assert sql(database, "select 1") == "1"


def test_a_socket_lock_whose_number_is_now_another_program_is_removed(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database):
        lock = (database.socket_folder / ".s.PGSQL.5432.lock").read_text()
    stale = lock.replace(lock.splitlines()[0], str(os.getpid()))
    (database.socket_folder / ".s.PGSQL.5432.lock").write_text(stale)
    with serving(database):
        assert sql(database, "select 1") == "1"


def test_it_is_made_anew_when_asked(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database):
        sql(database, "create table kept as select 42 as answer")
    assert database.prepare(lambda _: None, anew=True) is True
    with serving(database):
        assert sql(database, "select to_regclass('kept')") == ""


def test_a_half_made_cluster_is_made_anew(folder: Path) -> None:
    database = locate(folder, folder / "log")
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert database.prepare(lambda _: None) is True
    assert not half.exists()
    assert (database.data / "base").is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death note")
def test_it_shuts_down_properly_when_its_parent_is_killed(folder: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from citrine_py.stack.postgres import locate\n"
        "folder = Path(sys.argv[1])\ndatabase = locate(folder, folder / 'log')\n"
        "database.prepare(lambda _: None)\nserver = database.child()\nserver.start()\n"
        "server.wait_ready(lambda: database.ready(server.pid), 60)\n"
        "print(server.pid, flush=True)\ntime.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([server], timeout=30)
    assert "database system is shut down" in log_end(folder / "log")


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """A socket's path may have about 100 characters."""
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    database = locate(deep, deep / "log")
    assert not database.socket_folder.is_relative_to(deep)
    with serving(database):
        assert sql(database, "select 1") == "1"
    database.socket_folder.rmdir()


def test_two_folders_have_two_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100)
    assert socket_folder(deep / "x") != socket_folder(deep / "y")
    assert socket_folder(Path("/srv/citrine")) == Path("/srv/citrine/run")


def test_somebody_elses_socket_folder_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "run").symlink_to(elsewhere)
    with pytest.raises(CitrineError, match="belongs to somebody else"):
        locate(folder, folder / "log").prepare(lambda _: None)


def test_readiness_is_of_this_server(folder: Path) -> None:
    database = locate(folder, folder / "log")
    database.data.mkdir()
    assert not database.ready(1)
    lines = ["1", "data", "0", "5432", "run", "", "0", "ready   "]
    (database.data / "postmaster.pid").write_text("\n".join(lines))
    assert database.ready(1)
    assert not database.ready(2)
    (database.data / "postmaster.pid").write_text("\n".join([*lines[:7], "starting"]))
    assert not database.ready(1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step aside")
def test_run_as_root_it_is_another_user_who_may_pass_but_not_look(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "state").mkdir(parents=True)
    home.chmod(0o700)
    said: list[str] = []
    database = locate(home / "state", home / "state" / "log")
    database.prepare(said.append)
    assert database.account is not None
    assert database.account.uid != 0
    assert home.stat().st_mode & 0o777 == 0o701
    assert any(str(home) in line for line in said)
    assert database.data.stat().st_uid == database.account.uid
    assert not stat.S_IMODE(database.data.stat().st_mode) & 0o077


def test_a_missing_wheel_gives_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)
    with pytest.raises(CitrineError, match=r"make up.*requirements-stack\.txt"):
        locate(folder, folder / "log")


def test_the_socket_is_where_directus_looks(folder: Path) -> None:
    database = locate(folder, folder / "log")
    with serving(database), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(database.socket_folder / ".s.PGSQL.5432"))
