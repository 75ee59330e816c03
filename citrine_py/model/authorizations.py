"""Tokens: who may charge where, when and at what.

Field names are OCPP's where OCPP has one (IdTokenType, IdTokenInfoType). What a row
means for a token that is presented is decided in `modules.tokens`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Operators, Query, Record

AuthorizationStatus = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]
IdTokenType = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]
MessageFormat = Literal["ASCII", "HTML", "URI", "UTF8"]


class Authorization(Record):
    """A token and what it is allowed.

    The restrictions are lists that people fill in. An empty one restricts nothing; one that
    cannot be read allows nothing.
    """

    id: str  # keys.authorization_key
    idToken: Operators[str | None] = None
    type: Operators[IdTokenType | None] = None
    status: Operators[AuthorizationStatus | None] = None
    holder: Operators[str | None] = None
    """Whose it is; never told to stations."""
    notes: Operators[str | None] = None

    groupIdToken: Operators[str | None] = None
    groupIdTokenType: Operators[IdTokenType | None] = None  # Central if not said
    masterPass: Operators[bool | None] = None
    additionalInfo: Operators[Any] = None  # OCPP AdditionalInfoType, all of which must be told

    validFrom: Operators[datetime | None] = None
    validUntil: Operators[datetime | None] = None
    cacheExpiryDateTime: Operators[datetime | None] = None
    timesAllowed: Operators[Any] = None  # weekly windows, see modules.time_windows
    timeZone: Operators[str | None] = None  # IANA's name; UTC if not said

    stations: Operators[Any] = None  # ChargingStation.id, plain or as Directus' picker has it
    locations: Operators[Any] = None  # Location.id, likewise
    evseIds: Operators[Any] = None
    allowedConnectorTypes: Operators[Any] = None  # OCPP ConnectorEnumType
    disallowedEvseIdPrefixes: Operators[Any] = None  # of Evse.iso15118EvseId
    concurrentTransactions: Operators[int | None] = None  # at most; no limit if not said

    chargingPriority: Operators[int | None] = None  # -9 to 9
    language1: Operators[str | None] = None
    language2: Operators[str | None] = None
    personalMessage: Operators[str | None] = None
    personalMessageFormat: Operators[MessageFormat | None] = None  # UTF8 if not said
    personalMessageLanguage: Operators[str | None] = None

    inLocalList: Operators[bool | None] = None


AUTHORIZATION = Collection(
    "Authorization",
    Authorization,
    "evdriver/authorization",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=0,
    made_by_people=True,
    query=(Query("idToken", "idToken"), Query("type", "type")),
)

COLLECTIONS: tuple[Collection[Any], ...] = (AUTHORIZATION,)
