"""People and stations for the tests on a running Directus."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.provision.people import OPERATOR, VIEWER, People, Person, client
from tests.whole_stack import Stack


@pytest.fixture
async def people(stack: Stack) -> AsyncIterator[People]:
    async with People.of(stack) as found:
        yield found


@pytest.fixture
async def operator(people: People) -> Person:
    return await people.with_role(OPERATOR)


@pytest.fixture
async def viewer(people: People) -> Person:
    return await people.with_role(VIEWER)


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with client(stack, stack.service_token) as found:
        yield found


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {stack.api_token}"}
    async with httpx.AsyncClient(base_url=stack.api_url, headers=headers, timeout=30) as found:
        yield found


@pytest.fixture
async def station(people: People) -> AsyncIterator[str]:
    """A station that is entered and not connected."""
    key = f"t-{uuid.uuid4().hex[:12]}"
    answer = await people.admin.post("/items/ChargingStation", json={"id": key})
    assert answer.status_code == 200, answer.text
    yield key
    await people.admin.delete(f"/items/ChargingStation/{key}")
