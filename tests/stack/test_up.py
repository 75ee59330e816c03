"""`citrine-py up` as a user runs it, on free ports and a state folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from citrine_py.settings import Settings
from citrine_py.stack.state import State
from citrine_py.stack.up import _given, service_folder
from tests.whole_stack import COMMAND, environment_for, info, spawn_up, stop, wait_ready

WARM = 20.0  # seconds that a second `up` may take


def command(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_operators_own_secrets_are_used() -> None:
    settings = Settings(
        _env_file=None,
        api={"token": SecretStr("a")},  # type: ignore[arg-type]
        directus={"token": SecretStr("s"), "admin_token": SecretStr("d")},  # type: ignore[arg-type]
    )
    assert _given(settings) == {"api_token": "a", "service_token": "s", "admin_token": "d"}
    assert _given(Settings(_env_file=None)) == {}


def test_the_journal_is_in_the_state_folder_unless_set(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert service_folder(Settings(_env_file=None), state) == state.service
    own = Settings(_env_file=None, store={"folder": "/srv/journal"})  # type: ignore[arg-type]
    assert service_folder(own, state) == Path("/srv/journal")


def test_a_taken_port_gives_one_line_and_starts_nothing(tmp_path: Path) -> None:
    environment = environment_for(tmp_path / "state")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = command({**environment, "CITRINE_API_PORT": port}, "up")
    assert done.returncode == 1
    assert done.stderr == (
        f"citrine-py: port {port} on 127.0.0.1, for the API, is taken by another program: "
        "set CITRINE_API_PORT to another\n"
    )
    assert not (tmp_path / "state" / "postgres").exists()


def test_a_missing_compiler_gives_one_line(tmp_path: Path) -> None:
    """Only where an installation is needed: the cache is empty here."""
    environment = {
        **environment_for(tmp_path / "state"),
        "CITRINE_STACK_CACHE": str(tmp_path / "cache"),
        "PATH": str(tmp_path),
    }
    done = command(environment, "up")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "needs a C++ compiler and make, not found here" in done.stderr


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Processes that have to do with this state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.Error, OSError):
            continue
        if any(str(folder) in word for word in told) and process.pid != os.getpid():
            found.append(process)
    return found


def _none_left(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while left := _processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.fixture(scope="module")
def place(module_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A state folder that `up` was run on once, and its environment; ended whatever happens."""
    folder = module_path / "state"
    environment = environment_for(folder)
    first = spawn_up(folder, environment)
    try:
        wait_ready(first, environment)
    finally:
        stop(first)
    yield folder, environment
    command(environment, "down")


@pytest.fixture
def stack(place: tuple[Path, dict[str, str]]) -> Iterator[subprocess.Popen[str]]:
    """A running `up` on that folder."""
    folder, environment = place
    (folder / "up.log").unlink(missing_ok=True)
    process = spawn_up(folder, environment)
    try:
        wait_ready(process, environment)
        _until_told(folder)
        yield process
    finally:
        stop(process)


def _until_told(folder: Path) -> None:
    """The API is ready a moment before the table is printed."""
    deadline = time.monotonic() + 10
    while "Ctrl-C stops" not in (folder / "up.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def starts_and_stops(folder: Path, environment: Mapping[str, str]) -> None:
    """A stack on this folder becomes ready, and ends well."""
    process = spawn_up(folder, environment)
    try:
        wait_ready(process, environment)
    finally:
        assert stop(process) == 0


@pytest.mark.stack
def test_a_warm_start_is_quick_and_ends_with_the_table(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    folder, environment = place
    text = (folder / "up.log").read_text()
    ready = re.search(r"Ready after ([\d.]+) s", text)
    assert ready is not None
    assert float(ready[1]) < WARM
    told = info(environment)
    assert told["running"] is True
    for shown in ("directus_url", "admin_email", "admin_password", "api_url", "docs_url"):
        assert told[shown] in text
    assert all(url in text for url in told["websocket_urls"])
    assert "simulate --station cp001" in text
    assert command(environment, "info").stdout.strip() in text


@pytest.mark.stack
def test_what_info_tells_is_true(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    _, environment = place
    told = info(environment)
    assert httpx.get(f"{told['api_url']}/health/ready").status_code == 200
    assert httpx.get(told["docs_url"], follow_redirects=True).status_code == 200
    login = {"email": told["admin_email"], "password": told["admin_password"]}
    answer = httpx.post(f"{told['directus_url']}/auth/login", json=login)
    assert answer.status_code == 200
    token = {"Authorization": f"Bearer {told['admin_token']}"}
    me = httpx.get(f"{told['directus_url']}/users/me", headers=token).json()["data"]
    assert me["email"] == told["admin_email"]


@pytest.mark.stack
def test_everything_listens_on_loopback_alone(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    addresses = {
        connection.laddr.ip
        for process in _processes_of(place[0])
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


@pytest.mark.stack
def test_a_second_up_on_the_folder_is_refused_in_one_line(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    folder, environment = place
    done = command(environment, "up")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"already running on {folder}" in done.stderr
    assert stack.poll() is None


@pytest.mark.stack
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_every_child(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str], number: signal.Signals
) -> None:
    folder, environment = place
    assert len(_processes_of(folder)) > 3
    stack.send_signal(number)
    assert stack.wait(60) == 0
    _none_left(folder)
    text = (folder / "up.log").read_text()
    order = re.findall(r"stopping ([\w ]+?) \.\.\.", text)
    assert order == ["the service", "Directus", "Postgres"]
    assert "Traceback" not in text
    assert info(environment)["running"] is False


@pytest.mark.stack
def test_a_second_signal_does_not_cut_the_stopping_short(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    for _ in range(5):
        stack.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert stack.wait(60) == 0
    _none_left(place[0])


@pytest.mark.stack
def test_down_stops_it_and_waits(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    folder, environment = place
    done = command(environment, "down")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "stopped")
    assert stack.wait(5) == 0
    _none_left(folder)


@pytest.mark.stack
def test_a_killed_up_is_recovered_from(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    """Orphans, stale sockets and pid files: a new `up` needs no help."""
    folder, environment = place
    password = info(environment)["admin_password"]
    stack.kill()
    stack.wait()
    again = spawn_up(folder, environment)
    try:
        wait_ready(again, environment)
        assert info(environment)["admin_password"] == password
    finally:
        assert stop(again) == 0
    _none_left(folder)


@pytest.mark.stack
def test_all_killed_at_once_is_recovered_from(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str]
) -> None:
    """As when the machine lost its power."""
    folder, environment = place
    for process in [psutil.Process(stack.pid), *psutil.Process(stack.pid).children(recursive=True)]:
        process.kill()
    stack.wait()
    starts_and_stops(folder, environment)


@pytest.mark.stack
@pytest.mark.parametrize("name", ["Postgres", "Directus", "the service"])
def test_a_child_that_dies_is_started_again(
    place: tuple[Path, dict[str, str]], stack: subprocess.Popen[str], name: str
) -> None:
    folder, environment = place

    def number() -> int:
        run = json.loads((folder / "run.json").read_text())
        pid: int = next(each["pid"] for each in run["children"] if each["name"] == name)
        return pid

    first = number()
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while number() == first:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert f"{name} was ended by SIGKILL; starting it again" in (folder / "up.log").read_text()
    wait_ready(stack, environment)
    health = f"{info(environment)['directus_url']}/server/health"
    while not _healthy(health):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert stack.poll() is None


def _healthy(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.stack
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death note")
def test_make_itself_may_be_killed(place: tuple[Path, dict[str, str]]) -> None:
    """`up` then stops in order, and a new one that comes meanwhile waits for it."""
    folder, environment = place
    child = f"import subprocess; subprocess.run({list(COMMAND)!r} + ['up'])"
    variables = {**os.environ, **environment, "CITRINE_STACK_STOP_WITH_PARENT": "true"}
    with (
        (folder / "make.log").open("w") as output,
        subprocess.Popen([sys.executable, "-c", child], env=variables, stdout=output) as make,
    ):
        deadline = time.monotonic() + 60
        while "Ctrl-C stops" not in (folder / "make.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        make.kill()
    time.sleep(0.2)  # the signal is on its way; a human would be slower
    starts_and_stops(folder, environment)


@pytest.mark.stack
def test_one_killed_while_directus_makes_its_tables_is_recovered_from(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    environment = environment_for(folder)
    first = spawn_up(folder, environment)
    deadline = time.monotonic() + 60
    while (done := State(folder).bootstrapped()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2)  # amid the tables
    first.kill()
    first.wait()
    assert done.unfinished
    assert State(folder).bootstrapped() == done
    starts_and_stops(folder, environment)


@pytest.mark.stack
def test_reset_drops_the_state_of_a_running_stack(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    environment = environment_for(folder)
    process = spawn_up(folder, environment)
    try:
        wait_ready(process, environment)
        done = command(environment, "reset", "--yes")
        assert done.returncode == 0, done.stderr
        assert process.wait(5) == 0
        assert {each.name for each in folder.iterdir()} == {"up.log", "test-environment.json"}
        _none_left(folder)
    finally:
        stop(process)
