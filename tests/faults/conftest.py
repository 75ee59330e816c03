"""A backend that the fault tests may kill, and that nobody else uses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.lab import Lab, running_lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with (
        tempfile.TemporaryDirectory(prefix="citrine-faults-") as folder,
        running_lab(Path(folder)) as running,
    ):
        yield running
