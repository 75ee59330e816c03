"""Values that operators want variables to have: a view of the rows of VariableAttribute with one.

A device model may have 20,000 rows, so they are not in memory; these few are, so that what a
station reports is compared with what is wanted without a read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from citrine_py.model.collection import Collection, Delivery, Record, Services, Shared
from citrine_py.model.variables import AttributeType, Mutability, WishProgress

OPEN: tuple[WishProgress | None, ...] = (None, "Wanted", "Sent")
"""Still to be sent. One whose answer did not come is sent again."""


class VariableWish(Record):
    """A wished value of one attribute of one variable."""

    id: str  # keys.variable_attribute_key
    station: Services[str | None] = None
    component: Services[str | None] = None
    componentInstance: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    variable: Services[str | None] = None
    variableInstance: Services[str | None] = None
    type: Services[AttributeType | None] = None
    mutability: Services[Mutability | None] = None
    dataType: Services[str | None] = None
    setAt: Services[datetime | None] = None
    wantedValue: Shared[str | None] = None
    wantedProgress: Shared[WishProgress | None] = None
    wantedInfo: Services[str | None] = None


VARIABLE_WISH = Collection(
    "VariableWish",
    VariableWish,
    "",
    resident=True,
    delivery=Delivery.BULK,
    rank=4,
    source="/citrine/wishes",
    table="VariableAttribute",
)

COLLECTIONS: tuple[Collection[Any], ...] = (VARIABLE_WISH,)
