"""People with roles in a running Directus, made by its admin over REST."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.whole_stack import Stack

OPERATOR = "c1781e00-0000-4000-8000-000000000301"
VIEWER = "c1781e00-0000-4000-8000-000000000302"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in; `id` is None for nobody in particular."""

    id: str | None
    client: httpx.AsyncClient

    async def notes(self) -> list[dict[str, Any]]:
        """His notifications, newest first."""
        params = {"filter[recipient][_eq]": str(self.id), "sort": "-timestamp", "limit": "-1"}
        answer = await self.client.get("/notifications", params=params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


class People:
    """Makes people; they are gone when the block ends."""

    def __init__(self, stack: Stack, admin: httpx.AsyncClient) -> None:
        self._stack = stack
        self.admin = admin
        self._made: list[str] = []
        self._clients: list[httpx.AsyncClient] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, stack: Stack) -> AsyncIterator[People]:
        """The people of this stack."""
        async with client(stack, stack.admin_token) as admin:
            people = cls(stack, admin)
            try:
                yield people
            finally:
                for each in people._clients:
                    await each.aclose()
                if people._made:
                    await admin.request("DELETE", "/users", json=people._made)

    async def with_role(self, role: str) -> Person:
        """Somebody of this role, by a static token."""
        token = f"t-{uuid.uuid4()}"
        user = {
            "email": f"{uuid.uuid4().hex}@example.com",
            "password": f"p-{uuid.uuid4()}",
            "role": role,
            "token": token,
            "status": "active",
        }
        answer = await self.admin.post("/users", json=user)
        assert answer.status_code == 200, answer.text
        self._made.append(answer.json()["data"]["id"])
        return self._person(self._made[-1], token)

    def anybody(self) -> Person:
        """Who has not signed in."""
        return self._person(None, None)

    def _person(self, key: str | None, token: str | None) -> Person:
        made = client(self._stack, token)
        self._clients.append(made)
        return Person(key, made)


def client(stack: Stack, token: str | None) -> httpx.AsyncClient:
    """A client of the stack's Directus."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        base_url=stack.directus_url, headers=headers, timeout=60, trust_env=False
    )
