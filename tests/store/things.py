"""Small collections that have one of each: shared fields, views with some of a table's rows, on
demand, pruned."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import (
    Collection,
    Delivery,
    Operators,
    Query,
    Record,
    Services,
    Shared,
)
from citrine_py.model.dead_letters import DEAD_LETTER


class Site(Record):
    id: str
    name: Operators[str | None] = None
    online: Services[bool | None] = None
    seen: Services[datetime | None] = None
    model: Services[str | None] = None


class Plan(Record):
    id: str
    site: Services[str | None] = None
    status: Shared[Literal["Accepted", "Pending", "Rejected"] | None] = None
    wrong: Shared[list[dict[str, Any]] | None] = None
    interval: Operators[int | None] = None
    progress: Services[str | None] = None


class Reading(Record):
    id: str
    site: Services[str | None] = None
    kind: Services[str | None] = None
    value: Services[str | None] = None
    at: Services[datetime | None] = None


class Secret(Record):
    id: str
    site: Services[str | None] = None
    hash: Services[str | None] = None


class Limit(Record):
    id: str
    site: Services[str | None] = None
    kind: Services[str | None] = None
    value: Services[str | None] = None


class Event(Record):
    id: str
    site: Services[str | None] = None
    text: Services[str | None] = None


SITE = Collection(
    "Site",
    Site,
    "",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=0,
    query=(Query("stationId", "id"),),
    touched=("online", "seen", "model"),
)
PLAN = Collection(
    "Plan",
    Plan,
    "",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=1,
    query=(Query("stationId", "site"),),
)
READING = Collection(
    "Reading",
    Reading,
    "",
    resident=False,
    delivery=Delivery.BULK,
    rank=2,
    query=(Query("siteId", "site"), Query("kind", "kind"), Query("value", "value")),
    retained_by="at",
)
SECRET = Collection(
    "Secret",
    Secret,
    "",
    resident=True,
    delivery=Delivery.BULK,
    rank=2,
    source="/citrine/credentials",
    table="Reading",
)
LIMIT = Collection(
    "Limit",
    Limit,
    "",
    resident=True,
    delivery=Delivery.BULK,
    rank=2,
    source="/citrine/limits",
    table="Reading",
    only=(("kind", ("limit", "bound")),),
)
EVENT = Collection("Event", Event, "", resident=False, delivery=Delivery.ITEMS, rank=3)
COLLECTIONS: tuple[Collection[Any], ...] = (
    SITE,
    PLAN,
    READING,
    SECRET,
    LIMIT,
    EVENT,
    DEAD_LETTER,
)
PARENTS = {"Plan": ("site", "Site"), "Reading": ("site", "Site"), "Event": ("site", "Site")}
