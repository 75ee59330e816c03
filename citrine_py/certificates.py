"""What the settings say of certificates, built: who signs for stations, and whom ports trust.

A part of the composition root, for `service`.
"""

from __future__ import annotations

from pathlib import Path

from citrine_py.errors import BadSettings, CitrineError
from citrine_py.modules.certificate_bindings import CertificateNeeds
from citrine_py.modules.certificates import SigningRules
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.authority import (
    LocalAuthority,
    Signer,
    development_signer,
    load_signer,
)
from citrine_py.outside.client import Client
from citrine_py.outside.contract_provider import HttpContractProvider
from citrine_py.outside.pem import PemReader
from citrine_py.ports import Clock
from citrine_py.ports_certificates import CertificateUse
from citrine_py.settings import Settings

_STATIONS = "stations"


def certificate_needs(
    settings: Settings, client: Client, schemas: Schemas, clock: Clock
) -> CertificateNeeds:
    """Reader, authority and provider of contract certificates.

    Raises:
        BadSettings: the CA's files cannot be used.
    """
    rules = settings.certificates
    provider = None
    if rules.contract_url is not None:
        token = rules.contract_token
        provider = HttpContractProvider(
            client,
            schemas,
            str(rules.contract_url),
            token.get_secret_value() if token is not None else None,
            rules.contract_timeout,
        )
    try:
        signers = _signers(settings, clock)
    except CitrineError as error:
        raise BadSettings([f"CITRINE_CERTIFICATES_AUTHORITY: {error}"]) from None
    authority = LocalAuthority(signers, clock, rules.validity_days) if signers else None
    return CertificateNeeds(
        PemReader(), authority, provider, SigningRules(rules.organisation, rules.renew_days)
    )


def client_cas(settings: Settings, own: Path | None) -> tuple[Path, ...]:
    """The CAs that a port of security profile 3 trusts: that of its settings, and the one that
    signs for stations."""
    rules = settings.certificates
    signing: Path | None = None
    if rules.authority == "development":
        signing = _folder(settings) / f"{_STATIONS}.pem"
    elif rules.authority == "files":
        signing = rules.ca_certificate
    return tuple(dict.fromkeys(path for path in (own, signing) if path is not None))


def _folder(settings: Settings) -> Path:
    return settings.store.folder / "ca"


def _signers(settings: Settings, clock: Clock) -> dict[CertificateUse, Signer]:
    rules = settings.certificates
    found: dict[CertificateUse, Signer] = {}
    if rules.authority == "development":
        folder, now = _folder(settings), clock.now()
        found["ChargingStationCertificate"] = development_signer(folder, _STATIONS, now)
        found["V2GCertificate"] = development_signer(folder, "v2g", now)
    elif rules.authority == "files" and rules.ca_certificate and rules.ca_key:
        found["ChargingStationCertificate"] = load_signer(rules.ca_certificate, rules.ca_key)
        if rules.v2g_ca_certificate and rules.v2g_ca_key:
            found["V2GCertificate"] = load_signer(rules.v2g_ca_certificate, rules.v2g_ca_key)
    return found
