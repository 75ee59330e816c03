"""Smart charging put together, for `bindings`: its rules, handlers and senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.charging_needs import (
    CarSchedules,
    OnNotifyEVChargingNeeds,
    OnNotifyEVChargingSchedule,
)
from citrine_py.modules.charging_profiles import ProfileRequests
from citrine_py.modules.draws import Draws
from citrine_py.modules.external_limits import OnClearedChargingLimit, OnNotifyChargingLimit
from citrine_py.modules.load_balancing import LoadBalancing
from citrine_py.modules.profile_reports import OnReportChargingProfiles
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.modules.profile_tidying import ProfileTidying
from citrine_py.modules.profile_wishes import ProfileWishes
from citrine_py.modules.requests import Sender
from citrine_py.modules.smart_charging_limits import SmartChargingLimits


@dataclass(frozen=True, slots=True)
class SmartChargingRules:
    """`interval`: seconds between two looks at the locations' limits; `days`: how long records
    of what is over are kept."""

    interval: float = 10
    days: int = 30


@dataclass(frozen=True, slots=True)
class SmartCharging:
    """The rules of smart charging."""

    wishes: ProfileWishes
    balancing: LoadBalancing
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(
    common: Common,
    rules: SmartChargingRules,
    *,
    events: Handler,
    start: Sender,
    ask: Sender,
) -> SmartCharging:
    """Gives every rule of smart charging its needs.

    Args:
        events: answers TransactionEvent.
        start: sends RequestStartTransaction.
        ask: sends GetChargingProfiles as a job.
    """
    records, stations, clock, jobs = common.records, common.stations, common.clock, common.jobs
    limits = SmartChargingLimits(records, stations)
    sending = ProfileSending(records, stations, clock, jobs, limits)
    draws = Draws()
    tidying = ProfileTidying(records, clock, rules.days)
    balancing = LoadBalancing(records, clock, sending, draws, tidying, rules.interval)
    schedules = CarSchedules(records, sending, balancing)
    requests = ProfileRequests(records, stations, clock, sending, ask)
    return SmartCharging(
        ProfileWishes(records, clock, jobs, sending),
        balancing,
        MappingProxyType(
            {
                "ClearedChargingLimit": OnClearedChargingLimit(records),
                "NotifyChargingLimit": OnNotifyChargingLimit(records),
                "NotifyEVChargingNeeds": OnNotifyEVChargingNeeds(records, schedules),
                "NotifyEVChargingSchedule": OnNotifyEVChargingSchedule(records, schedules),
                "ReportChargingProfiles": OnReportChargingProfiles(records, sending),
                "TransactionEvent": draws.noting(events),
            }
        ),
        MappingProxyType(
            {
                "ClearChargingProfile": requests.clear,
                "GetChargingProfiles": requests.get,
                "RequestStartTransaction": requests.starting(start),
                "SetChargingProfile": requests.set,
            }
        ),
    )
