"""Secrets that wait are readable with the key, for the station, and not otherwise."""

from __future__ import annotations

import pytest

from citrine_py.outside.vault import SecretsVault

KEY = "k" * 32
SECRET = "Password-of-sixteen"


def test_what_is_sealed_opens_again_for_the_same_station() -> None:
    sealed = SecretsVault(KEY).seal("cp001", SECRET)
    assert SECRET not in sealed
    assert SecretsVault(KEY).open("cp001", sealed) == SECRET


def test_another_key_or_another_station_does_not_open_it() -> None:
    sealed = SecretsVault(KEY).seal("cp001", SECRET)
    assert SecretsVault("x" * 32).open("cp001", sealed) is None
    assert SecretsVault(KEY).open("cp002", sealed) is None


@pytest.mark.parametrize("damaged", ["", "v1.", "v1.AAAA", "v1.not base64", "v2.AAAA", SECRET])
def test_what_is_damaged_does_not_open(damaged: str) -> None:
    assert SecretsVault(KEY).open("cp001", damaged) is None


def test_the_same_secret_is_sealed_differently_each_time_and_the_key_is_not_shown() -> None:
    vault = SecretsVault(KEY)
    assert vault.seal("cp001", SECRET) != vault.seal("cp001", SECRET)
    assert KEY not in repr(vault)
