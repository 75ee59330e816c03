"""Waiting people see that something happens, on a terminal and in a log."""

from __future__ import annotations

import io
import re
import time

import pytest

from citrine_py.stack import progress
from citrine_py.stack.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def until_written(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_step_ends_with_its_duration(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().step("starting"):
        pass
    assert re.fullmatch(r"  starting \.\.\. 0\.\d s\n", capsys.readouterr().out)


def test_a_failed_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), Progress().step("starting"):
        raise ValueError("no")
    assert re.fullmatch(r"  starting \.\.\. failed after 0\.\d s\n", capsys.readouterr().out)


def test_a_long_step_writes_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "_EVERY", 0.01)
    output = io.StringIO()
    monkeypatch.setattr("sys.stdout", output)
    with Progress().step("installing", lambda: "compiling"):
        until_written(output, "  installing ... 0 s, compiling\n")
    assert "\r" not in output.getvalue()


def test_a_long_step_turns_on_a_terminal_and_leaves_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "_SPIN", 0.01)
    output = Terminal()
    monkeypatch.setattr("sys.stdout", output)
    with Progress().step("installing"):
        until_written(output, "\r\033[K/ installing ... 0 s")
    assert output.getvalue().count("\n") == 1
    assert re.search(r"\r\033\[K  installing \.\.\. 0\.\d s\n$", output.getvalue())
