"""Messages on stations' displays (O). In memory: there are few, and a report replaces them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.authorizations import MessageFormat
from citrine_py.model.collection import Collection, Delivery, Query, Record, Services

MessagePriority = Literal["AlwaysFront", "InFront", "NormalCycle"]
MessageState = Literal["Charging", "Faulted", "Idle", "Unavailable"]


class DisplayMessage(Record):
    """A message that a station shows, as it has taken or reported it."""

    id: str  # keys.display_message_key
    station: Services[str | None] = None
    messageId: Services[int | None] = None
    """OCPP's id, unique on the station."""
    priority: Services[MessagePriority | None] = None
    state: Services[MessageState | None] = None  # shown only in it; always if not said
    startDateTime: Services[datetime | None] = None
    endDateTime: Services[datetime | None] = None
    transactionId: Services[str | None] = None  # gone with this transaction
    content: Services[str | None] = None
    format: Services[MessageFormat | None] = None
    language: Services[str | None] = None
    display: Services[dict[str, Any] | None] = None  # OCPP ComponentType
    timestamp: Services[datetime | None] = None
    """When the station last told of it."""


DISPLAY_MESSAGE = Collection(
    "DisplayMessage",
    DisplayMessage,
    "configuration/displayMessage",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("id", "messageId", number=True),
        Query("priority", "priority"),
        Query("state", "state"),
    ),
)

COLLECTIONS: tuple[Collection[Any], ...] = (DISPLAY_MESSAGE,)
