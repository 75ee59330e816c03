"""The functional blocks put together, one after the other: some need what others made.

A block comes out of its `*_bindings`: its rules, the handlers of what stations send and the
senders of what they are sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
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
from citrine_py.modules.authorization import TokenRules
from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.certificate_bindings import CertificateNeeds, Certificates
from citrine_py.modules.charging_bindings import Charging, TransactionRules
from citrine_py.modules.control_bindings import Control
from citrine_py.modules.job_bindings import JobNeeds, StationJobs
from citrine_py.modules.provisioning_bindings import Provisioning, ProvisioningNeeds
from citrine_py.modules.requests import Sender
from citrine_py.modules.smart_charging_bindings import SmartCharging, SmartChargingRules
from citrine_py.modules.tariffs import TariffPricing
from citrine_py.modules.token_bindings import TokenNeeds, Tokens
from citrine_py.modules.transaction_records import TransactionRecords
from citrine_py.modules.transactions import RemoteStarts, RunningTransactions
from citrine_py.modules.wish_bindings import Wishes, WishNeeds
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import (
    Clock,
    Hasher,
    Jobs,
    NewId,
    Records,
    Stations,
)
from citrine_py.ports_charging import MeterSignatures
from citrine_py.ports_webhooks import WebhookPosts


class _Endless(Protocol):
    async def run(self) -> None: ...


class _Block(Protocol):
    @property
    def handlers(self) -> Mapping[str, Handler]: ...
    @property
    def senders(self) -> Mapping[str, Sender]: ...


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


@dataclass(frozen=True, slots=True)
class BlockRules:
    """What the settings say to the blocks. `report_timeout`: seconds without a part after which
    a report counts as failed."""

    tokens: Live[TokenRules]
    transactions: TransactionRules
    smart_charging: SmartChargingRules = field(default_factory=SmartChargingRules)
    report_timeout: float = 120


@dataclass(frozen=True, slots=True)
class Blocks:
    """All of them."""

    provisioning: Provisioning
    control: Control
    certificates: Certificates
    jobs: StationJobs
    tokens: Tokens
    charging: Charging
    running: RunningTransactions
    pricing: TariffPricing
    wishes: Wishes
    smart: SmartCharging

    def _in_order(self) -> tuple[_Block, ...]:
        """Smart charging is last: it wraps handlers and senders of others."""
        return (
            self.provisioning,
            self.tokens,
            self.certificates,
            self.charging,
            self.control,
            self.jobs,
            self.wishes,
            self.smart,
        )

    def handlers(self) -> dict[str, Handler]:
        """By action, of what stations send."""
        return {name: each for block in self._in_order() for name, each in block.handlers.items()}

    def senders(self) -> dict[str, Sender]:
        """By action, of what needs more than to be sent."""
        return {name: each for block in self._in_order() for name, each in block.senders.items()}

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Work that goes on as long as the service runs, by name."""
        work: dict[str, _Endless] = {
            "certificates": self.certificates.renewals,
            "jobs": self.jobs.sweep,
            "reservations": self.control.sweep,
            "shares": self.smart.balancing,
        }
        return MappingProxyType({name: each.run for name, each in work.items()})


def build_blocks(needs: Needs, rules: BlockRules) -> Blocks:
    """Gives every block its needs."""
    common = Common(needs.records, needs.stations, needs.clock, needs.jobs)
    pricing = TariffPricing(needs.records)
    own = provisioning_bindings.build(
        common, ProvisioningNeeds(needs.new_id, needs.hasher, needs.schemas), rules.report_timeout
    )
    trigger = own.senders["TriggerMessage"]
    jobs = job_bindings.build(common, needs.station_jobs, needs.new_id, own.variables)
    tokens, charging, running = _sessions(needs, common, pricing, rules, jobs.start)
    return Blocks(
        provisioning=own,
        control=control_bindings.build(common),
        certificates=certificate_bindings.build(common, needs.certificates, trigger),
        jobs=jobs,
        tokens=tokens,
        charging=charging,
        running=running,
        pricing=pricing,
        wishes=wish_bindings.build(common, needs.wishes, own.variables, own.passwords),
        smart=smart_charging_bindings.build(
            common,
            rules.smart_charging,
            events=charging.handlers["TransactionEvent"],
            start=tokens.senders["RequestStartTransaction"],
            ask=jobs.senders["GetChargingProfiles"],
        ),
    )


def _sessions(
    needs: Needs, common: Common, pricing: TariffPricing, rules: BlockRules, start: Sender
) -> tuple[Tokens, Charging, RunningTransactions]:
    """Tokens and transactions, which need each other."""
    transactions = TransactionRecords(common.records, rules.transactions.limits, pricing)
    running = RunningTransactions(transactions)
    starts = RemoteStarts(common.records, common.clock, transactions)
    tokens = token_bindings.build(
        common,
        needs.tokens,
        rules.tokens,
        active=running,
        starts=starts,
        tariffs=pricing,
        start=start,
    )
    charging = charging_bindings.build(
        common,
        transactions,
        tokens.id_tokens,
        verify=needs.signatures,
        rules=rules.transactions,
    )
    return tokens, charging, running
