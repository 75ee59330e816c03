"""Fixtures of the store's tests on a real Directus."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from citrine_py.store.store import Store
from tests.store.real import Patient, Real, a_store


@pytest.fixture
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Real]:
    """CITRINE_TEST_DIRECTUS="url admin-token service-token" names one that runs already."""
    given = os.environ.get("CITRINE_TEST_DIRECTUS")
    if given:
        url, admin_token, service_token = given.split()
    else:
        stack = request.getfixturevalue("stack")
        url, admin_token = stack.directus_url, stack.admin_token
        service_token = stack.service_token
    async with _client(url, admin_token) as admin, _client(url, service_token) as service:
        yield Real(url, service_token, admin, service)


def _client(url: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30, transport=Patient())


@pytest.fixture
async def store(real: Real, tmp_path: Path) -> AsyncIterator[Store]:
    async with a_store(real, tmp_path) as started:
        yield started


@pytest.fixture
def station() -> str:
    """The id of a station that no other test has."""
    return f"store-{uuid4().hex[:12]}"
