"""/data/ocpprouter: who is told of stations (webhooks), and values that programs keep.

Paths, bodies and answers are CitrineOS'; ids are texts here.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citrine_py.api.bodies import (
    check_parameters,
    dumps,
    json_object,
    required,
    respond,
    shown,
    station_id,
)
from citrine_py.api.config import ApiConfig, Ports
from citrine_py.errors import BadRequest
from citrine_py.model.subscriptions import SUBSCRIPTION, USER_PREFERENCE
from citrine_py.ports import Put

SUBSCRIPTIONS = f"/data/{SUBSCRIPTION.path}"
PREFERENCES = f"/data/{USER_PREFERENCE.path}"
_LONGEST_KEY = 255
_LONGEST_VALUE = 65_536  # bytes of JSON


class SubscriptionBody(BaseModel):
    """Who is told what. Without a stationId it is of all stations; one of the four events must
    be true."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    url: str = Field(min_length=1, max_length=2000, description="Posted to; http or https")
    stationId: str | None = Field(None, description="The station; left out: all stations")
    onConnect: bool = Field(False, description="Tell when it connects")
    onClose: bool = Field(False, description="Tell when it is gone")
    onMessage: bool = Field(False, description="Tell its messages")
    sentMessage: bool = Field(False, description="Tell messages to it")
    messageRegexFilter: str | None = Field(
        None,
        max_length=1000,
        description="Only messages in whose JSON text something matches this regular expression "
        "of RE2",
    )


class UserPreferenceBody(BaseModel):
    """The value to keep: any JSON."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: Any = Field(description="Any JSON")


class SubscriptionRoutes:
    """The handlers."""

    def __init__(self, config: ApiConfig, ports: Ports) -> None:
        self._settle = config.settle
        self._records = ports.records
        self._subscriptions = ports.subscriptions

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.post(SUBSCRIPTIONS, self._add),
            web.get(SUBSCRIPTIONS, self._list),
            web.delete(SUBSCRIPTIONS, self._remove),
            web.put(PREFERENCES, self._put),
            web.get(PREFERENCES, self._get),
        ]

    async def _add(self, request: web.Request) -> web.Response:
        check_parameters(request, {"tenantId"})
        body = _read(await json_object(request))
        key = await self._subscriptions.add(body.model_dump())
        await self._records.settled(self._settle)
        return respond(key)

    async def _list(self, request: web.Request) -> web.Response:
        check_parameters(request, {"id", "stationId", "tenantId"})
        where = {
            field: request.query[name]
            for name, field in (("id", "id"), ("stationId", "stationId"))
            if request.query.get(name)
        }
        return respond([shown(row) for row in self._records.select(SUBSCRIPTION, **where)])

    async def _remove(self, request: web.Request) -> web.Response:
        check_parameters(request, {"id", "tenantId"})
        removed = await self._subscriptions.remove(required(request, "id"))
        await self._records.settled(self._settle)
        return respond(removed)

    async def _put(self, request: web.Request) -> web.Response:
        check_parameters(request, {"key", "value", "tenantId"})
        key = _key(request)
        body = await json_object(request)
        if not body and "value" in request.query:  # as CitrineOS 1.5 has it
            body = {"value": request.query["value"]}
        if body.keys() != {"value"}:
            raise BadRequest('the body must be {"value": ...}, with any JSON')
        value = dumps(body["value"])
        if len(value) > _LONGEST_VALUE:
            raise BadRequest(f"value: longer than {_LONGEST_VALUE} bytes")
        await self._records.write(Put(USER_PREFERENCE, key, {"value": value.decode()}))
        await self._records.settled(self._settle)
        return respond(True)

    async def _get(self, request: web.Request) -> web.Response:
        check_parameters(request, {"key", "value", "tenantId"})
        row = self._records.get(USER_PREFERENCE, _key(request))
        if row is None or row.value is None:
            return respond(None)
        try:
            return respond(orjson.loads(row.value))
        except orjson.JSONDecodeError:  # typed by somebody in Directus
            return respond(row.value)


def _key(request: web.Request) -> str:
    key = required(request, "key")
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise BadRequest(f"key must be at most {_LONGEST_KEY} printable characters")
    return key


def _read(value: dict[str, Any]) -> SubscriptionBody:
    try:
        body = SubscriptionBody.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        if problem["type"] == "extra_forbidden":
            there_are = ", ".join(SubscriptionBody.model_fields)
            raise BadRequest(f"the body has a field too many; there are: {there_are}") from None
        place = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"{place}: {problem['msg']}") from None
    if body.stationId is not None:
        station_id(body.stationId)
    return body
