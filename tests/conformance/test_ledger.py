"""Every marked case is official and stands once; what is still missing is listed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
OFFICIAL = frozenset((HERE / "official_cases.txt").read_text().split())
"""The 135 cases of a CSMS in OCPP 2.0.1 Part 6 (Core and Advanced Security)."""

MISSING = {
    f"TC_{number}_CSMS"
    for number in (
        "L_01", "L_02", "L_03", "L_04", "L_05", "L_06", "L_07", "L_08", "L_09", "L_10", "L_11",
        "L_13",
        "N_25", "N_27", "N_28", "N_29", "N_30", "N_31", "N_32", "N_34", "N_35", "N_36", "N_62",
        "P_02", "P_03",
    )
}  # fmt: skip
"""Those that no test follows yet; a block that brings its cases takes them from here."""


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


def test_every_marked_case_is_official_and_stands_once() -> None:
    assert len(OFFICIAL) == 135
    ids = [mark.args[0] for _, _, mark in MARKS]
    assert set(ids) <= OFFICIAL
    assert sorted(set(ids)) == sorted(ids)


def test_what_is_missing_is_exactly_what_is_listed() -> None:
    assert OFFICIAL - {mark.args[0] for _, _, mark in MARKS} == MISSING


def test_a_test_has_the_name_of_its_case_and_stands_in_its_block() -> None:
    for module, name, mark in MARKS:
        case = mark.args[0].lower().removesuffix("_csms")
        assert name.startswith(f"test_{case}_")
        assert module.__name__.rpartition(".")[2].startswith(f"test_{case[3]}_")
