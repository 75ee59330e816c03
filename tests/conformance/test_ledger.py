"""The cases that this release owes are all there, each under its own id."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.conformance import (
    test_a_security,
    test_b_provisioning,
    test_c_authorization,
    test_l_firmware,
    test_n_diagnostics,
    test_p_data_transfer,
)

OWED = {
    f"TC_{number}_CSMS"
    for number in (
        "A_01", "A_02", "A_03", "A_09", "A_10",
        "B_01", "B_02", "B_06", "B_07", "B_09", "B_10", "B_12", "B_13",
        "B_20", "B_21", "B_22", "B_25", "B_26", "B_27", "B_30", "B_31",
        "C_02", "C_06", "C_07", "C_08", "C_20", "C_37", "C_38", "C_39", "C_47", "C_48", "C_49",
        "L_01", "L_02", "L_03", "L_04", "L_05", "L_06", "L_07", "L_08", "L_09", "L_10", "L_11",
        "L_13", "N_25", "N_27", "N_28", "N_29", "N_30", "N_31", "N_32", "N_34", "N_35", "N_36",
        "N_62", "P_02", "P_03",
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
        **cases(test_a_security),
        **cases(test_b_provisioning),
        **cases(test_c_authorization),
        **cases(test_l_firmware),
        **cases(test_n_diagnostics),
        **cases(test_p_data_transfer),
    }
    ids = [mark.args[0] for mark in marks.values()]
    assert set(ids) >= OWED
    assert len(set(ids)) == len(ids)
    for name, mark in marks.items():
        assert name.startswith(f"test_{mark.args[0].lower().removesuffix('_csms')}_")
