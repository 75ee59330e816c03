"""What Directus holds, read as an admin through its REST API in pages."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import httpx

from tests.faults.backend import Backend

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by collection."""

PAGE = 2000
OUT_OF_BREATH = 60.0  # seconds
OF_STATIONS = {
    "ChargingStation": "id",
    "Boot": "id",
    "Evse": "station",
    "Connector": "station",
    "VariableAttribute": "station",
    "StatusNotification": "station",
    "StationEvent": "station",
    "OcppMessage": "station",
}
"""The collections that stations fill, and the field that names the station."""


class Refused(Exception):
    """Directus does not do what it was asked."""


def admin(backend: Backend) -> httpx.AsyncClient:
    """A client with the admin's rights."""
    headers = {"Authorization": f"Bearer {backend.admin_token}"}
    return httpx.AsyncClient(base_url=backend.url, headers=headers, timeout=60)


async def call(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """The `data` of an answer. A Directus that is out of breath is asked again: it did nothing.

    Raises:
        Refused: it does not want to.
    """
    async with asyncio.timeout(OUT_OF_BREATH):
        while True:
            answer = await client.request(method, path, json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.2)
    assert answer.status_code != 500, f"{method} {path}: {answer.text}"
    if answer.status_code >= 400:
        raise Refused(f"{method} {path}: {answer.text}")
    return answer.json().get("data") if answer.content and path.startswith("/items") else None


async def read_all(client: httpx.AsyncClient, collection: str, where: Row) -> list[Row]:
    """All rows that fit a filter; nothing may change meanwhile."""
    rows: list[Row] = []
    while True:
        query = {"filter": where, "sort": ["id"], "limit": PAGE, "offset": len(rows)}
        page = await call(client, "SEARCH", f"/items/{collection}", {"query": query})
        rows += page
        if len(page) < PAGE:
            return rows


async def rows_of(client: httpx.AsyncClient, prefix: str) -> dict[str, dict[str, list[Row]]]:
    """All rows of the stations whose ids begin with `prefix`: by station, then collection."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for collection, field in OF_STATIONS.items():
        for row in await read_all(client, collection, {field: {"_starts_with": prefix}}):
            found[row[field]][collection].append(row)
    return found
