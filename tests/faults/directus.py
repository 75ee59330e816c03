"""What Directus holds, read as an admin through its REST API in pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import httpx

from tests.faults.backend import Backend

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Mapping[str, Sequence[Row]]
"""Rows by collection."""

PAGE = 2000
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


def admin(backend: Backend) -> httpx.AsyncClient:
    """A client with the admin's rights."""
    headers = {"Authorization": f"Bearer {backend.admin_token}"}
    return httpx.AsyncClient(base_url=backend.url, headers=headers, timeout=60)


async def read_all(client: httpx.AsyncClient, collection: str, where: Row) -> list[Row]:
    """All rows that fit a filter; nothing may change meanwhile."""
    rows: list[Row] = []
    while True:
        query = {"filter": where, "sort": ["id"], "limit": PAGE, "offset": len(rows)}
        answer = await client.request("SEARCH", f"/items/{collection}", json={"query": query})
        assert answer.status_code == 200, f"{collection}: {answer.text}"
        page = answer.json()["data"]
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
