"""What `make` says when the machine lacks something, and what CI calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without a .venv."""
    for name in ("Makefile", "pyproject.toml", "requirements-stack.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    told = make(checkout).stdout
    for target in ("up", "down", "reset", "info", "demo", "test", "lint"):
        assert f"make {target} " in told


def test_an_old_python_gives_one_line(checkout: Path) -> None:
    old = checkout / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(checkout, "up", f"PYTHON={old}")
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert first == "citrine-py needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"
    assert all(line.startswith("make: ***") for line in rest)


def test_ci_runs_lint_and_test_without_a_terminal() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert script.splitlines()[-2:] == ["make lint", "make test"]
    assert "exec </dev/null" in script
