"""Certificates for tests over real TLS sockets, made anew in each run: none is committed."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
HOST = "127.0.0.1"


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def name(common_name: str | None, organisation: str | None = None) -> x509.Name:
    parts = []
    if organisation is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    if common_name is not None:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(parts)


def csr(common_name: str | None, organisation: str | None = None, key: Any = None) -> str:
    """A PKCS #10 request in PEM, signed by its key."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(common_name, organisation))
    return builder.sign(key or ec_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


class Holder:
    """A key and its certificate, by `issuer` or by itself."""

    def __init__(
        self,
        common_name: str,
        issuer: Holder | None = None,
        *,
        key: Any = None,
        ca: bool = False,
        days: float = 2,
        host: str | None = None,
    ) -> None:
        self.key = key or ec_key()
        signer = issuer or self
        now = datetime.now(UTC)
        subject = name(common_name, "Conformance")
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if host is not None:
            address = x509.IPAddress(ipaddress.ip_address(host))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @classmethod
    def read(cls, folder: Path, stem: str) -> Self:
        """As `write` wrote it."""
        holder = cls.__new__(cls)
        holder.key = load_pem_private_key((folder / f"{stem}.key").read_bytes(), None)
        holder.certificate = x509.load_pem_x509_certificate((folder / f"{stem}.pem").read_bytes())
        return holder

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return key_text(self.key)

    def write(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """<stem>.pem and <stem>.key."""
        certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        certificate.write_text(self.pem)
        key.write_text(self.key_pem)
        return certificate, key


def root(common_name: str = "Test root") -> Holder:
    return Holder(common_name, ca=True, days=30)


def key_text(key: Any) -> str:
    """A private key in PEM."""
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


def client_context(
    trusted: Holder | str,
    folder: Path,
    own: tuple[str, str] | None = None,
    *,
    ciphers: str | None = None,
    newest: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    """A station's side: who it trusts, and its own chain and key in PEM."""
    pem = trusted if isinstance(trusted, str) else trusted.pem
    context = ssl.create_default_context(cadata=pem)
    if own is not None:
        chain, key = folder / f"own-{id(context)}.pem", folder / f"own-{id(context)}.key"
        chain.write_text(own[0])
        key.write_text(own[1])
        context.load_cert_chain(chain, key)
    if newest is not None:
        context.maximum_version = newest
    if ciphers is not None:
        context.set_ciphers(ciphers)
    return context
