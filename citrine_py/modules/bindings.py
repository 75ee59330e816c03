"""Which handler answers which message, and the rules put together.

`build` is called once, by the composition root. `Bindings` implements
ports.Dispatch: what is known of a message (the catalogue), whether it may pass
(`gate`), whether it fits (the schemas), then its handler.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from citrine_py.live import Live
from citrine_py.modules import (
    certificate_bindings,
    charging_bindings,
    control_bindings,
    job_bindings,
    provisioning_bindings,
    smart_charging_bindings,
    token_bindings,
    wish_bindings,
)
from citrine_py.modules.authorization import StationIdTokens, TokenRules
from citrine_py.modules.authorization_edits import AuthorizationEdits
from citrine_py.modules.availability import OnHeartbeat, OnStatusNotification
from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.boot import BootRules, OnBootNotification
from citrine_py.modules.certificate_bindings import CertificateNeeds, Certificates
from citrine_py.modules.change_availability import AvailabilityWishes
from citrine_py.modules.charging_bindings import Charging, TransactionRules
from citrine_py.modules.control_bindings import Control
from citrine_py.modules.cost_updates import CostUpdates
from citrine_py.modules.data_transfer import OnDataTransfer, Vendors
from citrine_py.modules.device_model import StationDeviceModel
from citrine_py.modules.diagnostics import OnNotifyEvent
from citrine_py.modules.gate import Gate
from citrine_py.modules.job_bindings import JobNeeds, StationJobs
from citrine_py.modules.job_wishes import JobWishes
from citrine_py.modules.local_lists import LocalLists
from citrine_py.modules.log_uploads import JobUploads
from citrine_py.modules.message_log import MessageLog
from citrine_py.modules.password_wishes import PasswordWishes
from citrine_py.modules.presence import StationPresence
from citrine_py.modules.provisioning_bindings import Provisioning, ProvisioningNeeds
from citrine_py.modules.requests import Sender, StationRequests
from citrine_py.modules.security import OnSecurityEventNotification, StationAdmission
from citrine_py.modules.smart_charging_bindings import SmartCharging, SmartChargingRules
from citrine_py.modules.tariffs import TariffCheck, TariffPricing
from citrine_py.modules.token_bindings import TokenNeeds, Tokens
from citrine_py.modules.transaction_records import TransactionRecords
from citrine_py.modules.transaction_status import TransactionStatus
from citrine_py.modules.transactions import RemoteStarts, RunningTransactions
from citrine_py.modules.webhooks import Webhooks
from citrine_py.modules.wish_bindings import Wishes, WishNeeds
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import (
    Call,
    Clock,
    Hasher,
    Jobs,
    NewId,
    Payload,
    Records,
    SessionInfo,
    Stations,
)
from citrine_py.ports_charging import MeterSignatures
from citrine_py.ports_webhooks import WebhookPosts


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
    frames: Webhooks
    """Keeps frames, and tells who has subscribed to them."""
    requests: StationRequests
    passwords: PasswordWishes
    wishes: Wishes
    device_model: StationDeviceModel
    background: Mapping[str, Callable[[], Awaitable[None]]]
    """Work that goes on as long as the service runs, by name."""
    id_tokens: StationIdTokens
    authorizations: AuthorizationEdits
    local_lists: LocalLists
    availability: AvailabilityWishes
    transactions: TransactionStatus
    active_transactions: RunningTransactions
    pricing: TariffPricing
    tariff_check: TariffCheck
    cost_updates: CostUpdates
    uploads: JobUploads
    job_wishes: JobWishes
    smart_charging: SmartCharging


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
    signatures: MeterSignatures
    certificates: CertificateNeeds
    station_jobs: JobNeeds
    wishes: WishNeeds
    webhooks: WebhookPosts


def build(
    needs: Needs,
    boot: Live[BootRules],
    token_rules: Live[TokenRules],
    transaction_rules: TransactionRules,
    *,
    report_timeout: float = 120,
    smart_charging: SmartChargingRules | None = None,
    vendors: Vendors = MappingProxyType({}),
) -> Rules:
    """Gives every rule its needs. Before stations connect, `presence.reset()` and
    `transactions.start()` are due.

    `report_timeout`: seconds without a part after which a report counts as failed.
    """
    records, stations, clock = needs.records, needs.stations, needs.clock
    common = Common(records, stations, clock, needs.jobs)
    control = control_bindings.build(common)
    pricing = TariffPricing(records)
    own = provisioning_bindings.build(
        common, ProvisioningNeeds(needs.new_id, needs.hasher, needs.schemas), report_timeout
    )
    trigger = own.senders["TriggerMessage"]
    certificates = certificate_bindings.build(common, needs.certificates, trigger)
    jobs = job_bindings.build(common, needs.station_jobs, needs.new_id, own.variables)
    tokens, charging, running = _sessions(
        needs, common, pricing, token_rules, transaction_rules, start=jobs.start
    )
    wanted = wish_bindings.build(common, needs.wishes, own.variables, own.passwords)
    smart = _smart(common, smart_charging or SmartChargingRules(), tokens, charging, jobs)
    blocks = (own, tokens, certificates, charging, control, jobs, wanted, smart)
    requests = _requests(needs, own, [block.senders for block in blocks])
    wishes = JobWishes(records, stations, needs.jobs, clock, requests, own.reports.fresh_id)
    sent = (control.availability.arrived, wishes.arrived, wanted.arrived, smart.wishes.arrived)
    booted = (tokens.lists.booted, *sent)
    arrived = (tokens.lists.arrived, *sent, certificates.signing.arrived)
    webhooks = _webhooks(needs)
    handlers = _recorders(records, clock, vendors)
    handlers["BootNotification"] = OnBootNotification(records, clock, own.pending, boot, booted)
    return Rules(
        dispatch=_bindings(needs, own, [handlers, *(block.handlers for block in blocks)]),
        admission=own.admission,
        presence=_presence(needs, own, webhooks, charging.status.connected, arrived),
        frames=webhooks,
        requests=requests,
        passwords=wanted.passwords,
        wishes=wanted,
        device_model=own.device_model,
        background=_background(certificates, jobs, control, smart),
        availability=control.availability,
        id_tokens=tokens.id_tokens,
        authorizations=tokens.edits,
        local_lists=tokens.lists,
        transactions=charging.status,
        active_transactions=running,
        pricing=pricing,
        tariff_check=TariffCheck(records, pricing),
        cost_updates=charging.cost_updates,
        uploads=jobs.uploads,
        job_wishes=wishes,
        smart_charging=smart,
    )


def _webhooks(needs: Needs) -> Webhooks:
    records, clock, new_id = needs.records, needs.clock, needs.new_id
    return Webhooks(records, needs.webhooks, clock, new_id, MessageLog(records, clock, new_id))


def _presence(
    needs: Needs,
    own: Provisioning,
    webhooks: Webhooks,
    returned: Callable[[SessionInfo], None],
    arrived: Sequence[Callable[[str], None]],
) -> StationPresence:
    return StationPresence(
        needs.records,
        needs.clock,
        needs.jobs,
        own.pending,
        (webhooks.connected, returned),
        arrived,
        (webhooks.gone,),
    )


def _sessions(
    needs: Needs,
    common: Common,
    pricing: TariffPricing,
    token_rules: Live[TokenRules],
    rules: TransactionRules,
    *,
    start: Sender,
) -> tuple[Tokens, Charging, RunningTransactions]:
    """Tokens and transactions, which need each other."""
    transactions = TransactionRecords(common.records, rules.limits, pricing)
    running = RunningTransactions(transactions)
    starts = RemoteStarts(common.records, common.clock, transactions)
    tokens = token_bindings.build(
        common,
        needs.tokens,
        token_rules,
        active=running,
        starts=starts,
        tariffs=pricing,
        start=start,
    )
    charging = charging_bindings.build(
        common, transactions, tokens.id_tokens, verify=needs.signatures, rules=rules
    )
    return tokens, charging, running


def _smart(
    common: Common,
    rules: SmartChargingRules,
    tokens: Tokens,
    charging: Charging,
    jobs: StationJobs,
) -> SmartCharging:
    """Smart charging, which looks at what others are told and sends along with what they send."""
    return smart_charging_bindings.build(
        common,
        rules,
        events=charging.handlers["TransactionEvent"],
        start=tokens.senders["RequestStartTransaction"],
        ask=jobs.senders["GetChargingProfiles"],
    )


class _Endless(Protocol):
    async def run(self) -> None: ...


def _background(
    certificates: Certificates, jobs: StationJobs, control: Control, smart: SmartCharging
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    work: dict[str, _Endless] = {
        "certificates": certificates.renewals,
        "jobs": jobs.sweep,
        "reservations": control.sweep,
        "shares": smart.balancing,
    }
    return MappingProxyType({name: each.run for name, each in work.items()})


def _requests(
    needs: Needs, own: Provisioning, blocks: Sequence[Mapping[str, Sender]]
) -> StationRequests:
    senders = {name: each for block in blocks for name, each in block.items()}
    return StationRequests(
        needs.records,
        needs.stations,
        needs.schemas,
        MappingProxyType(senders),
        own.reports.fresh_id,
    )


def _bindings(needs: Needs, own: Provisioning, blocks: Sequence[Mapping[str, Handler]]) -> Bindings:
    gate = Gate(needs.records, own.triggered, own.reports)
    handlers = {("2.0.1", name): each for block in blocks for name, each in block.items()}
    return Bindings(gate, needs.schemas, MappingProxyType(handlers))


def _recorders(records: Records, clock: Clock, vendors: Vendors) -> dict[str, Handler]:
    """The handlers that keep what they are told, and need no more for it."""
    return {
        "DataTransfer": OnDataTransfer(records, vendors),
        "Heartbeat": OnHeartbeat(clock),
        "NotifyEvent": OnNotifyEvent(records),
        "SecurityEventNotification": OnSecurityEventNotification(records),
        "StatusNotification": OnStatusNotification(records),
    }
