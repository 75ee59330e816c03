"""Messages that people and flows send to stations: the one way for all of them.

Most need nothing but their schema. A few need bookkeeping of their use case,
which `_special` lists: what is set and got is recorded, reports are expected,
triggered messages let through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from citrine_py.errors import BadRequest, NotFound, StationError, StationSilent
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.gate import Triggered
from citrine_py.modules.reports import Reports
from citrine_py.modules.variables import Variables
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import NewId, Payload, Records, Stations

log = structlog.get_logger()

_Send: TypeAlias = Callable[[str, Payload, float | None], Awaitable[Payload]]

_NEEDS_REQUEST_ID = "requestId"


@dataclass(frozen=True, slots=True)
class StationRequests:
    """Implements ports.Requests."""

    records: Records
    stations: Stations
    schemas: Schemas
    reports: Reports
    triggered: Triggered
    variables: Variables
    new_id: NewId

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        """See ports.Requests."""
        if self.records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station[:48]}")
        payload = self._checked(self._version(station), action, payload)
        special = self._special(action)
        if special is not None:
            reply = await special(station, payload, seconds)
        else:
            reply = await self.stations.call(station, action, payload, seconds=seconds)
        log.info("request.answered", station=station, action=action, status=reply.get("status"))
        return reply

    def _version(self, station: str) -> str:
        session = self.stations.session(station)
        return catalogue.VERSIONS[session.protocol] if session is not None else "2.0.1"

    def _checked(self, version: str, action: str, payload: Payload) -> Payload:
        """The payload, valid; with a requestId of ours where one is needed and none given."""
        row = catalogue.find(version, action)
        if row is None or not row.sent:
            raise BadRequest(f"{action[:60]} is not a message to a station in OCPP {version}")
        required = self.schemas.request_schema(version, action).get("required", ())
        if _NEEDS_REQUEST_ID in required and _NEEDS_REQUEST_ID not in payload:
            number = int(self.new_id().replace("-", "")[:7], 16)
            payload = {**payload, _NEEDS_REQUEST_ID: number}
        try:
            self.schemas.check_request(version, action, payload)
        except CallError as error:
            raise BadRequest(error.description) from None
        return payload

    def _special(self, action: str) -> _Send | None:
        if action in {"GetBaseReport", "GetReport"}:
            return lambda station, payload, seconds: self._report(action, station, payload, seconds)
        found: dict[str, _Send] = {
            "SetVariables": self._set_variables,
            "GetVariables": self._get_variables,
            "TriggerMessage": self._trigger,
        }
        return found.get(action)

    async def _set_variables(
        self, station: str, payload: Payload, seconds: float | None
    ) -> Payload:
        results = await self.variables.set(station, payload["setVariableData"], seconds=seconds)
        return {"setVariableResult": results}

    async def _get_variables(
        self, station: str, payload: Payload, seconds: float | None
    ) -> Payload:
        results = await self.variables.get(station, payload["getVariableData"], seconds=seconds)
        return {"getVariableResult": results}

    async def _report(
        self, action: str, station: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """The parts are let through and stored even while the station is Pending (B02)."""
        request_id = payload[_NEEDS_REQUEST_ID]
        self.reports.expect(station, request_id)
        try:
            reply = await self.stations.call(station, action, payload, seconds=seconds)
        except StationSilent:
            raise  # the report may come all the same
        except (StationError, BadRequest):
            self.reports.withdraw(station, request_id)
            raise
        if reply["status"] != "Accepted":
            self.reports.withdraw(station, request_id)
        return reply

    async def _trigger(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """The triggered message may come before we have seen the answer."""
        requested = payload["requestedMessage"]
        self.triggered.expect(station, requested)
        try:
            reply = await self.stations.call(station, "TriggerMessage", payload, seconds=seconds)
        except StationSilent:
            raise
        except (StationError, BadRequest):
            self.triggered.withdraw(station, requested)
            raise
        if reply["status"] != "Accepted":
            self.triggered.withdraw(station, requested)
        return reply
