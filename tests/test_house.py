"""The limits that keep the house readable: no file and no function outgrows its subject."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "citrine_py"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE = 400  # lines; most stay below 300
LONGEST_FUNCTION = 60
SHARE_OVER_300 = 0.05


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_has_one_subject(file: Path) -> None:
    text = file.read_text()
    assert text.startswith('"""'), "it opens by saying what it is for"
    assert len(text.splitlines()) <= LONGEST_FILE
    for function in functions(ast.parse(text)):
        assert function.end_lineno is not None
        length = function.end_lineno - function.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{function.name} has {length} lines"


def test_few_files_are_long() -> None:
    long = [file.name for file in FILES if len(file.read_text().splitlines()) > 300]
    assert len(long) <= SHARE_OVER_300 * len(FILES), long


def test_packages_only_say_what_they_are() -> None:
    """An `__init__.py` holds a docstring: nothing is re-exported, so each name has one home."""
    for file in PACKAGE.rglob("__init__.py"):
        assert len(ast.parse(file.read_text()).body) == 1, file
