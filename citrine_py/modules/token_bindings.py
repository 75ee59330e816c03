"""Tokens and local lists put together, for `bindings`: their rules, handlers and senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.live import Live
from citrine_py.modules.authorization import OnAuthorize, StationIdTokens, TokenRules
from citrine_py.modules.authorization_edits import AuthorizationEdits
from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.contracts import Contracts, OnGetCertificateStatus
from citrine_py.modules.local_list_calls import LocalListCalls
from citrine_py.modules.local_list_edits import ListEdits
from citrine_py.modules.local_list_requests import LocalListRequests
from citrine_py.modules.local_list_update import LocalListUpdate
from citrine_py.modules.local_lists import LocalLists
from citrine_py.modules.remote_control import RemoteStart
from citrine_py.modules.requests import Sender
from citrine_py.ports_charging import RemoteStarts, Tariffs
from citrine_py.ports_tokens import ActiveTransactions, CertificateChecks, RealTimeAuthorization


@dataclass(frozen=True, slots=True)
class TokenNeeds:
    """The ports that tokens need besides those of everybody. `outside` is None where the
    settings name nobody to ask."""

    certificates: CertificateChecks
    outside: RealTimeAuthorization | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The rules of tokens."""

    id_tokens: StationIdTokens
    edits: AuthorizationEdits
    lists: LocalLists
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(
    common: Common,
    needs: TokenNeeds,
    rules: Live[TokenRules],
    *,
    active: ActiveTransactions,
    starts: RemoteStarts,
    tariffs: Tariffs,
    start: Sender,
) -> Tokens:
    """Gives every rule of tokens its needs. `start` asks a station to start a transaction."""
    records, stations, clock = common.records, common.stations, common.clock
    id_tokens = StationIdTokens(records, clock, active, tariffs, rules, needs.outside)
    edits = ListEdits(records, clock, rules.now.master_group)
    update = LocalListUpdate(records, clock, LocalListCalls(records, stations), edits)
    lists = LocalLists(records, stations, clock, common.jobs, edits, update)
    requests = LocalListRequests(stations, lists, update)
    contracts = Contracts(needs.certificates, lambda: rules.now.unchecked)
    return Tokens(
        id_tokens,
        AuthorizationEdits(records, lists),
        lists,
        MappingProxyType(
            {
                "Authorize": OnAuthorize(records, id_tokens, contracts),
                "GetCertificateStatus": OnGetCertificateStatus(needs.certificates),
            }
        ),
        MappingProxyType(
            {
                "GetLocalListVersion": requests.version,
                "RequestStartTransaction": RemoteStart(start, starts).send,
                "SendLocalList": requests.send,
            }
        ),
    )
