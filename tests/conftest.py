"""Fixtures of all suites: above all the whole stack, once a session, on free ports."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole_stack import Stack, running_stack, tls_environment


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A real Postgres, Directus and service, started as `make up` starts them.

    CITRINE_TEST_STACK=<state folder> uses one that runs already, for quick repeats.
    """
    given = os.environ.get("CITRINE_TEST_STACK")
    if given:
        yield Stack.of(Path(given))
        return
    with (
        tempfile.TemporaryDirectory(prefix="citrine-test-") as folder,
        running_stack(Path(folder), **tls_environment(Path(folder))) as started,
    ):
        yield started
