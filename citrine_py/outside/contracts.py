"""Reads a contract certificate with its sub-CAs and follows it to a CA that is trusted (C07)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from citrine_py.errors import CitrineError
from citrine_py.ports import Payload
from citrine_py.ports_tokens import ContractChain

_LONGEST_CHAIN = 6
_HASH = hashes.SHA256()


class _Bad(Exception):
    """`status` is OCPP's AuthorizeCertificateStatus."""

    def __init__(self, status: str, reason: str) -> None:
        self.status = status
        super().__init__(reason)


def load_anchors(path: Path | None) -> tuple[x509.Certificate, ...]:
    """The trusted CAs of a PEM file; none without a file.

    Raises:
        CitrineError: it cannot be read, or holds no certificate.
    """
    if path is None:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise CitrineError(
            f"CITRINE_AUTHORIZATION_CONTRACT_ROOTS: {path} cannot be read as PEM: {error}"
        ) from None


def read_chain(pem: str, anchors: Sequence[x509.Certificate], now: datetime) -> ContractChain:
    """The chain from the contract certificate, which comes first, to a trusted CA."""
    try:
        given = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        return ContractChain("CertChainError", f"no certificate in PEM: {error}")
    try:
        links = list(_links(given, anchors, now))
    except _Bad as error:
        return ContractChain(error.status, str(error))
    requests = tuple(_request(each, issuer) for each, issuer in links)
    return ContractChain(emaid=_common_name(given[0]), requests=requests)


def _links(
    given: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], now: datetime
) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
    """Each certificate below the trusted CA with its issuer."""
    current = given[0]
    if current in anchors:
        raise _Bad("CertChainError", "a CA's certificate is no contract")
    for _ in range(_LONGEST_CHAIN):
        if current in anchors:
            return
        _check_time(current, now)
        issuer = _issuer(current, given[1:], anchors)
        yield current, issuer
        current = issuer
    raise _Bad("CertChainError", f"the chain is longer than {_LONGEST_CHAIN}")


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    if now > certificate.not_valid_after_utc:
        raise _Bad("CertificateExpired", f"expired at {certificate.not_valid_after_utc}")
    if now < certificate.not_valid_before_utc:
        raise _Bad("CertChainError", f"not valid before {certificate.not_valid_before_utc}")


def _issuer(
    certificate: x509.Certificate,
    given: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
) -> x509.Certificate:
    wrong = False
    for candidate in (*anchors, *given):
        if candidate.subject != certificate.issuer or not _is_ca(candidate):
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, ValueError, TypeError):
            wrong = True
            continue
        return candidate
    if wrong:
        raise _Bad("SignatureError", "the issuer did not sign it")
    raise _Bad("CertChainError", "it leads to no CA that is trusted")


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _request(certificate: x509.Certificate, issuer: x509.Certificate) -> Payload:
    """OCPP's OCSPRequestDataType."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, _HASH).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": asked.issuer_name_hash.hex(),
        "issuerKeyHash": asked.issuer_key_hash.hex(),
        "serialNumber": f"{certificate.serial_number:x}",
        "responderURL": _responder(certificate) or "",
    }


def _responder(certificate: x509.Certificate) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for each in access.value:
        if each.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            each.access_location, x509.UniformResourceIdentifier
        ):
            return each.access_location.value
    return None


def _common_name(certificate: x509.Certificate) -> str | None:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else None
