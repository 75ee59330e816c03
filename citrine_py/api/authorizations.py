"""/data/evdriver: tokens and local lists, with the parameters and bodies of CitrineOS' scripts.

A token is named by its id and type; the id is case-insensitive. Answers show the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from aiohttp import web
from pydantic import BaseModel

from citrine_py.api.authorization_bodies import AuthorizationBodies
from citrine_py.api.bodies import (
    INT32,
    check_parameters,
    integer,
    json_object,
    required,
    respond,
    shown,
    station_id,
)
from citrine_py.api.config import ApiConfig, Ports
from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.authorizations import AUTHORIZATION, Authorization, IdTokenType
from citrine_py.model.keys import authorization_key
from citrine_py.model.stations import CHARGING_STATION, ChargingStation, LocalListStatus

PATH = f"/data/{AUTHORIZATION.path}"
RESTRICTIONS = "/data/evdriver/authorizationRestrictions"
LIST_VERSION = "/data/evdriver/localListVersion"

PAGE, MOST = 1000, 10_000
_TYPES: tuple[str, ...] = get_args(IdTokenType)
_LONGEST = 36  # characters of an idToken
_TOKEN = {"idToken", "type", "tenantId"}


class LocalListState(BaseModel):
    """The local list of a station. `versionNumber` is what it has, as far as we know."""

    stationId: str
    versionNumber: int | None = None
    wantedVersionNumber: int | None = None
    status: LocalListStatus | None = None
    info: str | None = None
    entries: int | None = None
    updatedAt: datetime | None = None


class AuthorizationRoutes:
    """The handlers."""

    def __init__(self, config: ApiConfig, ports: Ports) -> None:
        self._settle = config.settle
        self._reply_timeout = config.reply_timeout
        self._records = ports.records
        self._authorizations = ports.authorizations
        self._lists = ports.local_lists
        self._bodies = AuthorizationBodies(ports.schemas)

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get(PATH, self._get),
            web.put(PATH, self._put),
            web.delete(PATH, self._delete),
            web.put(RESTRICTIONS, self._put_restrictions),
            web.get(LIST_VERSION, self._get_list_version),
            web.post(LIST_VERSION, self._send_list),
        ]

    # ---- tokens ------------------------------------------------------------------------

    async def _get(self, request: web.Request) -> web.Response:
        check_parameters(request, {*_TOKEN, "limit", "offset"})
        limit = integer("limit", request.query.get("limit") or str(PAGE), 1, MOST)
        offset = integer("offset", request.query.get("offset") or "0", 0, INT32)
        found = self._find(request.query.get("idToken"), _type(request))
        found = sorted(found, key=lambda token: token.id)[offset : offset + limit]
        return respond([shown(token) for token in found])

    async def _put(self, request: web.Request) -> web.Response:
        check_parameters(request, _TOKEN)
        id_token, token_type = _named(request)
        fields = self._bodies.read(id_token, token_type, await json_object(request))
        return await self._write(id_token, token_type, fields)

    async def _put_restrictions(self, request: web.Request) -> web.Response:
        check_parameters(request, _TOKEN)
        id_token, token_type = _named(request)
        fields = self._bodies.read_restrictions(await json_object(request))
        if self._records.get(AUTHORIZATION, authorization_key(id_token, token_type)) is None:
            raise NotFound("there is no Authorization for this token")
        return await self._write(id_token, token_type, fields)

    async def _write(self, id_token: str, token_type: str, fields: dict[str, Any]) -> web.Response:
        record = await self._authorizations.put(id_token, token_type, fields)
        await self._records.settled(self._settle)
        return respond(shown(record))

    async def _delete(self, request: web.Request) -> web.Response:
        check_parameters(request, _TOKEN)
        id_token = required(request, "idToken")  # else it would be everybody's
        found = self._find(id_token, _type(request))
        await self._authorizations.remove(found)
        if found:
            await self._records.settled(self._settle)
        return respond(f"{len(found)} rows successfully deleted from {AUTHORIZATION.name}")

    def _find(self, id_token: str | None, token_type: str | None) -> Sequence[Authorization]:
        if id_token:
            types = (token_type,) if token_type else _TYPES
            keys = (authorization_key(id_token, each) for each in types)
            rows = (self._records.get(AUTHORIZATION, key) for key in keys)
            return [row for row in rows if row is not None]
        if token_type:
            return self._records.select(AUTHORIZATION, type=token_type)
        return self._records.select(AUTHORIZATION)

    # ---- local lists -------------------------------------------------------------------

    async def _get_list_version(self, request: web.Request) -> web.Response:
        check_parameters(request, {"stationId", "tenantId"})
        station = station_id(required(request, "stationId"))
        record = self._records.get(CHARGING_STATION, station)
        return respond(None if record is None else list_state(record).model_dump())

    async def _send_list(self, request: web.Request) -> web.Response:
        check_parameters(request, {"stationId", "tenantId"})
        station = station_id(required(request, "stationId"))
        reply = await self._lists.send_whole(station, self._reply_timeout.now)
        return respond({"success": True, "payload": reply})


def list_state(record: ChargingStation) -> LocalListState:
    """What a station's record tells of its local list."""
    return LocalListState(
        stationId=record.id,
        versionNumber=record.localListVersion,
        wantedVersionNumber=record.localListWantedVersion,
        status=record.localListStatus,
        info=record.localListInfo,
        entries=record.localListEntries,
        updatedAt=record.localListUpdatedAt,
    )


def _type(request: web.Request) -> str | None:
    given = request.query.get("type")
    if given and given not in _TYPES:
        raise BadRequest(f"the query parameter type must be one of {', '.join(_TYPES)}")
    return given or None


def _named(request: web.Request) -> tuple[str, str]:
    """The token that the query names. That of a start button is empty.

    Raises:
        BadRequest: it names none.
    """
    button = request.query.get("type") == "NoAuthorization"
    id_token = request.query.get("idToken", "") if button else required(request, "idToken")
    if len(id_token) > _LONGEST or not id_token.isprintable():
        raise BadRequest(f"the query parameter idToken has at most {_LONGEST} printable characters")
    required(request, "type")
    token_type = _type(request)
    assert token_type is not None  # noqa: S101 - `required` was content
    return id_token, token_type
