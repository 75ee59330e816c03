"""The API over stand-ins, started for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.world import World, running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running() as started:
        yield started
