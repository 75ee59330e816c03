"""Which record a PUT names: its key, and the fields that belong to the key."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from citrine_py.api.bodies import INT32, integer, required, station_id
from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.stations import BOOT, CHARGING_STATION, EVSE, LOCATION
from citrine_py.model.tariffs import TARIFF

BY_UUID: frozenset[Collection[Any]] = frozenset({LOCATION, TARIFF})
"""Collections whose rows people make under an id of their own, or a fresh one."""


def row_id(collection: Collection[Any], text: str) -> str:
    """The id of a row of `BY_UUID` in its usual form.

    Raises:
        BadRequest: no UUID.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise BadRequest(f"id: a {collection.name}'s id is a UUID") from None


def identify(collection: Collection[Any], request: web.Request) -> tuple[str, dict[str, Any]]:
    """The key of the record that a PUT names, and the fields that belong to the key.

    Raises:
        BadRequest: a part of the key is missing or wrong.
    """
    if collection in BY_UUID:
        given = request.query.get("id")
        return row_id(collection, given) if given else str(uuid4()), {}
    if collection is DEAD_LETTER:
        return required(request, "id"), {}
    station = station_id(required(request, "stationId"))
    if collection is CHARGING_STATION:
        return station, {}
    if collection is BOOT:
        return station, {"station": station}
    evse_id = integer("evseId", required(request, "evseId"), 0, INT32)
    evse = {"station": station, "evseId": evse_id}
    if collection is EVSE:
        return evse_key(station, evse_id), evse
    connector_id = integer("connectorId", required(request, "connectorId"), 0, INT32)
    return connector_key(station, evse_id, connector_id), {
        **evse,
        "evse": evse_key(station, evse_id),
        "connectorId": connector_id,
    }
