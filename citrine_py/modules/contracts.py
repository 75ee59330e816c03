"""C07, M06: contract certificates of electric cars, and whether one is revoked.

The certificates are read and the responder is asked by `outside.ocsp`, behind
ports_tokens.CertificateChecks; here is what OCPP is told of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import structlog

from citrine_py.ports import Call, Payload
from citrine_py.ports_tokens import CertificateChecks, Revocation

log = structlog.get_logger()

_LONGEST_RESULT = 5500  # characters of GetCertificateStatus' ocspResult
_LONGEST_INFO = 512

_STATUSES: Mapping[str, str] = MappingProxyType(
    {"good": "Accepted", "revoked": "CertificateRevoked", "unknown": "NoCertificateAvailable"}
)
"""AuthorizeCertificateStatus by what the responder says."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """Decides on contract certificates.

    `fallback` tells what a certificate counts as whose revocation cannot be found out.
    """

    checks: CertificateChecks
    fallback: Callable[[], Literal["accept", "reject"]]

    async def status(self, station: str, authorize: Payload) -> str | None:
        """OCPP's certificateStatus for an Authorize request; None if it has no certificate
        (C07)."""
        requests: Sequence[Payload] = authorize.get("iso15118CertificateHashData", ())
        pem = authorize.get("certificate")
        if not requests and not pem:
            return None
        if pem:
            chain = self.checks.chain(pem)
            fault, reason = chain.fault, chain.reason
            if fault is None and not _same(chain.emaid, authorize["idToken"]):
                fault, reason = "NoCertificateAvailable", "it is another contract's"
            if fault is not None:
                log.warning("contract.refused", station=station, status=fault, reason=reason)
                return fault
            requests = requests or chain.requests
        return await self._revocations(station, requests)

    async def _revocations(self, station: str, requests: Sequence[Payload]) -> str:
        for request in requests:
            found = await self.checks.revocation(request)
            status = _STATUSES.get(found.status)
            if status is None:
                log.warning("contract.unchecked", station=station, reason=found.reason)
                status = "Accepted" if self.fallback() == "accept" else "NoCertificateAvailable"
            if status != "Accepted":
                log.warning("contract.refused", station=station, status=status, reason=found.reason)
                return status
        return "Accepted"


def _same(emaid: str | None, id_token: Payload) -> bool:
    """Whether the certificate is that of the token. An eMAID may be written with dashes."""

    def plain(text: str) -> str:
        return text.replace("-", "").lower()

    if id_token["type"] != "eMAID":
        return True
    return emaid is not None and plain(emaid) == plain(str(id_token["idToken"]))


@dataclass(frozen=True, slots=True)
class OnGetCertificateStatus:
    """Answers GetCertificateStatus with the responder's own words (M06)."""

    checks: CertificateChecks

    async def __call__(self, call: Call) -> Payload:
        found: Revocation = await self.checks.revocation(call.payload["ocspRequestData"])
        if found.response is None:
            return _failed("NoResponse", found.reason)
        result = b64encode(found.response).decode()
        if len(result) > _LONGEST_RESULT:
            return _failed("TooLong", f"the OCSP response has {len(result)} characters")
        return {"status": "Accepted", "ocspResult": result}


def _failed(code: str, reason: str) -> Payload:
    return {
        "status": "Failed",
        "statusInfo": {"reasonCode": code, "additionalInfo": reason[:_LONGEST_INFO]},
    }
