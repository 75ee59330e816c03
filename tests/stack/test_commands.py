"""down, reset and info where nothing runs; test_up.py has them on a running stack."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from citrine_py.errors import CitrineError
from citrine_py.settings import Settings
from citrine_py.stack import commands
from citrine_py.stack.info import addresses
from citrine_py.stack.state import State


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, stack={"folder": tmp_path / "state"})  # type: ignore[arg-type]


@pytest.fixture
def state(settings: Settings) -> State:
    """A state that an `up` left behind."""
    made = State(settings.stack.folder)
    made.create()
    made.secrets()
    return made


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_info_before_the_first_up_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(CitrineError, match="run `make up`"):
        commands.info(settings, as_data=False)
    assert not settings.stack.folder.exists()


def test_info_of_what_does_not_run_says_so(
    settings: Settings, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.info(settings, as_data=False) == 1
    assert "not running: `make up` starts it" in capsys.readouterr().out
    assert commands.info(settings, as_data=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["running"] is False
    assert told["admin_password"] == state.secrets().admin_password


def test_info_tells_the_addresses_of_the_up_that_runs_not_of_ones_own_settings(
    settings: Settings, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = Settings(_env_file=None, api={"port": 9999})  # type: ignore[arg-type]
    state.note_starting(addresses(theirs).as_dict())
    assert commands.info(settings, as_data=False) == 1
    assert "still starting" in capsys.readouterr().out
    state.note_running()
    assert commands.info(settings, as_data=True) == 0
    assert json.loads(capsys.readouterr().out)["api_url"] == "http://127.0.0.1:9999"


def test_down_of_nothing_is_no_failure(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.down(settings) == 0
    assert "not running" in capsys.readouterr().out


def test_reset_asks(
    settings: Settings,
    state: State,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert commands.reset(settings, yes=False) == 1
    assert "nothing was dropped" in capsys.readouterr().out
    assert state.exists
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert commands.reset(settings, yes=False) == 0
    assert not state.folder.exists()


def test_reset_without_a_terminal_wants_to_be_told(
    settings: Settings, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CitrineError, match="--yes"):
        commands.reset(settings, yes=False)
    assert commands.reset(settings, yes=True) == 0
    assert not state.folder.exists()


def test_reset_of_nothing_is_no_failure(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.reset(settings, yes=False) == 0
    assert "nothing to drop" in capsys.readouterr().out


def test_reset_spares_a_journal_elsewhere_and_says_so(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    journal.mkdir()
    elsewhere = Settings(
        _env_file=None,
        stack={"folder": state.folder},  # type: ignore[arg-type]
        store={"folder": journal},  # type: ignore[arg-type]
    )
    assert commands.reset(elsewhere, yes=True) == 0
    assert journal.exists()
    assert str(journal) in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_state_of_another_user_gives_one_line(settings: Settings, state: State) -> None:
    state.folder.chmod(0)
    with pytest.raises(CitrineError):
        commands.info(settings, as_data=False)
    state.folder.chmod(0o700)
