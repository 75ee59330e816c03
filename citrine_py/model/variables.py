"""A station's device model: its variables' attributes, and two views of them that stay in memory.

Field names are OCPP's. One row says all of an attribute, so that no join is needed to read it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import (
    Collection,
    Delivery,
    Query,
    Record,
    Services,
    Shared,
)

AttributeType = Literal["Actual", "Target", "MinSet", "MaxSet"]
Mutability = Literal["ReadOnly", "WriteOnly", "ReadWrite"]
WishProgress = Literal[
    "Wanted",  # to be sent when the station is there
    "Sent",  # on its way, its answer is not here yet
    "Confirmed",
    "RebootRequired",  # taken, and in force after the station's next boot
    "Drifted",  # the station has told another value since
    "Refused",  # wantedInfo says why
]
"""How a wished value of a variable stands."""


class VariableAttribute(Record):
    """One attribute of one variable of a station's device model, with its characteristics."""

    id: str  # keys.variable_attribute_key
    station: Services[str | None] = None
    component: Services[str | None] = None
    componentInstance: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    variable: Services[str | None] = None
    variableInstance: Services[str | None] = None
    type: Services[AttributeType | None] = None
    value: Services[str | None] = None
    mutability: Services[Mutability | None] = None
    persistent: Services[bool | None] = None
    constant: Services[bool | None] = None
    dataType: Services[str | None] = None
    unit: Services[str | None] = None
    minLimit: Services[float | None] = None
    maxLimit: Services[float | None] = None
    valuesList: Services[str | None] = None
    supportsMonitoring: Services[bool | None] = None
    generatedAt: Services[datetime | None] = None  # when the station reported it
    status: Services[str | None] = None  # SetVariableStatus of the last attempt to set it
    statusInfo: Services[dict[str, Any] | None] = None
    setAt: Services[datetime | None] = None
    wantedValue: Shared[str | None] = None
    """What an operator wants it to be (`model.wishes`)."""
    wantedProgress: Shared[WishProgress | None] = None
    wantedInfo: Services[str | None] = None


class Credential(Record):
    """The password hashes of a station, and a password that waits: the secret columns of its
    BasicAuthPassword row.

    Directus conceals these columns; our endpoint extension hands them to the
    service's account alone.
    """

    id: str  # keys.password_key
    station: Services[str | None] = None
    component: Services[str | None] = None
    variable: Services[str | None] = None
    type: Services[str | None] = None
    mutability: Services[Mutability | None] = None
    passwordHash: Services[str | None] = None
    pendingPasswordHash: Services[str | None] = None
    """Sent to the station, its answer unknown: valid beside passwordHash until one is used."""
    previousPasswordHash: Services[str | None] = None
    """Replaced, but valid until the station has rebooted into the new one."""
    wantedPassword: Services[str | None] = None
    """To be sent when the station is there, sealed (`ports_wishes.Vault`)."""


class MessageLimit(Record):
    """How much a station takes in one message: its DeviceDataCtrlr's ItemsPerMessage and
    BytesPerMessage, one row for each action (`variableInstance`)."""

    id: str  # keys.variable_attribute_key
    station: Services[str | None] = None
    component: Services[str | None] = None
    variable: Services[str | None] = None
    variableInstance: Services[str | None] = None
    value: Services[str | None] = None


VARIABLE_ATTRIBUTE = Collection(
    "VariableAttribute",
    VariableAttribute,
    "monitoring/variableAttribute",
    resident=False,
    delivery=Delivery.BULK,
    rank=4,
    query=(
        Query("stationId", "station", required=True),
        Query("type", "type"),
        Query("value", "value"),
        Query("status", "status"),
        Query("component_name", "component"),
        Query("component_instance", "componentInstance"),
        Query("component_evse_id", "evseId", number=True),
        Query("component_evse_connectorId", "connectorId", number=True),
        Query("variable_name", "variable"),
        Query("variable_instance", "variableInstance"),
    ),
    edited_by_api=False,  # its PUT takes OCPP's ReportData
)
CREDENTIAL = Collection(
    "Credential",
    Credential,
    "",
    resident=True,
    delivery=Delivery.BULK,
    rank=4,
    source="/citrine/credentials",
    table="VariableAttribute",
)
MESSAGE_LIMIT = Collection(
    "MessageLimit",
    MessageLimit,
    "",
    resident=True,
    delivery=Delivery.BULK,
    rank=4,
    source="/citrine/limits",
    table="VariableAttribute",
    only=(
        ("component", ("devicedatactrlr",)),
        ("variable", ("itemspermessage", "bytespermessage")),
    ),
)

COLLECTIONS: tuple[Collection[Any], ...] = (VARIABLE_ATTRIBUTE, CREDENTIAL, MESSAGE_LIMIT)
