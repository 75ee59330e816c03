"""Asks OCSP responders whether a certificate is revoked (RFC 6960).

Implements ports_tokens.CertificateChecks together with `contracts`, which reads certificates.
An answer counts only if it is about what was asked, of now, and signed by the issuer or a
responder of his. Where the issuer's certificate is not among those of the settings its
signature cannot be checked: then the answer counts from the responder of the settings
alone, never from one that a station names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from citrine_py.outside.client import Client, OutsideError
from citrine_py.outside.contracts import read_chain
from citrine_py.outside.signatures import verify
from citrine_py.ports import Clock, Payload
from citrine_py.ports_tokens import ContractChain, Revocation

_CLOCK_SKEW = timedelta(minutes=5)
_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
_HASHES: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}
)
_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: "good",
    ocsp.OCSPCertStatus.REVOKED: "revoked",
    ocsp.OCSPCertStatus.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class OcspChecks:
    """ports_tokens.CertificateChecks.

    Attributes:
        anchors: the CAs of contract certificates that are trusted.
        responder: asked in place of the ones that certificates and stations name.
        seconds: that an answer may take.
    """

    client: Client
    clock: Clock
    anchors: Sequence[x509.Certificate] = ()
    responder: str | None = None
    seconds: float = 5

    def chain(self, pem: str) -> ContractChain:
        """See ports_tokens.CertificateChecks."""
        return read_chain(pem, self.anchors, self.clock.now())

    async def revocation(self, request: Payload) -> Revocation:
        """See ports_tokens.CertificateChecks."""
        try:
            asked = _question(request)
            text = await self._ask(request["responderURL"], asked)
            return self._read(asked, text)
        except (OutsideError, ValueError) as error:
            return Revocation("unavailable", str(error))

    async def _ask(self, named: str, asked: ocsp.OCSPRequest) -> bytes:
        body = asked.public_bytes(Encoding.DER)
        if self.responder is not None:
            return await self.client.post(self.responder, body, _HEADERS, self.seconds)
        if not named:
            raise OutsideError("the certificate names no responder, and the settings name none")
        return await self.client.post_stranger(named, body, _HEADERS, self.seconds)

    def _read(self, asked: ocsp.OCSPRequest, text: bytes) -> Revocation:
        response = ocsp.load_der_ocsp_response(text)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise OutsideError(f"the responder says {response.response_status.name}")
        found = next((each for each in response.responses if _about(each, asked)), None)
        if found is None:
            raise OutsideError("the responder answered about another certificate")
        now = self.clock.now()
        until = found.next_update_utc
        if found.this_update_utc > now + _CLOCK_SKEW or (
            until is not None and until < now - _CLOCK_SKEW
        ):
            raise OutsideError("the responder's answer is not of now")
        self._check_signature(asked, response, now)
        status = _STATUSES[found.certificate_status]
        return Revocation(status, f"the responder says {status}", text)  # type: ignore[arg-type]

    def _check_signature(
        self, asked: ocsp.OCSPRequest, response: ocsp.OCSPResponse, now: datetime
    ) -> None:
        issuer = next((each for each in self.anchors if _is_issuer(each, asked)), None)
        if issuer is None:
            if self.responder is None:
                raise OutsideError("the certificate's issuer is not among the trusted ones")
            return
        signers = [issuer, *(c for c in response.certificates if _may_sign(c, issuer, now))]
        algorithm = response.signature_hash_algorithm
        for signer in signers:
            try:
                verify(
                    signer.public_key(), response.signature, response.tbs_response_bytes, algorithm
                )
            except (InvalidSignature, UnsupportedAlgorithm):
                continue
            return
        raise OutsideError("the responder's signature is wrong")


def _question(request: Payload) -> ocsp.OCSPRequest:
    """The request; OCPP tells hashes and serial number as hexadecimal text.

    Raises:
        ValueError: they are none.
    """
    return (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(
            bytes.fromhex(request["issuerNameHash"]),
            bytes.fromhex(request["issuerKeyHash"]),
            int(request["serialNumber"], 16),
            _HASHES[request["hashAlgorithm"]],
        )
        .build()
    )


def _about(found: ocsp.OCSPSingleResponse, asked: ocsp.OCSPRequest) -> bool:
    told = (found.serial_number, found.issuer_name_hash, found.issuer_key_hash)
    return told == (asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash)


def _is_issuer(candidate: x509.Certificate, asked: ocsp.OCSPRequest) -> bool:
    name = hashes.Hash(asked.hash_algorithm)
    name.update(candidate.subject.public_bytes())
    if name.finalize() != asked.issuer_name_hash:
        return False
    # The builder hashes the issuer's key as OCSP has it.
    builder = ocsp.OCSPRequestBuilder()
    own = builder.add_certificate(candidate, candidate, asked.hash_algorithm).build()
    return own.issuer_key_hash == asked.issuer_key_hash


def _may_sign(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether the issuer lets this certificate answer for him."""
    try:
        signer.verify_directly_issued_by(issuer)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in usage
        and signer.not_valid_before_utc <= now.astimezone(UTC) <= signer.not_valid_after_utc
    )
