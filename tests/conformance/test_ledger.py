"""Every official case has its test, once, and every marked case is official."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
OFFICIAL = frozenset((HERE / "official_cases.txt").read_text().split())
"""The 135 cases of a CSMS in OCPP 2.0.1 Part 6 (Core and Advanced Security)."""


def modules() -> list[ModuleType]:
    """The test modules of the blocks, in order."""
    names = sorted(path.stem for path in HERE.glob("test_?_*.py"))
    return [import_module(f"tests.conformance.{name}") for name in names]


def cases(module: ModuleType) -> dict[str, pytest.Mark]:
    """The marks of a module's cases by the name of their test."""
    return {
        name: mark
        for name, test in vars(module).items()
        for mark in getattr(test, "pytestmark", [])
        if name.startswith("test_") and mark.name == "case"
    }


MARKS = [(each, name, mark) for each in modules() for name, mark in cases(each).items()]


def test_every_official_case_has_its_test_and_stands_once() -> None:
    assert len(OFFICIAL) == 135
    assert sorted(mark.args[0] for _, _, mark in MARKS) == sorted(OFFICIAL)


def test_a_test_has_the_name_of_its_case_and_stands_in_its_block() -> None:
    for module, name, mark in MARKS:
        case = mark.args[0].lower().removesuffix("_csms")
        assert name.startswith(f"test_{case}_")
        assert module.__name__.rpartition(".")[2].startswith(f"test_{case[3]}_")
