"""The state folder: private secrets, one `up` at a time, orphans recognised."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from citrine_py.errors import CitrineError
from citrine_py.stack.state import Bootstrapped, Process, State

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "deep" / "state")
    made.create()
    return made


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_folder_and_secrets_are_private(state: State) -> None:
    state.secrets()
    assert mode(state.folder) == 0o700
    assert mode(state.folder / "secrets.json") == 0o600
    assert {mode(each) for each in (state.logs, state.uploads, state.service)} == {0o700}


def test_secrets_are_generated_once_and_kept(state: State) -> None:
    first = state.secrets()
    assert state.secrets() == first
    values = json.loads((state.folder / "secrets.json").read_text()).values()
    assert len(set(values)) == len(values) == 6
    assert all(len(value) >= 32 for value in values)


def test_a_secret_never_shows_in_a_repr(state: State) -> None:
    secrets = state.secrets()
    assert secrets.admin_password not in repr(secrets)


def test_an_operators_own_secret_stands_before_the_generated_one(state: State) -> None:
    before = state.secrets()
    after = state.secrets({"api_token": "chosen"})
    assert after.api_token == "chosen"
    assert after.admin_token == before.admin_token
    assert state.secrets().api_token == "chosen"


def test_damaged_secrets_give_one_line(state: State) -> None:
    (state.folder / "secrets.json").write_text("{")
    with pytest.raises(CitrineError, match=r"secrets\.json is damaged"):
        state.secrets()


def test_a_folder_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CitrineError, match="CITRINE_STACK_FOLDER"):
        State(tmp_path / "file" / "state").create()


def test_a_second_up_on_the_folder_is_refused_in_one_line(state: State) -> None:
    with (
        state.hold(),
        pytest.raises(CitrineError, match=r"already running on .*citrine-py down"),
        State(state.folder).hold(),
    ):
        pass


def test_the_lock_goes_with_its_holder(state: State) -> None:
    with state.hold():
        pass
    with State(state.folder).hold():
        pass


def test_a_new_up_waits_for_one_that_is_stopping(state: State) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom citrine_py.stack.state import State\n"
        "state = State(Path(sys.argv[1]))\n"
        "with state.hold():\n"
        "    state.note_starting({})\n    state.note_stopping()\n"
        "    print('held', flush=True)\n    time.sleep(0.5)\n"
    )
    command = [sys.executable, "-c", script, str(state.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with state.hold():
            assert other.wait(5) == 0


def test_what_was_told_is_known_to_others_while_it_runs(state: State) -> None:
    state.note_starting({"api_url": "http://127.0.0.1:1"})
    other = State(state.folder)
    up = other.running_up()
    assert up is not None
    assert up.pid == os.getpid()
    assert not other.ready()
    state.note_running()
    assert other.ready()
    assert other.told() == {"api_url": "http://127.0.0.1:1"}
    state.forget_run()
    assert other.running_up() is None


def test_orphans_are_ended(state: State) -> None:
    with subprocess.Popen(SLEEPER) as orphan:
        state.note_children({"Directus": (orphan.pid, signal.SIGTERM)})
        assert State(state.folder).end_orphans() == ["Directus"]
        assert orphan.poll() == -signal.SIGTERM


def test_a_process_that_only_has_an_orphans_number_is_spared(state: State) -> None:
    with subprocess.Popen(SLEEPER) as innocent:
        state.note_children({"Directus": (innocent.pid, signal.SIGTERM)})
        run = json.loads((state.folder / "run.json").read_text())
        run["children"][0]["started"] -= 100
        (state.folder / "run.json").write_text(json.dumps(run))
        assert state.end_orphans() == []
        assert innocent.poll() is None
        innocent.kill()


def test_a_dead_process_is_not_found() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert Process("gone", gone.pid, 0.0, 15).find() is None


@pytest.mark.parametrize("text", ["", "[]", '{"children": [{"what": 1}]}'])
def test_a_damaged_note_is_as_none(state: State, text: str) -> None:
    (state.folder / "run.json").write_text(text)
    assert state.running_up() is None
    assert state.end_orphans() == []


def test_it_remembers_what_made_the_tables(state: State) -> None:
    assert state.bootstrapped() is None
    state.note_bootstrapped(Bootstrapped("directus-1", "admin@example.com"))
    assert state.bootstrapped() == Bootstrapped("directus-1", "admin@example.com")
    state.note_bootstrapped(None)
    assert state.bootstrapped() is None


def test_dropping_removes_the_folder_and_spares_what_is_not_ours(state: State) -> None:
    state.secrets()
    mine = state.folder / "thesis.txt"
    mine.write_text("years of work")
    state.drop()
    assert [each.name for each in state.folder.iterdir()] == ["thesis.txt"]
    mine.unlink()
    State(state.folder).create()
    State(state.folder).drop()
    assert not state.folder.exists()
