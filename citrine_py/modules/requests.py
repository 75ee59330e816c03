"""What people and flows send to stations.

Any message of the catalogue can be sent; most need nothing but that. Those that do
are in `_SPECIAL`: variables go in batches, passwords go the way of A01, reports and
triggered messages are expected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import structlog

from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.gate import Triggered
from citrine_py.modules.passwords import StationPasswords
from citrine_py.modules.reports import Report, Reports
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variables import is_password
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Jobs, Payload, Records, Stations

log = structlog.get_logger()

DEFAULT_VERSION = "2.0.1"

_WHEN_ACCEPTED = frozenset({"RequestStartTransaction", "RequestStopTransaction"})
"""Not for a station that is Pending or Rejected (B02, B03)."""

_NUMBERED = frozenset(
    {
        "CustomerInformation",
        "GetBaseReport",
        "GetChargingProfiles",
        "GetDisplayMessages",
        "GetLog",
        "GetMonitoringReport",
        "GetReport",
        "PublishFirmware",
        "UpdateFirmware",
    }
)
"""Requests with a requestId, which is filled in where the caller leaves it out."""


@dataclass(frozen=True, slots=True)
class StationRequests:
    """Implements ports.Requests."""

    records: Records
    stations: Stations
    jobs: Jobs
    schemas: Schemas
    reports: Reports
    triggered: Triggered
    variables: VariableCalls
    passwords: StationPasswords
    report_timeout: float = 120

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        """See ports.Requests."""
        version = self._version(station)
        row = catalogue.find(version, action)
        if row is None or not row.sent:
            raise BadRequest(f"{action} is no message that OCPP {version} sends to stations")
        if action in _NUMBERED and "requestId" not in payload:
            payload = {**payload, "requestId": self.reports.fresh_id()}
        self._check(station, version, action, payload)
        log.info("request.sent", station=station, action=action)
        special = _SPECIAL.get(action)
        if special is not None:
            return await special(self, station, payload, seconds)
        return await self.stations.call(station, action, payload, seconds=seconds)

    def _version(self, station: str) -> str:
        """OCPP's version that the station speaks.

        Raises:
            NotFound: no such station.
        """
        session = self.stations.session(station)
        if session is not None:
            return catalogue.VERSIONS.get(session.protocol, DEFAULT_VERSION)
        if self.records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station}")
        return DEFAULT_VERSION

    def _check(self, station: str, version: str, action: str, payload: Payload) -> None:
        try:
            self.schemas.check_request(version, action, payload)
        except CallError as error:
            raise BadRequest(f"{action}: {error.description}") from None
        record = self.records.get(CHARGING_STATION, station)
        status = record.registrationStatus if record is not None else None
        if action in _WHEN_ACCEPTED and status in {"Pending", "Rejected"}:
            raise BadRequest(f"{action}: the station is {status}; it must be Accepted first")

    # ---- variables ---------------------------------------------------------------------

    async def set_variables(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B05; a password among them goes last and alone, as A01 has it."""
        data = payload["setVariableData"]
        passwords = [each for each in data if is_password(each)]
        others = [each for each in data if not is_password(each)]
        if len(passwords) > 1:
            raise BadRequest("SetVariables: one BasicAuthPassword at most")
        results = await self.variables.set(station, others, seconds)
        if passwords:
            result = await self.passwords.send(station, passwords[0], seconds)
            results.insert(data.index(passwords[0]), result)
        return {"setVariableResult": results}

    async def get_variables(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B06."""
        data = payload["getVariableData"]
        return {"getVariableResult": await self.variables.get(station, data, seconds)}

    # ---- reports -----------------------------------------------------------------------

    async def get_base_report(
        self, station: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """B07."""
        return await self._ask_report(station, "GetBaseReport", payload, seconds)

    async def get_report(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B08."""
        return await self._ask_report(station, "GetReport", payload, seconds)

    async def _ask_report(
        self, station: str, action: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """Expects the report before it is asked for: its parts may follow the answer at once."""
        request_id = payload["requestId"]
        report = self.reports.expect(station, request_id)
        accepted = False
        try:
            reply = await self.stations.call(station, action, payload, seconds=seconds)
            accepted = reply["status"] == "Accepted"
        finally:
            if not accepted:
                self.reports.forget(station, request_id)
        if accepted:
            key = f"report {station} {request_id}"
            self.jobs.start(key, lambda: self._watch(station, report))
        return reply

    async def _watch(self, station: str, report: Report) -> None:
        """Tells how a report ended."""
        while not report.complete:
            if not await report.another(self.jobs, self.report_timeout):
                log.warning("report.incomplete", station=station, reason=report.lack())
                return
        log.info(
            "report.complete",
            station=station,
            request_id=report.request_id,
            variables=report.variables,
        )

    # ---- triggers ----------------------------------------------------------------------

    async def trigger_message(
        self, station: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """F06; what is asked for passes the gate of a Pending station once."""
        requested = payload["requestedMessage"]
        self.triggered.expect(station, requested)
        accepted = False
        try:
            reply = await self.stations.call(station, "TriggerMessage", payload, seconds=seconds)
            accepted = reply["status"] == "Accepted"
        finally:
            if not accepted:
                self.triggered.forget(station, requested)
        return reply


_Special: TypeAlias = Callable[[StationRequests, str, Payload, float | None], Awaitable[Payload]]

_SPECIAL: Mapping[str, _Special] = MappingProxyType(
    {
        "SetVariables": StationRequests.set_variables,
        "GetVariables": StationRequests.get_variables,
        "GetBaseReport": StationRequests.get_base_report,
        "GetReport": StationRequests.get_report,
        "TriggerMessage": StationRequests.trigger_message,
    }
)
