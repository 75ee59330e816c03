"""/data/<module>/<collection>: reads and writes records, derived from the collections.

What a collection accepts follows from its definition: query parameters from
`Collection.query`, the body of a PUT from the fields that people own. Writes
are answered once they are durable, and as a rule once Directus shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from citrine_py.api.bodies import (
    boolean,
    integer,
    json_object,
    reject_unknown_parameters,
    required,
    respond,
    shown,
)
from citrine_py.api.config import ApiConfig, Ports
from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, Owner, Record
from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.operations import COLLECTIONS
from citrine_py.model.stations import (
    BOOT,
    CHARGING_STATION,
    CONNECTOR,
    EVSE,
    LOCATION,
    VARIABLE_ATTRIBUTE,
)
from citrine_py.ocpp.errors import CallError
from citrine_py.ports import Change, Delete, Put

PAGE = 1000
MOST = 10_000
_STATION_ID = 48  # characters (Part 4, 3.1.1)

PAGING = ("limit", "offset")


def served() -> tuple[Collection[Any], ...]:
    """The collections that the API serves."""
    return tuple(collection for collection in COLLECTIONS if collection.path)


def path(collection: Collection[Any]) -> str:
    """Where a collection is served."""
    return f"/data/{collection.path}"


def single(collection: Collection[Any]) -> bool:
    """Whether a query names one record: its key is a required parameter."""
    return any(query.required and query.field == collection.key for query in collection.query)


def editable(collection: Collection[Any]) -> type[BaseModel] | None:
    """The body of a PUT: the fields that people own; None if there are none."""
    names = collection.owned_by(Owner.OPERATOR, Owner.SHARED)
    if not names:
        return None
    fields: dict[str, Any] = {
        name: (collection.record.model_fields[name].annotation, None) for name in names
    }
    return create_model(
        f"{collection.name}Put",
        __config__=ConfigDict(extra="forbid", hide_input_in_errors=True),
        **fields,
    )


class Data:
    """The handlers of all data routes."""

    def __init__(self, config: ApiConfig, ports: Ports) -> None:
        self._settle = config.settle
        self._ports = ports
        self._records = ports.records

    def routes(self) -> list[web.RouteDef]:
        """GET and DELETE for each collection, PUT where people own fields."""
        found: list[web.RouteDef] = []
        for collection in served():
            found.append(web.get(path(collection), self._bound(self._get, collection)))
            found.append(web.delete(path(collection), self._bound(self._delete, collection)))
            if editable(collection) is not None:
                found.append(web.put(path(collection), self._bound(self._put, collection)))
        found.append(web.put(path(VARIABLE_ATTRIBUTE), self._put_variable_attribute))
        return found

    @staticmethod
    def _bound(handler: Callable[..., Any], collection: Collection[Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            response: web.Response = await handler(collection, request)
            return response

        return handle

    # ---- GET, DELETE -------------------------------------------------------------------

    async def _get(self, collection: Collection[Any], request: web.Request) -> web.Response:
        where = _where(collection, request, PAGING)
        limit = integer("limit", request.query.get("limit", str(PAGE)), 1, MOST)
        offset = integer("offset", request.query.get("offset", "0"), 0, 2**31 - 1)
        rows = await self._records.find(
            collection, where, limit=limit, offset=offset, newest_first=collection.retained_by
        )
        if single(collection):
            return respond(shown(rows[0]) if rows else None)
        return respond([shown(row) for row in rows])

    async def _delete(self, collection: Collection[Any], request: web.Request) -> web.Response:
        where = _where(collection, request)
        if not where:
            names = ", ".join(query.parameter for query in collection.query)
            raise BadRequest(f"say what to delete by at least one query parameter: {names}")
        last: Record | None = None
        count = 0
        while rows := await self._records.find(collection, where, limit=PAGE):
            changes = [Delete(collection, getattr(row, collection.key)) for row in rows]
            await self._write(*changes)
            last, count = rows[-1], count + len(rows)
            if len(rows) < PAGE:
                break
        if single(collection):
            return respond(shown(last)) if last is not None else web.Response()
        return respond(f"{count} rows successfully deleted from {collection.name}")

    # ---- PUT ---------------------------------------------------------------------------

    async def _put(self, collection: Collection[Any], request: web.Request) -> web.Response:
        reject_unknown_parameters(
            request, {query.parameter for query in collection.query} | {"tenantId"}
        )
        key, natural = _key(collection, request)
        fields = _fields(collection, await json_object(request))
        if collection is BOOT:
            self._check_boot(fields)
        changes: list[Change] = []
        station = natural.get("station")
        if station is not None and self._records.get(CHARGING_STATION, station) is None:
            changes.append(Put(CHARGING_STATION, station, {}))
        if collection is CONNECTOR:
            changes.append(_evse(natural))
        changes.append(Put(collection, key, {**natural, **fields}))
        await self._write(*changes)
        record = self._records.get(collection, key)
        return respond(shown(record) if record is not None else None)

    def _check_boot(self, fields: Mapping[str, Any]) -> None:
        """What goes into an answer to a station must fit OCPP's schema."""
        if "basicauthpassword" in repr(fields.get("pendingBootSetVariables")).casefold():
            raise BadRequest(
                "pendingBootSetVariables: a BasicAuthPassword is not kept in plain text: use POST "
                "/data/configuration/password"
            )
        answer = {"currentTime": "2026-01-01T00:00:00Z", "interval": 0, "status": "Accepted"}
        for name in ("heartbeatInterval", "bootRetryInterval"):
            value = fields.get(name)
            if value is not None and not 0 <= value < 2**31:
                raise BadRequest(f"{name}: must be seconds, 0 to {2**31 - 1}")
        if fields.get("statusInfo") is not None:
            try:
                self._ports.schemas.check_response(
                    "2.0.1", "BootNotification", {**answer, "statusInfo": fields["statusInfo"]}
                )
            except CallError as error:
                raise BadRequest(error.description) from None

    async def _put_variable_attribute(self, request: web.Request) -> web.Response:
        reject_unknown_parameters(request, {"stationId", "setOnCharger", "tenantId"})
        station = _station_id(required(request, "stationId"))
        set_on_charger = boolean("setOnCharger", request.query.get("setOnCharger", ""))
        body = await json_object(request)
        rows = await self._ports.device_model.put_report_data(
            station, body, set_on_charger=set_on_charger
        )
        await self._records.settled(self._settle)
        return respond([shown(row) for row in rows])

    async def _write(self, *changes: Change) -> None:
        await self._records.write(*changes)
        await self._records.settled(self._settle)


def _where(
    collection: Collection[Any], request: web.Request, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    known = {query.parameter for query in collection.query} | {"tenantId", *more}
    reject_unknown_parameters(request, known)
    where: dict[str, Any] = {}
    for query in collection.query:
        text = request.query.get(query.parameter, "")
        if not text:
            if query.required:
                required(request, query.parameter)
            continue
        if query.number:
            where[query.field] = integer(query.parameter, text, 0, 2**31 - 1)
        elif query.field == "id" and collection is LOCATION:
            where[query.field] = text.lower()
        else:
            where[query.field] = text
    return where


def _station_id(text: str) -> str:
    if len(text) > _STATION_ID or not text.isprintable() or "/" in text or ":" in text:
        raise BadRequest(f"stationId: at most {_STATION_ID} printable characters, without / and :")
    return text


def _key(collection: Collection[Any], request: web.Request) -> tuple[str, dict[str, Any]]:
    """The key of the record that a PUT names, and the fields that belong to the key."""
    if collection is LOCATION:
        return request.query.get("id", "").lower() or str(uuid4()), {}
    station = _station_id(required(request, "stationId"))
    if collection is CHARGING_STATION:
        return station, {}
    if collection is EVSE:
        evse_id = integer("evseId", required(request, "evseId"), 0, 2**31 - 1)
        return evse_key(station, evse_id), {"station": station, "evseId": evse_id}
    if collection is CONNECTOR:
        evse_id = integer("evseId", required(request, "evseId"), 0, 2**31 - 1)
        connector_id = integer("connectorId", required(request, "connectorId"), 0, 2**31 - 1)
        return connector_key(station, evse_id, connector_id), {
            "station": station,
            "evse": evse_key(station, evse_id),
            "evseId": evse_id,
            "connectorId": connector_id,
        }
    return station, {"station": station}


def _evse(connector: Mapping[str, Any]) -> Put:
    fields = {"station": connector["station"], "evseId": connector["evseId"]}
    return Put(EVSE, connector["evse"], fields)


def _fields(collection: Collection[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a PUT's body, checked against the record's types."""
    model = editable(collection)
    assert model is not None  # noqa: S101 - there is a route only where there is a model
    try:
        checked = model.model_validate_json(orjson.dumps(body), strict=True)
    except ValidationError as error:
        raise BadRequest(_explain(collection, error)) from None
    except (TypeError, ValueError):
        raise BadRequest("the body has a number that JSON cannot carry") from None
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def _explain(collection: Collection[Any], error: ValidationError) -> str:
    texts = []
    for problem in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part)[:60] for part in problem["loc"])
        if problem["type"] == "extra_forbidden" and place in collection.fields():
            texts.append(f"{place}: written by the service, not by its callers")
        elif problem["type"] == "extra_forbidden":
            texts.append(f"{place}: {collection.name} has no such field")
        else:
            texts.append(f"{place}: {problem['msg']}")
    return "; ".join(texts[:10])
