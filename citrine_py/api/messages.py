"""POST /ocpp/<module>/<action>: sends a message to one station or several.

One route for each message that the catalogue has for a CSMS; nothing here knows
any of them.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from citrine_py.api.bodies import json_object, reject_unknown_parameters, respond
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.config import ApiConfig, Ports, failure
from citrine_py.errors import BadRequest, CitrineError, StationBusy, http_status
from citrine_py.ocpp.catalogue import Action, sendable

VERSION = "2.0.1"
PARAMETERS = ("identifier", "tenantId", "callbackUrl", "timeout")
_MOST_STATIONS = 1000


def paths(action: Action) -> tuple[str, str]:
    """Where a message is served: CitrineOS' 1.5 path and its later one, with the version."""
    return f"/ocpp/{action.path}", f"/ocpp/{action.version}/{action.path}"


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
        reject_unknown_parameters(request, set(PARAMETERS))
        stations = list(dict.fromkeys(request.query.getall("identifier", [])))
        if not stations or not all(stations):
            raise BadRequest("the query parameter identifier is missing: add ?identifier=<station>")
        if len(stations) > _MOST_STATIONS:
            raise BadRequest(f"at most {_MOST_STATIONS} stations in one call")
        seconds = self._seconds(request.query.get("timeout"))
        url = request.query.get("callbackUrl")
        callback = self._callbacks.check(url) if url else None
        payload = await json_object(request)
        results = await asyncio.gather(
            *(self._one(station, action, payload, seconds, callback) for station in stations)
        )
        if len(stations) == 1:
            status, body, headers = results[0]
            return respond(body, status, headers)
        listed = [
            {"identifier": station, **body}
            for station, (_, body, _) in zip(stations, results, strict=True)
        ]
        return respond(listed, 200 if all(status == 200 for status, _, _ in results) else 207)

    async def _one(
        self,
        station: str,
        action: Action,
        payload: dict[str, Any],
        seconds: float,
        callback: str | None,
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        try:
            reply = await self._ports.requests.send(station, action.name, payload, seconds=seconds)
        except CitrineError as error:
            headers = {"Retry-After": "5"} if isinstance(error, StationBusy) else {}
            return http_status(error), failure(str(error)), headers
        if callback is not None:
            self._callbacks.post(callback, reply)
        return 200, {"success": True, "payload": reply}, {}

    def _seconds(self, text: str | None) -> float:
        if not text:
            return self._config.reply_timeout
        longest = self._config.longest_reply_timeout
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0
        if not 0 < seconds <= longest:
            raise BadRequest(f"the query parameter timeout must be seconds, up to {longest:.0f}")
        return seconds
