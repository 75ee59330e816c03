"""The command line: explains itself and its refusals, and minds who reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from citrine_py.cli import main

COMMAND = (sys.executable, "-m", "citrine_py")


def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    ["up", "down", "reset", "info", "serve", "provision", "env-example", "healthy", "simulate"],
)
def test_every_command_says_what_it_does(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path) -> None:
    done = run("info", folder=tmp_path, CITRINE_API_PORT="eighty")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("citrine-py: CITRINE_API_PORT: ")


def test_the_service_says_which_setting_it_cannot_do_without(tmp_path: Path) -> None:
    done = run("serve", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("citrine-py: CITRINE_DIRECTUS_TOKEN: missing")
    assert "Traceback" not in done.stderr


def test_an_api_beyond_loopback_needs_a_token_and_says_so(tmp_path: Path) -> None:
    done = run("serve", folder=tmp_path, CITRINE_API_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "set CITRINE_API_TOKEN" in done.stderr


def test_a_service_that_is_not_there_is_not_healthy(tmp_path: Path) -> None:
    done = run("healthy", folder=tmp_path, CITRINE_API_PORT="9")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/health/ready" in done.stderr


def test_a_reader_who_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    """As in `citrine-py env-example | head -1`."""
    with subprocess.Popen(
        [*COMMAND, "env-example"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
