"""Network profiles: by which address and security profile a station connects (B09, B10)."""

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

ProfileProgress = Literal[
    "Wanted",  # to be sent when the station is there
    "Sent",  # on its way, its answer is not here yet
    "Set",  # the station has it; it is to be made the first one it tries
    "Prioritised",  # it is the first one from the station's next boot on
    "Resetting",  # the station was reset, and has to come back by it
    "Confirmed",
    "Failed",  # the station came back another way
    "Refused",  # info says why
]
UNDER_WAY: tuple[ProfileProgress | None, ...] = (None, "Wanted", "Sent", "Set", "Prioritised")
"""There is something to send."""


class NetworkProfile(Record):
    """What stands, or is to stand, in one slot of a station."""

    id: str  # keys.network_profile_key
    station: Operators[str | None] = None
    configurationSlot: Operators[int | None] = None
    ocppVersion: Shared[str | None] = None
    ocppTransport: Shared[str | None] = None
    ocppCsmsUrl: Shared[str | None] = None
    messageTimeout: Shared[int | None] = None  # seconds
    securityProfile: Shared[int | None] = None
    ocppInterface: Shared[str | None] = None
    apn: Shared[dict[str, Any] | None] = None  # OCPP's APNType without its secrets
    vpn: Shared[dict[str, Any] | None] = None  # OCPP's VPNType without its secrets
    listener: Shared[str | None] = None
    """Of ours, by its id: gives the address and the security profile where they are left out."""
    activate: Shared[bool | None] = None
    """Whether it is to be the first one that the station tries, and the station reset into it."""
    notes: Operators[str | None] = None

    progress: Services[ProfileProgress | None] = None
    info: Services[str | None] = None
    timestamp: Services[datetime | None] = None  # when its progress last changed
    withheld: Services[str | None] = None
    """Names of the secrets that it was sent with, which are not kept."""
    digest: Services[str | None] = None
    """Of what was last sent, so that an edit is told from it."""


NETWORK_PROFILE = Collection(
    "NetworkProfile",
    NetworkProfile,
    "configuration/serverNetworkProfile",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("configurationSlot", "configurationSlot", number=True, many=True),
    ),
    made_by_people=True,
    edited_by_api=False,
)

COLLECTIONS: tuple[Collection[Any], ...] = (NETWORK_PROFILE,)
