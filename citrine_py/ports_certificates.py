"""What the floors ask of each other about certificates of stations and of charger ports.

A part of `ports` in a file of its own: no code here, and no import but of data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from citrine_py.ports import Payload


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What a certificate signing request says of itself. `fault` is why it cannot be signed:
    no PEM, a wrong signature, a key that is too short."""

    common_name: str | None = None
    organisation: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """What a certificate says. `serial_number` is hexadecimal, as OCPP has it."""

    subject: str
    issuer: str
    serial_number: str
    not_before: datetime
    not_after: datetime


class CertificateReader(Protocol):
    """Reads certificates, whoever made them."""

    def request(self, csr: str) -> SigningRequest:
        """Reads a PKCS #10 request in PEM and checks its signature and key."""

    def details(self, pem: str) -> CertificateDetails:
        """Of the first certificate in PEM.

        Raises:
            BadRequest: there is none.
        """

    def hash_data(self, pem: str, algorithm: str) -> Payload | None:
        """OCPP's CertificateHashDataType by SHA256, SHA384 or SHA512; None for a certificate
        that has not signed itself, whose issuer is not in `pem`."""


CertificateUse: TypeAlias = Literal["ChargingStationCertificate", "V2GCertificate"]


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server's certificate that somebody wants. `key_length` in bits, of RSA."""

    common_name: str
    organisation: str | None = None
    country: str | None = None
    rsa: bool = False
    key_length: int = 3072
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyAndChain:
    """A private key and its certificate with those of the CAs below the root, in PEM."""

    private_key: str
    chain: str

    def __repr__(self) -> str:
        return "KeyAndChain()"


class CertificateAuthority(Protocol):
    """Signs certificates of stations (A02, A03). One on this machine or somebody's elsewhere."""

    async def sign(self, csr: str, use: CertificateUse) -> str:
        """The certificate with those of the CAs below the root, in PEM.

        Raises:
            BadRequest: it cannot sign this.
            CitrineError: it cannot be asked now.
        """

    async def root(self, use: CertificateUse) -> str:
        """The root's certificate, in PEM.

        Raises:
            BadRequest: there is none for this use.
        """

    async def server(self, wanted: NewServer) -> KeyAndChain:
        """A new key with a server's certificate.

        Raises:
            BadRequest: it cannot make this.
        """


class ContractProvider(Protocol):
    """Somebody outside who issues contract certificates to electric cars (M01, M02)."""

    async def ask(self, question: Payload) -> Payload | None:
        """Get15118EVCertificateResponse; None if no answer came in time that could be used."""


class ListenerCertificates(Protocol):
    """The certificates of the charger ports."""

    def put(self, listener: str, chain: str, private_key: str, client_ca: str | None) -> None:
        """Writes them over the listener's files and uses them from the next handshake on.

        Raises:
            NotFound: no such listener.
            BadRequest: it speaks no TLS, they do not fit, or its files cannot be written.
        """

    def reload(self, listener: str) -> None:
        """Reads the listener's files anew. Raises as `put`."""
