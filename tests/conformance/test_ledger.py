"""The cases that this release owes are all there, each under its own id."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.conformance import (
    test_a_certificates,
    test_a_security,
    test_b_provisioning,
    test_c_authorization,
    test_m_certificates,
)

OWED = {
    f"TC_{number}_CSMS"
    for number in (
        "A_01", "A_02", "A_03", "A_04", "A_06", "A_07", "A_08", "A_09", "A_10",
        "A_11", "A_14", "A_19",
        "B_01", "B_02", "B_06", "B_07", "B_09", "B_10", "B_12", "B_13",
        "B_20", "B_21", "B_22", "B_25", "B_26", "B_27", "B_30", "B_31",
        "C_02", "C_06", "C_07", "C_08", "C_20", "C_37", "C_38", "C_39", "C_47", "C_48", "C_49",
        "M_01", "M_02", "M_05", "M_13", "M_18", "M_19", "M_20", "M_21",
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
    marks = {
        **cases(test_a_certificates),
        **cases(test_a_security),
        **cases(test_b_provisioning),
        **cases(test_c_authorization),
        **cases(test_m_certificates),
    }
    ids = [mark.args[0] for mark in marks.values()]
    assert set(ids) >= OWED
    assert len(set(ids)) == len(ids)
    for name, mark in marks.items():
        assert name.startswith(f"test_{mark.args[0].lower().removesuffix('_csms')}_")
