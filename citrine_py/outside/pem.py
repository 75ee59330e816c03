"""Reads certificates and signing requests in PEM: ports_certificates.CertificateReader."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from citrine_py.errors import BadRequest
from citrine_py.ports import Payload
from citrine_py.ports_certificates import CertificateDetails, SigningRequest

_SHORTEST_RSA = 2048  # bits; this and the next as TC_A_04_CSMS has them for servers
_SHORTEST_CURVE = 224


@dataclass(frozen=True, slots=True)
class PemReader:
    """ports_certificates.CertificateReader."""

    def request(self, csr: str) -> SigningRequest:
        """See ports_certificates.CertificateReader."""
        try:
            found = load_request(csr)
        except BadRequest as error:
            return SigningRequest(fault=str(error))
        return SigningRequest(
            _name(found.subject, NameOID.COMMON_NAME),
            _name(found.subject, NameOID.ORGANIZATION_NAME),
        )

    def details(self, pem: str) -> CertificateDetails:
        """See ports_certificates.CertificateReader."""
        found = _certificates(pem)[0]
        return CertificateDetails(
            found.subject.rfc4514_string(),
            found.issuer.rfc4514_string(),
            f"{found.serial_number:x}",
            found.not_valid_before_utc,
            found.not_valid_after_utc,
        )

    def hash_data(self, pem: str, algorithm: str) -> Payload | None:
        """See ports_certificates.CertificateReader."""
        first, *others = _certificates(pem)
        issuer = next((each for each in (first, *others) if _issued(first, each)), None)
        if issuer is None:
            return None
        kind = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}
        asked = ocsp.OCSPRequestBuilder().add_certificate(first, issuer, kind[algorithm]).build()
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": asked.issuer_name_hash.hex(),
            "issuerKeyHash": asked.issuer_key_hash.hex(),
            "serialNumber": f"{first.serial_number:x}",
        }


def load_request(csr: str) -> x509.CertificateSigningRequest:
    """A signing request that may be signed.

    Raises:
        BadRequest: no PEM, a wrong signature, a key that is too short.
    """
    try:
        found = x509.load_pem_x509_csr(csr.encode())
        key = found.public_key()
        right = found.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise BadRequest("the request cannot be read as PKCS #10 in PEM") from None
    if not right:
        raise BadRequest("the request is not signed by its own key")
    if isinstance(key, rsa.RSAPublicKey):
        bits, least = key.key_size, _SHORTEST_RSA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        bits, least = key.key_size, _SHORTEST_CURVE
    else:
        raise BadRequest("the request's key is neither RSA nor of an elliptic curve")
    if bits < least:
        raise BadRequest(f"the request's key has {bits} bits; at least {least} are needed")
    return found


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise BadRequest("this is no certificate in PEM") from None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _name(subject: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    names = subject.get_attributes_for_oid(oid)
    return str(names[0].value) if len(names) == 1 else None
