"""Booting, device models and passwords put together, for `bindings`: their rules, handlers and
senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.device_model import OnNotifyReport, StationDeviceModel
from citrine_py.modules.gate import Triggered
from citrine_py.modules.passwords import StationPasswords, UnderWay
from citrine_py.modules.pending_boot import PendingBoot
from citrine_py.modules.report_requests import ReportRequests
from citrine_py.modules.reports import Reports
from citrine_py.modules.requests import Sender
from citrine_py.modules.security import StationAdmission
from citrine_py.modules.trigger_requests import TriggerRequests
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variable_requests import VariableRequests
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Hasher, NewId


@dataclass(frozen=True, slots=True)
class ProvisioningNeeds:
    """The ports that provisioning needs besides those of everybody."""

    new_id: NewId
    hasher: Hasher
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class Provisioning:
    """The rules of provisioning."""

    admission: StationAdmission
    pending: PendingBoot
    reports: Reports
    triggered: Triggered
    variables: VariableCalls
    passwords: StationPasswords
    device_model: StationDeviceModel
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(
    common: Common,
    needs: ProvisioningNeeds,
    report_timeout: float,
) -> Provisioning:
    """Gives every rule of provisioning its needs, but for BootNotification: what waits for a
    boot is known once all blocks are."""
    records, stations, clock, jobs = common.records, common.stations, common.clock, common.jobs
    under_way = UnderWay()
    reports = Reports(needs.new_id)
    triggered = Triggered(clock)
    variables = VariableCalls(records, stations, clock)
    passwords = StationPasswords(records, stations, clock, needs.hasher, under_way)
    pending = PendingBoot(
        records, stations, clock, jobs, reports, variables, report_timeout=report_timeout
    )
    handlers: dict[str, Handler] = {"NotifyReport": OnNotifyReport(records, reports)}
    variable_requests = VariableRequests(variables, passwords)
    report_requests = ReportRequests(stations, jobs, reports, report_timeout)
    senders: dict[str, Sender] = {
        "GetBaseReport": report_requests.base,
        "GetReport": report_requests.by_criteria,
        "GetVariables": variable_requests.get,
        "SetVariables": variable_requests.set,
        "TriggerMessage": TriggerRequests(stations, triggered).send,
    }
    return Provisioning(
        admission=StationAdmission(records, clock, needs.hasher, under_way),
        pending=pending,
        reports=reports,
        triggered=triggered,
        variables=variables,
        passwords=passwords,
        device_model=StationDeviceModel(records, clock, needs.schemas, passwords),
        handlers=MappingProxyType(handlers),
        senders=MappingProxyType(senders),
    )
