"""Folders that Postgres can live in, whoever runs the tests.

Run as root, Postgres is another user, and pytest closes its own temporary
folder to others whenever one more pytest starts on the machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="citrine-test-", ignore_cleanup_errors=True)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with _folder() as name:
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def module_path() -> Iterator[Path]:
    with _folder() as name:
        yield Path(name).resolve()
