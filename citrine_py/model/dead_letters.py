"""What Directus refused: one row for each record of which a change was set aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services, Shared

ChangeKind = Literal["Put", "Delete"]
LetterStatus = Literal["Open", "Retry", "Discard"]


class DeadLetter(Record):
    """A change of ours that Directus refused for good. Set `status` to Retry to have it written
    once more, to Discard to give it up; it is gone once it is written or given up."""

    id: str  # keys.dead_letter_key
    collection: Services[str | None] = None  # of the record, as Directus names it
    item: Services[str | None] = None  # the record's key
    station: Services[str | None] = None
    change: Services[ChangeKind | None] = None
    payload: Services[dict[str, Any] | None] = None
    """The fields of a Put and their values; secrets and long texts are not shown whole."""
    reason: Services[str | None] = None
    code: Services[str | None] = None  # Directus' error code
    firstRefusedAt: Services[datetime | None] = None
    lastRefusedAt: Services[datetime | None] = None
    timesRefused: Services[int | None] = None
    status: Shared[LetterStatus | None] = None


DEAD_LETTER = Collection(
    "DeadLetter",
    DeadLetter,
    "store/deadLetter",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=100,  # last, so that a fault of this table holds up no other
    query=(
        Query("id", "id"),
        Query("stationId", "station"),
        Query("collection", "collection"),
        Query("status", "status"),
    ),
)

COLLECTIONS: tuple[Collection[Any], ...] = (DEAD_LETTER,)
