"""The children of one `up`, together: noted, kept alive, stopped in reverse."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from citrine_py.errors import CitrineError
from citrine_py.stack import processes
from citrine_py.stack.processes import Child
from citrine_py.stack.progress import Progress
from citrine_py.stack.running import Running
from citrine_py.stack.state import State


@pytest.fixture
def running(tmp_path: Path) -> Running:
    state = State(tmp_path / "state")
    state.create()
    return Running(state, Progress())


def child(running: Running, name: str, script: str) -> Child:
    command = (sys.executable, "-c", script)
    logs = running.state.logs
    return Child(name, command, dict(os.environ), logs, logs / f"{name}.log")


def noted(running: Running) -> list[str]:
    run = json.loads((running.state.folder / "run.json").read_text())
    return [each["name"] for each in run["children"]]


SLEEP = "import time; time.sleep(600)"


def test_children_are_noted_before_they_are_ready(running: Running) -> None:
    """Whoever is killed while one starts leaves a note of it."""
    seen: list[list[str]] = []

    def ready() -> bool:
        seen.append(noted(running))
        return True

    running.start(child(running, "one", SLEEP), ready, 10)
    running.start(child(running, "two", SLEEP), ready, 10)
    running.stop()
    assert seen == [["one"], ["one", "two"]]


def test_the_last_started_is_stopped_first(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        running.start(child(running, name, SLEEP), lambda: True, 10)
    running.stop()
    told = [line.split(" ...")[0].strip() for line in capsys.readouterr().out.splitlines()]
    assert told == ["stopping three", "stopping two", "stopping one"]


def test_one_that_keeps_dying_ends_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic
    monkeypatch.setattr(processes.time, "monotonic", lambda: clock() * 100)
    running.start(child(running, "frail", "print('ouch')"), lambda: True, 10)
    with pytest.raises(CitrineError, match="frail died 6 times:\nouch"):
        running.keep_alive()
