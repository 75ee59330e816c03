"""Certificates put together, for `bindings`: their rules, handlers and senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.certificates import OnSignCertificate, Signing, SigningRules
from citrine_py.modules.ev_certificates import OnGet15118EVCertificate
from citrine_py.modules.installed import CertificateRequests
from citrine_py.modules.renewals import Renewals
from citrine_py.modules.requests import Sender
from citrine_py.ports_certificates import CertificateAuthority, CertificateReader, ContractProvider


@dataclass(frozen=True, slots=True)
class CertificateNeeds:
    """The ports that certificates need besides those of everybody; None where the settings
    name nobody."""

    reader: CertificateReader
    authority: CertificateAuthority | None = None
    contracts: ContractProvider | None = None
    rules: SigningRules = field(default_factory=SigningRules)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The rules of certificates."""

    signing: Signing
    renewals: Renewals
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(common: Common, needs: CertificateNeeds, trigger: Sender) -> Certificates:
    """Gives every rule of certificates its needs. `trigger` sends TriggerMessage."""
    records, stations, clock = common.records, common.stations, common.clock
    signing = Signing(records, stations, clock, common.jobs, needs.reader, needs.authority)
    requests = CertificateRequests(records, stations, clock, needs.reader)
    return Certificates(
        signing,
        Renewals(records, stations, clock, trigger, needs.rules.renew_days),
        MappingProxyType(
            {
                "Get15118EVCertificate": OnGet15118EVCertificate(needs.contracts),
                "SignCertificate": OnSignCertificate(
                    records, stations, needs.reader, signing, needs.rules
                ),
            }
        ),
        MappingProxyType(
            {
                "CertificateSigned": requests.signed,
                "DeleteCertificate": requests.delete,
                "GetInstalledCertificateIds": requests.installed,
                "InstallCertificate": requests.install,
            }
        ),
    )
