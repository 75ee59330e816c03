"""Certificates of stations (A02, A03, M): their own, and the roots that they trust."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services

CertificateStatus = Literal[
    "Requested",  # the station asked for it; it is being signed
    "Signed",  # sent, or to be sent when the station is there
    "Accepted",  # the station has it
    "Rejected",  # the station did not take it; statusInfo says why
    "Failed",  # it could not be signed; statusInfo says why
    "Replaced",  # a newer one is accepted
    "Installed",  # a root, or what the station says that it has
]
CertificateType = Literal[
    "ChargingStationCertificate",
    "V2GCertificate",
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "V2GCertificateChain",
]

Validity = Literal["Valid", "EndsSoon", "Over"]


class Certificate(Record):
    """A certificate on a station: one that was signed for it, a root that was installed, or one
    that it says it has. `certificate` is PEM where we know it; no private key is ever here."""

    id: str  # keys.certificate_key
    station: Services[str | None] = None
    certificateType: Services[CertificateType | None] = None
    status: Services[CertificateStatus | None] = None
    statusInfo: Services[str | None] = None
    subject: Services[str | None] = None
    issuer: Services[str | None] = None
    notBefore: Services[datetime | None] = None
    notAfter: Services[datetime | None] = None
    validity: Services[Validity | None] = None
    hashAlgorithm: Services[str | None] = None
    issuerNameHash: Services[str | None] = None
    issuerKeyHash: Services[str | None] = None
    serialNumber: Services[str | None] = None
    childCertificateHashData: Services[list[dict[str, Any]] | None] = None
    certificate: Services[str | None] = None
    csr: Services[str | None] = None
    renewalAskedAt: Services[datetime | None] = None
    timestamp: Services[datetime | None] = None
    """When its status last changed."""


CERTIFICATE = Collection(
    "Certificate",
    Certificate,
    "certificates/certificate",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("certificateType", "certificateType"),
        Query("status", "status"),
    ),
)

COLLECTIONS: tuple[Collection[Any], ...] = (CERTIFICATE,)
