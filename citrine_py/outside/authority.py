"""A CA whose keys are on this machine: the operator's own, or one made for development.

Implements ports_certificates.CertificateAuthority. The signing itself runs in a thread, so that no
station waits for a big key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from citrine_py.errors import BadRequest, CitrineError
from citrine_py.outside.pem import load_request
from citrine_py.ports import Clock
from citrine_py.ports_certificates import CertificateUse, KeyAndChain, NewServer

_CLOCK_SKEW = timedelta(hours=1)
"""A station's clock may be behind ours when it checks its new certificate."""
_USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=True,
    data_encipherment=False, key_agreement=True, key_cert_sign=False, crl_sign=False,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
_CA_USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
    encipher_only=False, decipher_only=False,
)  # fmt: skip
_DEVELOPMENT_YEARS = 10


@dataclass(frozen=True, slots=True)
class Signer:
    """A CA: its certificate, then those above it up to the root, and its key."""

    certificates: Sequence[x509.Certificate]
    key: CertificateIssuerPrivateKeyTypes

    def __repr__(self) -> str:
        return "Signer()"


@dataclass(frozen=True, slots=True)
class LocalAuthority:
    """ports_certificates.CertificateAuthority by the CAs of `signers`, for `days` each."""

    signers: Mapping[CertificateUse, Signer]
    clock: Clock
    days: int = 365

    async def sign(self, csr: str, use: CertificateUse) -> str:
        """See ports_certificates.CertificateAuthority. Only the request's name and key are taken
        over: a station does not choose what its certificate is good for."""
        signer = self._signer(use)
        asked = load_request(csr)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if use == "V2GCertificate":  # the station is the server towards the car
            usages = [ExtendedKeyUsageOID.SERVER_AUTH]
        builder = self._builder(signer, asked.subject, asked.public_key(), usages)
        return await asyncio.to_thread(_signed, builder, signer)

    async def root(self, use: CertificateUse) -> str:
        """See ports_certificates.CertificateAuthority."""
        last = self._signer(use).certificates[-1]
        if last.subject != last.issuer:
            raise BadRequest("the CA's file ends before the root: append the root's certificate")
        return _pem(last)

    async def server(self, wanted: NewServer) -> KeyAndChain:
        """See ports_certificates.CertificateAuthority."""
        return await asyncio.to_thread(self._server, wanted)

    def _server(self, wanted: NewServer) -> KeyAndChain:
        signer = self._signer("ChargingStationCertificate")
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        if wanted.rsa:
            key = rsa.generate_private_key(65537, wanted.key_length)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        parts = {
            NameOID.COUNTRY_NAME: wanted.country,
            NameOID.ORGANIZATION_NAME: wanted.organisation,
            NameOID.COMMON_NAME: wanted.common_name,
        }
        try:
            subject = x509.Name(
                [x509.NameAttribute(oid, text) for oid, text in parts.items() if text is not None]
            )
            names = x509.SubjectAlternativeName([_host(wanted.common_name)])
        except ValueError as error:
            raise BadRequest(f"no name for a certificate: {error}") from None
        usages = [ExtendedKeyUsageOID.SERVER_AUTH]
        builder = self._builder(signer, subject, key.public_key(), usages, wanted.until)
        return KeyAndChain(
            _key_pem(key), _signed(builder.add_extension(names, critical=False), signer)
        )

    def _signer(self, use: CertificateUse) -> Signer:
        signer = self.signers.get(use)
        if signer is None:
            raise BadRequest(f"there is no CA for a {use}")
        return signer

    def _builder(
        self,
        signer: Signer,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        usages: Sequence[x509.ObjectIdentifier],
        until: datetime | None = None,
    ) -> x509.CertificateBuilder:
        """Never valid for longer than the CA itself."""
        issuer, now = signer.certificates[0], self.clock.now()
        wanted = until or now + timedelta(days=self.days)
        last = min(wanted, *(each.not_valid_after_utc for each in signer.certificates))
        if last <= now:
            raise BadRequest("the CA's own certificate is over, or the end asked for is past")
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now - _CLOCK_SKEW, issuer.not_valid_before_utc))
            .not_valid_after(last)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
        )


def load_signer(certificate: Path, key: Path) -> Signer:
    """The operator's own CA.

    Raises:
        CitrineError: the files cannot be used; what they hold is not told.
    """
    try:
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
        loaded = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise CitrineError(
            f"the CA of {certificate} and {key} cannot be used: {type(error).__name__}"
        ) from None
    if loaded.public_key() != chain[0].public_key():
        raise CitrineError(f"the key {key} is not that of the first certificate in {certificate}")
    if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CitrineError(f"the key {key} is neither RSA nor of an elliptic curve")
    return Signer(tuple(chain), loaded)


def development_signer(folder: Path, name: str, now: datetime) -> Signer:
    """The development CA <folder>/<name>.pem, made if it is not there. Its key is for the owner
    of the folder alone.

    Raises:
        CitrineError: the files cannot be made or used.
    """
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    if not certificate.exists():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(certificate, key, f"citrine-py development {name}", now)
        except OSError as error:
            raise CitrineError(f"the development CA cannot be made: {error}") from None
    return load_signer(certificate, key)


def _make(certificate: Path, key: Path, name: str, now: datetime) -> None:
    """The key first: a start that breaks off in between makes both anew."""
    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=365 * _DEVELOPMENT_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CA_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), False)
        .sign(secret, hashes.SHA256())
    )
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_text(_key_pem(secret))
    certificate.write_text(_pem(made))


def _signed(builder: x509.CertificateBuilder, signer: Signer) -> str:
    made = builder.sign(signer.key, hashes.SHA256())
    below = [each for each in signer.certificates if each.subject != each.issuer]
    return "".join(_pem(each) for each in (made, *below))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
