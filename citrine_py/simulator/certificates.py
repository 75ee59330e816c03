"""A02, M: the certificates of a station, with real keys.

No I/O.
"""

from __future__ import annotations

import base64
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from citrine_py.simulator.core import OK, Answers, Core
from citrine_py.simulator.deeds import Payload

Key: TypeAlias = ec.EllipticCurvePrivateKey

MOST = 10


def readable(text: str) -> bool:
    """Whether a text is a certificate in PEM."""
    return _read(text) is not None


def verified(certificate: str, signature: str, content: bytes) -> bool:
    """Whether `signature` (Base64) is the certificate's over the SHA-256 of `content`."""
    holder = _read(certificate)
    key = None if holder is None else holder.public_key()
    try:
        told = base64.b64decode(signature, validate=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(told, content, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(told, content, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (ValueError, InvalidSignature):
        return False
    return True


class Certificates:
    """Roots and own chains of one station.

    Attributes:
        chains: PEM chains of its own, by certificate type.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._roots: list[tuple[str, x509.Certificate]] = []
        self._keys: dict[str, Key] = {}
        self.chains: dict[str, list[x509.Certificate]] = {}
        self.in_use: dict[str, Key] = {}

    @property
    def answers(self) -> Answers:
        return {
            "InstallCertificate": self._install,
            "DeleteCertificate": self._delete,
            "GetInstalledCertificateIds": self._list,
            "CertificateSigned": self._signed,
        }

    def ask_for(self, kind: str) -> bool:
        """Makes a key and asks for a certificate of it (A02)."""
        key = self._keys[kind] = ec.generate_private_key(ec.SECP256R1())
        organization = self._core.variable("SecurityCtrlr", "OrganizationName").value
        names = [
            x509.NameAttribute(NameOID.COMMON_NAME, self._core.config.id),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
        text = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self._core.tell("SignCertificate", {"csr": text.decode(), "certificateType": kind})
        return True

    def _signed(self, asked: Payload) -> Payload:
        """Only for the key that the last request of this type was for."""
        kind = asked.get("certificateType", "ChargingStationCertificate")
        chain = _read_all(asked["certificateChain"])
        key = self._keys.get(kind)
        if not chain or key is None or not _fits(chain[0], key) or self._over(chain[0]):
            self._core.security_event("InvalidChargingStationCertificate")
            return {"status": "Rejected"}
        self.chains[kind] = chain
        self.in_use[kind] = self._keys.pop(kind)
        return dict(OK)

    def _install(self, asked: Payload) -> Payload:
        certificate = _read(asked["certificate"])
        if certificate is None or self._over(certificate):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        entry = (asked["certificateType"], certificate)
        if entry not in self._roots:
            if len(self._roots) >= MOST:
                return {"status": "Failed", "statusInfo": {"reasonCode": "NoSpace"}}
            self._roots.append(entry)
            self._count()
        return dict(OK)

    def _delete(self, asked: Payload) -> Payload:
        """The station's own certificate is none that can be deleted (M04)."""
        wanted = asked["certificateHashData"]
        own = self.chains.get("ChargingStationCertificate")
        if own and _same(own[0], own[1] if len(own) > 1 else own[0], wanted):
            return {"status": "Failed"}
        left = [it for it in self._roots if not _same(it[1], it[1], wanted)]
        found = len(left) < len(self._roots)
        v2g = self.chains.get("V2GCertificate")
        if v2g and _same(v2g[0], v2g[1] if len(v2g) > 1 else v2g[0], wanted):
            del self.chains["V2GCertificate"]
            found = True
        self._roots = left
        self._count()
        return {"status": "Accepted" if found else "NotFound"}

    def _list(self, asked: Payload) -> Payload:
        wanted = asked.get("certificateType")
        chains: list[Payload] = [
            {"certificateType": kind, "certificateHashData": _hash(it, it)}
            for kind, it in self._roots
            if wanted is None or kind in wanted
        ]
        v2g = self.chains.get("V2GCertificate")
        if v2g and (wanted is None or "V2GCertificateChain" in wanted):
            issuers = [*v2g[1:], v2g[-1]]
            hashed = [_hash(it, issuer) for it, issuer in zip(v2g, issuers, strict=True)]
            chain: Payload = {
                "certificateType": "V2GCertificateChain",
                "certificateHashData": hashed[0],
            }
            if len(hashed) > 1:
                chain["childCertificateHashData"] = hashed[1:5]
            chains.append(chain)
        if not chains:
            return {"status": "NotFound"}
        return {"status": "Accepted", "certificateHashDataChain": chains}

    def _over(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_after_utc <= self._core.clock.now()

    def _count(self) -> None:
        entries = self._core.variable("SecurityCtrlr", "CertificateEntries")
        self._core.write(entries, str(len(self._roots)))


def _read(text: str) -> x509.Certificate | None:
    found = _read_all(text)
    return found[0] if found else None


def _read_all(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return []


def _fits(certificate: x509.Certificate, key: Key) -> bool:
    encoding = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return certificate.public_key().public_bytes(*encoding) == key.public_key().public_bytes(
        *encoding
    )


def _hash(certificate: x509.Certificate, issuer: x509.Certificate) -> Payload:
    """Its CertificateHashData, as RFC 6960 names certificates."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": asked.issuer_name_hash.hex(),
        "issuerKeyHash": asked.issuer_key_hash.hex(),
        "serialNumber": f"{asked.serial_number:x}",
    }


def _same(certificate: x509.Certificate, issuer: x509.Certificate, wanted: Payload) -> bool:
    hashed = _hash(certificate, issuer)
    if wanted["hashAlgorithm"] != "SHA256":
        return False
    return all(
        str(wanted[name]).lower() == hashed[name] for name in hashed if name != "hashAlgorithm"
    )
