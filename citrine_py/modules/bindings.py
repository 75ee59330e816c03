"""Which handler answers which message, and the rules put together.

`build` is called once, by the composition root. `Bindings` implements
ports.Dispatch: what is known of a message (the catalogue), whether it may pass
(`gate`), whether it fits (the schemas), then its handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from citrine_py.modules import job_bindings, token_bindings
from citrine_py.modules.authorization import StationIdTokens, TokenRules
from citrine_py.modules.authorization_edits import AuthorizationEdits
from citrine_py.modules.availability import OnHeartbeat, OnStatusNotification
from citrine_py.modules.boot import BootRules, OnBootNotification
from citrine_py.modules.change_availability import AvailabilityWishes
from citrine_py.modules.data_transfer import OnDataTransfer, Vendors
from citrine_py.modules.device_model import OnNotifyReport, StationDeviceModel
from citrine_py.modules.diagnostics import OnNotifyEvent
from citrine_py.modules.gate import Gate, Triggered
from citrine_py.modules.job_bindings import JobNeeds
from citrine_py.modules.job_sweep import JobSweep
from citrine_py.modules.job_wishes import JobWishes
from citrine_py.modules.local_lists import LocalLists
from citrine_py.modules.log_uploads import JobUploads
from citrine_py.modules.message_log import MessageLog
from citrine_py.modules.passwords import StationPasswords, UnderWay
from citrine_py.modules.pending_boot import PendingBoot
from citrine_py.modules.presence import StationPresence
from citrine_py.modules.report_requests import ReportRequests
from citrine_py.modules.reports import Reports
from citrine_py.modules.requests import Sender, StationRequests
from citrine_py.modules.reservations import (
    OnReservationStatusUpdate,
    ReservationRequests,
    ReservationSweep,
)
from citrine_py.modules.security import OnSecurityEventNotification, StationAdmission
from citrine_py.modules.token_bindings import TokenNeeds
from citrine_py.modules.trigger_requests import TriggerRequests
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variable_requests import VariableRequests
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Call, Clock, Hasher, Jobs, NewId, Payload, Records, Stations

Handler: TypeAlias = Callable[[Call], Awaitable[Payload]]
"""Answers a call whose payload fits OCPP's schema. Raises CallError to refuse it."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """Implements ports.Dispatch. `handlers` by (version, action)."""

    gate: Gate
    schemas: Schemas
    handlers: Mapping[tuple[str, str], Handler]

    async def answer(self, call: Call) -> Payload:
        """See ports.Dispatch. The answer itself is checked where it is sent."""
        self.gate.check(call)
        row = catalogue.find(call.version, call.action)
        if row is None:
            what = f"{call.action[:64]} is no message of OCPP {call.version}"
            raise CallError("NotImplemented", what)
        if not row.received:
            raise CallError("NotSupported", f"{call.action} is sent to stations, not by them")
        handler = self.handlers.get((call.version, call.action))
        if handler is None:
            raise CallError("NotImplemented", f"this service does not handle {call.action} yet")
        self.schemas.check_request(call.version, call.action, call.payload)
        return await handler(call)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, as the ports that the other floors ask for."""

    dispatch: Bindings
    admission: StationAdmission
    presence: StationPresence
    frames: MessageLog
    requests: StationRequests
    passwords: StationPasswords
    device_model: StationDeviceModel
    background: Mapping[str, Callable[[], Awaitable[None]]]
    """Work that goes on as long as the service runs, by name."""
    id_tokens: StationIdTokens
    authorizations: AuthorizationEdits
    local_lists: LocalLists
    availability: AvailabilityWishes
    uploads: JobUploads
    job_wishes: JobWishes


@dataclass(frozen=True, slots=True)
class Needs:
    """The ports that the rules need, all of them together."""

    records: Records
    stations: Stations
    jobs: Jobs
    clock: Clock
    new_id: NewId
    hasher: Hasher
    schemas: Schemas
    tokens: TokenNeeds
    station_jobs: JobNeeds


def build(
    needs: Needs,
    boot: BootRules,
    token_rules: TokenRules,
    *,
    report_timeout: float = 120,
    vendors: Vendors = MappingProxyType({}),
) -> Rules:
    """Gives every rule its needs. Before stations connect, `presence.reset()` is due.

    `report_timeout`: seconds without a part after which a report counts as failed.
    """
    records, stations, jobs, clock = needs.records, needs.stations, needs.jobs, needs.clock
    under_way = UnderWay()
    reports, triggered = Reports(needs.new_id), Triggered(clock)
    variables = VariableCalls(records, stations, clock)
    passwords = StationPasswords(records, stations, clock, needs.hasher, under_way)
    pending = PendingBoot(
        records, stations, clock, jobs, reports, variables, report_timeout=report_timeout
    )
    common = token_bindings.Common(records, stations, clock, jobs)
    tokens = token_bindings.build(common, needs.tokens, token_rules)
    lists, availability = tokens.lists, AvailabilityWishes(records, stations, jobs)
    station_jobs = job_bindings.build(common, needs.station_jobs, needs.new_id, variables)
    variable_requests = VariableRequests(variables, passwords)
    senders: dict[str, Sender] = {
        **_senders(needs, reports, triggered, variable_requests, report_timeout),
        **tokens.senders,
        **station_jobs.senders,
        "ChangeAvailability": availability.send,
    }
    fresh_id = reports.fresh_id
    requests = StationRequests(records, stations, needs.schemas, senders, fresh_id)
    wishes = JobWishes(records, stations, jobs, clock, requests, fresh_id)
    others = (availability.arrived, wishes.arrived)
    handlers: dict[str, Handler] = {
        **_recorders(records, vendors),
        **tokens.handlers,
        "BootNotification": OnBootNotification(
            records, clock, pending, boot, (lists.booted, *others)
        ),
        "Heartbeat": OnHeartbeat(clock),
        "NotifyReport": OnNotifyReport(records, reports),
    }
    return Rules(
        dispatch=Bindings(Gate(records, triggered, reports), needs.schemas, _of_201(handlers)),
        admission=StationAdmission(records, clock, needs.hasher, under_way),
        presence=StationPresence(records, clock, pending, (lists.arrived, *others)),
        frames=MessageLog(records, clock, needs.new_id),
        requests=requests,
        passwords=passwords,
        device_model=StationDeviceModel(records, clock, needs.schemas, passwords),
        background=_background(needs, station_jobs.sweep),
        availability=availability,
        id_tokens=tokens.id_tokens,
        authorizations=tokens.edits,
        local_lists=lists,
        uploads=station_jobs.uploads,
        job_wishes=wishes,
    )


def _of_201(handlers: Mapping[str, Handler]) -> Mapping[tuple[str, str], Handler]:
    return MappingProxyType({("2.0.1", name): each for name, each in handlers.items()})


def _senders(
    needs: Needs,
    reports: Reports,
    triggered: Triggered,
    variables: VariableRequests,
    report_timeout: float,
) -> Mapping[str, Sender]:
    """The senders that need little."""
    asked = ReportRequests(needs.stations, needs.jobs, reports, report_timeout)
    reservations = ReservationRequests(needs.records, needs.stations, needs.clock)
    return {
        "CancelReservation": reservations.cancel,
        "GetBaseReport": asked.base,
        "GetReport": asked.by_criteria,
        "GetVariables": variables.get,
        "ReserveNow": reservations.reserve,
        "SetVariables": variables.set,
        "TriggerMessage": TriggerRequests(needs.stations, triggered).send,
    }


def _background(needs: Needs, jobs: JobSweep) -> Mapping[str, Callable[[], Awaitable[None]]]:
    reservations = ReservationSweep(needs.records, needs.clock)
    return MappingProxyType({"jobs": jobs.run, "reservations": reservations.run})


def _recorders(records: Records, vendors: Vendors) -> Mapping[str, Handler]:
    """The handlers that keep what they are told, and need no more for it."""
    return {
        **job_bindings.handlers(records),
        "DataTransfer": OnDataTransfer(records, vendors),
        "NotifyEvent": OnNotifyEvent(records),
        "ReservationStatusUpdate": OnReservationStatusUpdate(records),
        "SecurityEventNotification": OnSecurityEventNotification(records),
        "StatusNotification": OnStatusNotification(records),
    }
