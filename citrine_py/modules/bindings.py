"""Which handler answers which message, and the rules joined to their ports.

The catalogue says what messages there are; here stands who answers them. A
message without a handler is NotImplemented, honestly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from citrine_py.modules.availability import OnHeartbeat, OnStatusNotification
from citrine_py.modules.boot import BootRules, OnBootNotification
from citrine_py.modules.data_transfer import OnDataTransfer, Vendors
from citrine_py.modules.device_model import StoredDeviceModel
from citrine_py.modules.diagnostics import OnLogStatusNotification, OnNotifyEvent
from citrine_py.modules.firmware import OnFirmwareStatusNotification
from citrine_py.modules.gate import Gate, Triggered
from citrine_py.modules.message_log import MessageLog
from citrine_py.modules.passwords import PasswordBook, SetPassword
from citrine_py.modules.pending_boot import PendingBoots, PendingNeeds
from citrine_py.modules.presence import StationPresence
from citrine_py.modules.reports import OnNotifyReport, Reports
from citrine_py.modules.requests import StationRequests
from citrine_py.modules.security import OnSecurityEventNotification, StationAdmission
from citrine_py.modules.variables import Variables
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Call, Clock, Hasher, Jobs, NewId, Payload, Records, Stations

Handler: TypeAlias = Callable[[Call], Awaitable[Payload]]
Handlers: TypeAlias = Mapping[tuple[str, str], Handler]
"""By OCPP version and action."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Implements ports.Dispatch: known message, allowed now, valid; then its handler."""

    handlers: Handlers
    gate: Gate
    schemas: Schemas

    async def answer(self, call: Call) -> Payload:
        """See ports.Dispatch."""
        row = catalogue.find(call.version, call.action)
        if row is None:
            raise CallError("NotImplemented", "OCPP has no such message in this version")
        if not row.received:
            raise CallError("NotSupported", f"{call.action} goes from the CSMS to a station")
        self.gate.check(call)
        handler = self.handlers.get((call.version, call.action))
        if handler is None:
            raise CallError("NotImplemented", f"{call.action} is not implemented yet")
        self.schemas.check_request(call.version, call.action, call.payload)
        return await handler(call)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, ready; each under the port that it implements."""

    dispatch: Dispatcher
    admission: StationAdmission
    presence: StationPresence
    frames: MessageLog
    requests: StationRequests
    passwords: SetPassword
    device_model: StoredDeviceModel


@dataclass(frozen=True, slots=True)
class Needs:
    """The ports that the rules need."""

    records: Records
    stations: Stations
    jobs: Jobs
    clock: Clock
    new_id: NewId
    hasher: Hasher
    schemas: Schemas


def build(
    needs: Needs, boot: BootRules, *, report_timeout: float = 120, vendors: Vendors | None = None
) -> Rules:
    """Joins the rules. `report_timeout`: seconds without a part after which a pending boot's
    report counts as failed; `vendors`: handlers of vendors' data transfers."""
    records, clock = needs.records, needs.clock
    reports = Reports(records, needs.jobs)
    triggered = Triggered(clock)
    book = PasswordBook(records, needs.hasher, clock)
    variables = Variables(records, needs.stations, book, clock)
    pending = PendingBoots(
        PendingNeeds(
            records=records,
            stations=needs.stations,
            reports=reports,
            variables=variables,
            schemas=needs.schemas,
            jobs=needs.jobs,
            clock=clock,
            new_id=needs.new_id,
            report_timeout=report_timeout,
        )
    )
    handlers: dict[tuple[str, str], Handler] = {
        ("2.0.1", "BootNotification"): OnBootNotification(records, clock, pending, boot),
        ("2.0.1", "DataTransfer"): OnDataTransfer(records, clock, vendors or {}),
        ("2.0.1", "FirmwareStatusNotification"): OnFirmwareStatusNotification(records, clock),
        ("2.0.1", "Heartbeat"): OnHeartbeat(clock),
        ("2.0.1", "LogStatusNotification"): OnLogStatusNotification(records, clock),
        ("2.0.1", "NotifyEvent"): OnNotifyEvent(records),
        ("2.0.1", "NotifyReport"): OnNotifyReport(records, reports),
        ("2.0.1", "SecurityEventNotification"): OnSecurityEventNotification(records),
        ("2.0.1", "StatusNotification"): OnStatusNotification(records),
    }
    return Rules(
        dispatch=Dispatcher(handlers, Gate(records, reports, triggered), needs.schemas),
        admission=StationAdmission(records, book),
        presence=StationPresence(records, clock, pending),
        frames=MessageLog(records, clock, needs.new_id),
        requests=StationRequests(
            records, needs.stations, needs.schemas, reports, triggered, variables, needs.new_id
        ),
        passwords=SetPassword(records, needs.stations, book),
        device_model=StoredDeviceModel(records, needs.schemas, book, clock),
    )
