"""/data/<module>/<collection>: reads and writes records, derived from the collections.

What a collection accepts follows from its definition: query parameters from
`Collection.query`, the body of a PUT from the fields that people own. Writes
are answered once they are durable, and as a rule once Directus shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiohttp import web

from citrine_py.api.bodies import (
    INT32,
    boolean,
    check_parameters,
    integer,
    json_object,
    required,
    respond,
    shown,
    station_id,
)
from citrine_py.api.config import ApiConfig, Ports
from citrine_py.api.edits import Edits
from citrine_py.api.keys import identify
from citrine_py.api.selection import selected
from citrine_py.api.tariffs import completed
from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.authorizations import AUTHORIZATION
from citrine_py.model.certificates import CERTIFICATE
from citrine_py.model.collection import Collection, Owner, Record
from citrine_py.model.collections import COLLECTIONS
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.model.keys import dead_letter_key, password_key
from citrine_py.model.stations import BOOT, CHARGING_STATION, CONNECTOR, EVSE, LOCATION
from citrine_py.model.subscriptions import SUBSCRIPTION, USER_PREFERENCE
from citrine_py.model.tariffs import TARIFF
from citrine_py.model.transactions import LIVE_TRANSACTION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE
from citrine_py.ocpp.errors import CallError
from citrine_py.ports import Change, Delete, Put

PAGE = 1000
MOST = 10_000
MOST_DELETED = 100_000
"""Rows that one DELETE takes; who has more repeats it."""

PAGING = ("limit", "offset")

_NAMED: Mapping[str, Collection[Any]] = MappingProxyType(
    {"location": LOCATION, "stationId": CHARGING_STATION, "tariff": TARIFF}
)
"""Fields of people that name another record."""


def served() -> tuple[Collection[Any], ...]:
    """The collections that are served here; tokens, subscriptions and preferences have routes of
    their own (`authorizations`, `subscriptions`)."""
    elsewhere = {AUTHORIZATION, SUBSCRIPTION, USER_PREFERENCE}
    return tuple(each for each in COLLECTIONS if each.path and each not in elsewhere)


def path(collection: Collection[Any]) -> str:
    """Where a collection is served."""
    return f"/data/{collection.path}"


def single(collection: Collection[Any]) -> bool:
    """Whether a query names one record: its key is a required parameter."""
    return any(query.required and query.field == collection.key for query in collection.query)


def editable(collection: Collection[Any]) -> bool:
    """Whether people own fields of it that they may set here."""
    return collection.edited_by_api and bool(collection.owned_by(Owner.OPERATOR, Owner.SHARED))


class Data:
    """The handlers of all data routes."""

    def __init__(self, config: ApiConfig, ports: Ports) -> None:
        self._settle = config.settle
        self._ports = ports
        self._records = ports.records
        self._edits = Edits(ports.schemas)

    def routes(self) -> list[web.RouteDef]:
        """GET and DELETE for each collection, PUT where people own fields."""
        found: list[web.RouteDef] = []
        for collection in served():
            found.append(web.get(path(collection), self._bound(self._get, collection)))
            found.append(web.delete(path(collection), self._bound(self._delete, collection)))
            if editable(collection):
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
        wheres = selected(collection, request, PAGING)
        limit = integer("limit", request.query.get("limit") or str(PAGE), 1, MOST)
        offset = integer("offset", request.query.get("offset") or "0", 0, INT32)
        newest = collection.newest_by or collection.retained_by
        if len(wheres) == 1:
            rows = await self._records.find(
                collection, wheres[0], limit=limit, offset=offset, newest_first=newest
            )
        else:
            rows = [row for where in wheres for row in await self._all(collection, where, MOST)]
            rows = rows[offset : offset + limit]
        if single(collection):
            return respond(shown(rows[0]) if rows else None)
        return respond([shown(row) for row in rows])

    async def _delete(self, collection: Collection[Any], request: web.Request) -> web.Response:
        wheres = selected(collection, request)
        required(request, collection.query[0].parameter)  # else it would be everybody's rows
        rows = [row for where in wheres for row in await self._all(collection, where, MOST_DELETED)]
        changes: list[Change] = []
        for row in rows:
            changes += await self._removal(collection, row)
        for start in range(0, len(changes), PAGE):
            await self._records.write(*changes[start : start + PAGE])
        if collection is CHARGING_STATION:
            for row in rows:
                self._ports.subscriptions.station_removed(getattr(row, collection.key))
        if changes:
            await self._records.settled(self._settle)
        if single(collection):
            return respond(shown(rows[0]) if rows else None)
        return respond(f"{len(rows)} rows successfully deleted from {collection.name}")

    async def _all(
        self, collection: Collection[Any], where: Mapping[str, Any], most: int
    ) -> list[Record]:
        rows: list[Record] = []
        while len(rows) < most:
            page = await self._records.find(collection, where, limit=PAGE, offset=len(rows))
            rows += page
            if len(page) < PAGE:
                break
        return rows

    async def _removal(self, collection: Collection[Any], row: Any) -> list[Change]:
        """Removes a record and what has no meaning without it, children first."""
        key = getattr(row, collection.key)
        children: list[Change] = []
        if collection is CHARGING_STATION:
            variables = await self._all(VARIABLE_ATTRIBUTE, {"station": key}, MOST_DELETED)
            children += [
                Delete(VARIABLE_ATTRIBUTE, child)
                for child in dict.fromkeys([*map(_id, variables), password_key(key)])
            ]
            children += self._resident(LIVE_TRANSACTION, station=key)
            children += self._resident(CONNECTOR, station=key)
            children += self._resident(EVSE, station=key)
            children += self._resident(BOOT, id=key)
            children += self._unnamed(TARIFF, "stationId", key)
            children += self._resident(CERTIFICATE, station=key)
            children += self._resident(SUBSCRIPTION, stationId=key)
        elif collection is EVSE:
            children += self._resident(CONNECTOR, evse=key)
        elif collection is LOCATION:
            children += self._unnamed(CHARGING_STATION, "location", key)
            children += self._unnamed(TARIFF, "location", key)
        elif collection is TARIFF:
            children += self._unnamed(CHARGING_STATION, "tariff", key)
            children += self._unnamed(LOCATION, "tariff", key)
        return [*children, Delete(collection, key)]

    def _unnamed(self, collection: Collection[Any], field: str, key: str) -> list[Change]:
        """Rows that name a record that goes stay, without it."""
        rows = self._records.select(collection, **{field: key})
        return [Put(collection, each.id, {field: None}) for each in rows]

    def _resident(self, collection: Collection[Any], **equal: Any) -> list[Change]:
        return [
            Delete(collection, getattr(row, collection.key))
            for row in self._records.select(collection, **equal)
        ]

    # ---- PUT ---------------------------------------------------------------------------

    async def _put(self, collection: Collection[Any], request: web.Request) -> web.Response:
        check_parameters(request, {query.parameter for query in collection.query} | {"tenantId"})
        key, natural = identify(collection, request)
        fields = self._edits.read(collection, await json_object(request))
        if collection is DEAD_LETTER and self._records.get(DEAD_LETTER, key) is None:
            raise NotFound(
                "there is no DeadLetter with this id; it may have been written meanwhile"
            )
        self._check_named(fields)
        if collection is TARIFF:
            fields = completed(self._records, key, fields)
        changes: list[Change] = []
        station = natural.get("station")
        if station is not None and self._records.get(CHARGING_STATION, station) is None:
            changes.append(Put(CHARGING_STATION, station, {}))
        if collection is CONNECTOR:
            changes.append(_evse(natural))
        changes.append(Put(collection, key, {**natural, **fields}))
        await self._write(collection, key, changes)
        if await self._records.settled(self._settle):
            self._check_taken(collection, key, fields)
        record = self._records.get(collection, key)
        return respond(shown(record) if record is not None else None)

    def _check_taken(
        self, collection: Collection[Any], key: str, fields: Mapping[str, Any]
    ) -> None:
        """Directus has answered: whether it has taken the fields.

        Raises:
            BadRequest: it refused them.
        """
        letter = self._records.get(DEAD_LETTER, dead_letter_key(collection.directus, key))
        if letter is not None and fields.keys() & (letter.payload or {}).keys():
            raise BadRequest(
                f"Directus refused it: {letter.reason} To retry it once that is put right: PUT "
                f"{path(DEAD_LETTER)}?id={letter.id}"
            )

    async def _write(
        self, collection: Collection[Any], key: str, changes: Sequence[Change]
    ) -> None:
        """Writes, and has count at once what an edit in Directus would."""
        before = self._records.get(collection, key)
        await self._records.write(*changes)
        if collection in {CHARGING_STATION, EVSE, CONNECTOR}:
            self._ports.local_lists.moved(key)
            self._ports.availability(key, before, self._records.get(collection, key))

    def _check_named(self, fields: Mapping[str, Any]) -> None:
        """The records that these fields name exist."""
        for name, collection in _NAMED.items():
            key = fields.get(name)
            if key is not None and self._records.get(collection, key) is None:
                raise NotFound(f"{name}: there is no {collection.name} with this id")

    async def _put_variable_attribute(self, request: web.Request) -> web.Response:
        check_parameters(request, {"stationId", "setOnCharger", "whenOnline", "tenantId"})
        station = station_id(required(request, "stationId"))
        set_on_charger = boolean("setOnCharger", request.query.get("setOnCharger", ""))
        when_online = boolean("whenOnline", request.query.get("whenOnline", ""))
        if set_on_charger and when_online:
            raise BadRequest("whenOnline: the charger has the value if setOnCharger is true")
        body = await json_object(request)
        self._check_report_data(body)
        rows: Sequence[Record]
        if when_online:
            rows = await self._ports.wished_variables.want(station, body)
        else:
            rows = await self._ports.device_model.put_report_data(
                station, body, set_on_charger=set_on_charger
            )
        await self._records.settled(self._settle)
        return respond([shown(row) for row in rows])

    def _check_report_data(self, body: dict[str, Any]) -> None:
        """The body is one of the ReportData that a NotifyReport has.

        Raises:
            BadRequest: it is not; place and rule are told.
        """
        report = {"requestId": 0, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
        try:
            self._ports.schemas.check_request(
                "2.0.1", "NotifyReport", {**report, "reportData": [body]}
            )
        except CallError as error:
            text = error.description.removeprefix("reportData[0]").removeprefix(".")
            raise BadRequest(f"{text.removeprefix(': ')} ({error.code})") from None


def _id(row: Any) -> str:
    return str(row.id)


def _evse(connector: Mapping[str, Any]) -> Put:
    fields = {"station": connector["station"], "evseId": connector["evseId"]}
    return Put(EVSE, connector["evse"], fields)
