"""The cases that this release owes are all there, each under its own id."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.conformance import (
    test_a_security,
    test_b_provisioning,
    test_c_authorization,
    test_e_transactions,
    test_j_metering,
)

OWED = {
    f"TC_{number}_CSMS"
    for number in (
        "A_01", "A_02", "A_03", "A_09", "A_10",
        "B_01", "B_02", "B_06", "B_07", "B_09", "B_10", "B_12", "B_13",
        "B_20", "B_21", "B_22", "B_25", "B_26", "B_27", "B_30", "B_31",
        "C_02", "C_06", "C_07", "C_08", "C_20", "C_37", "C_38", "C_39", "C_47", "C_48", "C_49",
        "E_01", "E_02", "E_03", "E_04", "E_07", "E_08", "E_09", "E_10", "E_11", "E_12", "E_14",
        "E_15", "E_16", "E_17", "E_19", "E_20", "E_21", "E_22", "E_26", "E_29", "E_30", "E_31",
        "E_33", "E_34", "E_38", "E_39", "E_53",
        "J_01", "J_02", "J_03", "J_04", "J_07", "J_08", "J_09", "J_10", "J_11",
    )
}  # fmt: skip


def cases(module: ModuleType) -> dict[str, pytest.Mark]:
    """The marks of a module's cases by the name of their test."""
    return {
        name: mark
        for name, test in vars(module).items()
        for mark in getattr(test, "pytestmark", [])
        if name.startswith("test_") and mark.name == "case"
    }


def test_every_case_owed_has_its_test() -> None:
    modules = (
        test_a_security,
        test_b_provisioning,
        test_c_authorization,
        test_e_transactions,
        test_j_metering,
    )
    marks = {name: mark for each in modules for name, mark in cases(each).items()}
    ids = [mark.args[0] for mark in marks.values()]
    assert set(ids) >= OWED
    assert len(set(ids)) == len(ids)
    for name, mark in marks.items():
        assert name.startswith(f"test_{mark.args[0].lower().removesuffix('_csms')}_")
