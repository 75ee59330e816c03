"""Every collection, parents before children."""

from __future__ import annotations

from typing import Any

from citrine_py.model import operations, stations, tariffs
from citrine_py.model.collection import Collection

COLLECTIONS: tuple[Collection[Any], ...] = tuple(
    sorted(
        (*stations.COLLECTIONS, *operations.COLLECTIONS, *tariffs.COLLECTIONS),
        key=lambda each: each.rank,
    )
)
