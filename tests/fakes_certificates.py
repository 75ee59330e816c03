"""What certificates need from elsewhere, faked: a reader of a plain text form, and who signs.

A certificate here is "CERTIFICATE subject serial days", a request "CSR name organisation".
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from citrine_py.errors import BadRequest, CitrineError
from citrine_py.ports import Payload
from citrine_py.ports_certificates import (
    CertificateDetails,
    CertificateUse,
    KeyAndChain,
    NewServer,
    SigningRequest,
)
from tests.fakes import T0


def certificate(subject: str = "root", serial: str = "1a", days: int = 100) -> str:
    return f"CERTIFICATE {subject} {serial} {days}"


class FakeReader:
    """ports_certificates.CertificateReader."""

    def request(self, csr: str) -> SigningRequest:
        word, _, rest = csr.partition(" ")
        if word != "CSR":
            return SigningRequest(fault="the request cannot be read")
        name, _, organisation = rest.partition(" ")
        return SigningRequest(name or None, organisation or None)

    def details(self, pem: str) -> CertificateDetails:
        word, *parts = pem.split(" ")
        if word != "CERTIFICATE":
            raise BadRequest("this is no certificate in PEM")
        subject, serial, days = parts
        return CertificateDetails(
            f"CN={subject}", "CN=CA", serial, T0, T0 + timedelta(days=int(days))
        )

    def hash_data(self, pem: str, algorithm: str) -> Payload | None:
        subject, serial, _ = pem.split(" ")[1:]
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": f"{subject}-name-{algorithm}",
            "issuerKeyHash": f"{subject}-key-{algorithm}",
            "serialNumber": serial,
        }


class FakeAuthority:
    """ports_certificates.CertificateAuthority: signs for `days`, unless `away` or it `refuses`."""

    def __init__(self) -> None:
        self.signed: list[tuple[str, CertificateUse]] = []
        self.days = 365
        self.away = False
        self.refuses = False

    async def sign(self, csr: str, use: CertificateUse) -> str:
        await asyncio.sleep(0)
        if self.away:
            raise CitrineError("the CA does not answer")
        if self.refuses:
            raise BadRequest("not this one")
        self.signed.append((csr, use))
        return certificate(csr.split(" ")[1], f"{len(self.signed):x}", self.days)

    async def root(self, use: CertificateUse) -> str:
        await asyncio.sleep(0)
        return certificate(f"root-{use}")

    async def server(self, wanted: NewServer) -> KeyAndChain:
        await asyncio.sleep(0)
        return KeyAndChain(f"KEY {wanted.common_name}", certificate(wanted.common_name))
