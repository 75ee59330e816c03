"""The rules put together, as the other floors ask for them.

`build` is called once, by the composition root. The functional blocks are put together by
`all_blocks`; here they are joined with what stands between them and the other floors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.live import Live
from citrine_py.modules.all_blocks import BlockRules, Blocks, Needs, build_blocks
from citrine_py.modules.authorization import StationIdTokens
from citrine_py.modules.authorization_edits import AuthorizationEdits
from citrine_py.modules.availability import OnHeartbeat, OnStatusNotification
from citrine_py.modules.blocks import Handler
from citrine_py.modules.boot import BootRules, OnBootNotification
from citrine_py.modules.change_availability import AvailabilityWishes
from citrine_py.modules.cost_updates import CostUpdates
from citrine_py.modules.data_transfer import OnDataTransfer, Vendors
from citrine_py.modules.device_model import StationDeviceModel
from citrine_py.modules.diagnostics import OnNotifyEvent
from citrine_py.modules.dispatch import StationDispatch
from citrine_py.modules.gate import Gate
from citrine_py.modules.job_wishes import JobWishes
from citrine_py.modules.local_lists import LocalLists
from citrine_py.modules.log_uploads import JobUploads
from citrine_py.modules.message_log import MessageLog
from citrine_py.modules.password_wishes import PasswordWishes
from citrine_py.modules.presence import StationPresence
from citrine_py.modules.requests import StationRequests
from citrine_py.modules.security import OnSecurityEventNotification, StationAdmission
from citrine_py.modules.smart_charging_bindings import SmartCharging
from citrine_py.modules.tariffs import TariffCheck, TariffPricing
from citrine_py.modules.transaction_status import TransactionStatus
from citrine_py.modules.transactions import RunningTransactions
from citrine_py.modules.webhooks import Webhooks
from citrine_py.modules.wish_bindings import Wishes


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, as the ports that the other floors ask for."""

    dispatch: StationDispatch
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


def build(
    needs: Needs, boot: Live[BootRules], rules: BlockRules, vendors: Vendors = MappingProxyType({})
) -> Rules:
    """Gives every rule its needs. Before stations connect, `presence.reset()` and
    `transactions.start()` are due."""
    blocks = build_blocks(needs, rules)
    own, tokens = blocks.provisioning, blocks.tokens
    requests = StationRequests(
        needs.records,
        needs.stations,
        needs.schemas,
        MappingProxyType(blocks.senders()),
        own.reports.fresh_id,
    )
    jobs = JobWishes(
        needs.records, needs.stations, needs.jobs, needs.clock, requests, own.reports.fresh_id
    )
    wanted = (
        blocks.control.availability.arrived,
        jobs.arrived,
        blocks.wishes.arrived,
        blocks.smart.wishes.arrived,
    )
    booted = (tokens.lists.booted, *wanted)
    arrived = (tokens.lists.arrived, *wanted, blocks.certificates.signing.arrived)
    webhooks = _webhooks(needs)
    handlers = {**_recorders(needs, vendors), **blocks.handlers()}
    handlers["BootNotification"] = OnBootNotification(
        needs.records, needs.clock, own.pending, boot, booted
    )
    return Rules(
        dispatch=StationDispatch(
            Gate(needs.records, own.triggered, own.reports),
            needs.schemas,
            MappingProxyType({("2.0.1", name): each for name, each in handlers.items()}),
        ),
        admission=own.admission,
        presence=_presence(needs, blocks, webhooks, arrived),
        frames=webhooks,
        requests=requests,
        passwords=blocks.wishes.passwords,
        wishes=blocks.wishes,
        device_model=own.device_model,
        background=blocks.background(),
        availability=blocks.control.availability,
        id_tokens=tokens.id_tokens,
        authorizations=tokens.edits,
        local_lists=tokens.lists,
        transactions=blocks.charging.status,
        active_transactions=blocks.running,
        pricing=blocks.pricing,
        tariff_check=TariffCheck(needs.records, blocks.pricing),
        cost_updates=blocks.charging.cost_updates,
        uploads=blocks.jobs.uploads,
        job_wishes=jobs,
        smart_charging=blocks.smart,
    )


def _webhooks(needs: Needs) -> Webhooks:
    records, clock, new_id = needs.records, needs.clock, needs.new_id
    return Webhooks(records, needs.webhooks, clock, new_id, MessageLog(records, clock, new_id))


def _presence(
    needs: Needs, blocks: Blocks, webhooks: Webhooks, arrived: Sequence[Callable[[str], None]]
) -> StationPresence:
    return StationPresence(
        needs.records,
        needs.clock,
        needs.jobs,
        blocks.provisioning.pending,
        (webhooks.connected, blocks.charging.status.connected),
        arrived,
        (webhooks.gone,),
    )


def _recorders(needs: Needs, vendors: Vendors) -> dict[str, Handler]:
    """The handlers that keep what they are told, and need no more for it."""
    records = needs.records
    return {
        "DataTransfer": OnDataTransfer(records, vendors),
        "Heartbeat": OnHeartbeat(needs.clock),
        "NotifyEvent": OnNotifyEvent(records),
        "SecurityEventNotification": OnSecurityEventNotification(records),
        "StatusNotification": OnStatusNotification(records),
    }
