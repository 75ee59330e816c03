"""POST /ocpp/<module>/<action>: sends a message to one station or several.

One route for each message that the catalogue has for a CSMS; nothing here knows
any of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from yarl import URL

from citrine_py.api.bodies import check_parameters, json_object, respond
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.config import ApiConfig, Ports, failure, headers_of
from citrine_py.errors import (
    BadRequest,
    CitrineError,
    StationIncoherent,
    StationRefused,
    StationSilent,
    http_status,
)
from citrine_py.ocpp.catalogue import Action, receivable, sendable, stood_in
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.redaction import redact

log = structlog.get_logger()

VERSION = "2.0.1"
PARAMETERS = ("identifier", "tenantId", "callbackUrl", "timeout")
MORE_PARAMETERS = {"SetNetworkProfile": ("websocketServerConfigId",)}
"""By action, what CitrineOS' scripts send besides: a charger port of ours, by its id."""
_MOST_STATIONS = 1000


def paths(action: Action) -> tuple[str, str]:
    """Where a message is served: CitrineOS' 1.5 path and its later one, with the version."""
    return f"/ocpp/{action.path}", f"/ocpp/{action.version}/{action.path}"


def not_sent(path: str) -> str | None:
    """Why there is no such path, if it names a message that only stations send. CitrineOS has
    smartcharging/clearedChargingLimit, to which a station can only answer NotImplemented."""
    parts = path.split("/")
    if parts[1] != "ocpp":
        return None
    for action in receivable(VERSION):
        if not action.sent and action.name.casefold() == parts[-1].casefold():
            return (
                f"{action.name} is sent by stations, not to them: OCPP has no such request; "
                "/docs has those that there are"
            )
    return None


@dataclass(frozen=True, slots=True)
class _Order:
    """What to send, how long to wait for the answer, where to tell it."""

    action: Action
    payload: dict[str, Any]
    seconds: float
    callback: URL | None


@dataclass(frozen=True, slots=True)
class _Result:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class Messages:
    """The handlers of all message routes."""

    def __init__(self, config: ApiConfig, ports: Ports, callbacks: Callbacks) -> None:
        self._config = config
        self._ports = ports
        self._callbacks = callbacks

    def routes(self) -> list[web.RouteDef]:
        """Two routes for each message."""
        return [
            web.post(path, self._handler(action))
            for action in sendable(VERSION)
            for path in paths(action)
        ]

    def _handler(self, action: Action) -> Any:
        async def handle(request: web.Request) -> web.Response:
            return await self._send(action, request)

        return handle

    async def _send(self, action: Action, request: web.Request) -> web.Response:
        known = {*PARAMETERS, *MORE_PARAMETERS.get(action.name, ())}
        check_parameters(request, known, many=frozenset({"identifier"}))
        stations = list(dict.fromkeys(request.query.getall("identifier", [])))
        if not stations or not all(stations):
            raise BadRequest("the query parameter identifier is missing: add ?identifier=<station>")
        if len(stations) > _MOST_STATIONS:
            raise BadRequest(f"at most {_MOST_STATIONS} stations in one call")
        seconds = self._seconds(request.query.get("timeout"))
        url = request.query.get("callbackUrl")
        callback = self._callbacks.check(url) if url else None
        payload = self._filled(await json_object(request), request)
        if len(stations) * len(await request.read()) > self._config.bodies_limit:
            raise BadRequest("this is too much for so many stations at once; send it to fewer")
        self._check(action, payload)
        order = _Order(action, payload, seconds, callback)
        results = await asyncio.gather(*(self._one(station, order) for station in stations))
        if len(stations) == 1:
            return respond(results[0].body, results[0].status, results[0].headers)
        listed = [
            {"identifier": station, "status": result.status, **result.body}
            for station, result in zip(stations, results, strict=True)
        ]
        return respond(listed, 200 if all(result.status == 200 for result in results) else 207)

    def _filled(self, payload: dict[str, Any], request: web.Request) -> dict[str, Any]:
        """A network profile with the address of the port that the query names, where it has none.

        Raises:
            BadRequest: there is no such port, or it is not known how stations reach it.
        """
        name = request.query.get("websocketServerConfigId")
        data = payload.get("connectionData")
        if (
            not name
            or not isinstance(data, dict)
            or {"ocppCsmsUrl", "securityProfile"} <= set(data)
        ):
            return payload
        address = self._ports.csms_addresses(name)
        if address is None:
            raise BadRequest("websocketServerConfigId: there is no listener with this id")
        data = {"securityProfile": address.security_profile, **data}
        if "ocppCsmsUrl" not in data:
            if address.url is None:
                raise BadRequest(
                    "websocketServerConfigId: how stations reach this listener is not known; say "
                    "it by ocppCsmsUrl, or by the setting CITRINE_CHARGERS_PUBLIC_HOST"
                )
            data["ocppCsmsUrl"] = address.url
        return {**payload, "connectionData": data}

    def _check(self, action: Action, payload: dict[str, Any]) -> None:
        """Tells a wrong body before any station is looked for. A number of ours, or a
        log's address, may be left out: each station is given a fresh one.

        Raises:
            BadRequest: it breaks OCPP's schema; place and rule are told.
        """
        try:
            self._ports.schemas.check_request(
                action.version, action.name, stood_in(action.name, payload)
            )
        except CallError as error:
            raise BadRequest(f"{error.description} ({error.code})") from None

    async def _one(self, station: str, order: _Order) -> _Result:
        name = order.action.name
        try:
            reply = redact(
                name,
                await self._ports.requests.send(
                    station, name, order.payload, seconds=order.seconds
                ),
            )
        except CitrineError as error:
            body = failure(_told(error, order))
            if isinstance(error, StationSilent | StationRefused | StationIncoherent):
                self._post(station, order, body)
            return _Result(http_status(error), body, headers_of(error))
        except Exception:  # one station's trouble must not take the others' results away
            log.exception("api.failed", station=station, action=name)
            return _Result(500, failure("an error of the service; its log has the details"), {})
        self._post(station, order, reply)
        return _Result(200, {"success": True, "payload": reply}, {})

    def _post(self, station: str, order: _Order, outcome: dict[str, Any]) -> None:
        if order.callback is not None:
            self._callbacks.post(order.callback, station, outcome)

    def _seconds(self, text: str | None) -> float:
        if not text:
            return self._config.reply_timeout.now
        longest = self._config.longest_reply_timeout
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0
        if not 0 < seconds <= longest:
            raise BadRequest(f"the query parameter timeout must be seconds, up to {longest:.0f}")
        return seconds


def _told(error: CitrineError, order: _Order) -> str:
    """The error in words; not a station's own about a secret that it was sent."""
    if isinstance(error, StationRefused) and (
        redact(order.action.name, order.payload) is not order.payload
    ):
        return f"the station answered {error.code}"
    return str(error)
