"""A02, A03: certificates that stations ask for, from the request to the station's yes or no.

SignCertificate is answered at once; signing and CertificateSigned follow as a job whose
state is a Certificate record, so that it goes on after a restart or when the station is
back. The keys and the CA are behind ports_certificates.CertificateAuthority.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog

from citrine_py.errors import (
    BadRequest,
    CitrineError,
    StationBusy,
    StationError,
    StationOffline,
    StationSilent,
)
from citrine_py.model.certificates import CERTIFICATE, Certificate
from citrine_py.model.keys import certificate_key, variable_attribute_key
from citrine_py.model.variables import VARIABLE_ATTRIBUTE
from citrine_py.modules.answers import said
from citrine_py.ports import Call, Change, Clock, Delete, Jobs, Payload, Put, Records, Stations
from citrine_py.ports_certificates import CertificateAuthority, CertificateReader

log = structlog.get_logger()

OWN = "ChargingStationCertificate"
_OPEN = frozenset({"Requested", "Signed"})
_KEPT = 5
"""Records of a station's own certificates of one type, the newest."""


@dataclass(frozen=True, slots=True)
class SigningRules:
    """What the settings say. `organisation`: that requests must name; None for any."""

    organisation: str | None = None
    renew_days: int = 30


@dataclass(frozen=True, slots=True)
class Signing:
    """The job from the accepted request to the station's answer. `authority` is None where the
    settings name nobody who signs."""

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
    reader: CertificateReader
    authority: CertificateAuthority | None

    def start(self, row: Certificate) -> None:
        """Signs and sends; the job of an older request of the same type ends."""
        self.jobs.start(_job(row), lambda: self._run(row.id))

    def running(self, row: Certificate) -> bool:
        """Whether a job of the row's station and type runs."""
        return self.jobs.running(_job(row))

    def arrived(self, station: str) -> None:
        """The station is there: what is still open goes on."""
        for row in self.records.select(CERTIFICATE, station=station):
            if row.status in _OPEN and not self.running(row):
                self.start(row)

    async def _run(self, key: str) -> None:
        row = self.records.get(CERTIFICATE, key)
        if row is None or row.station is None or row.status not in _OPEN:
            return
        chain = row.certificate if row.status == "Signed" else await self._signed(row)
        if chain is not None:
            await self._send(row, chain)

    async def _signed(self, row: Certificate) -> str | None:
        """The chain, once its record has it; None if there is none."""
        if self.authority is None or row.csr is None:
            await self._note(row, "Failed", "nobody signs certificates here", csr=None)
            return None
        try:
            if row.certificateType == "V2GCertificate":
                await self._check_secc(row)
                chain = await self.authority.sign(row.csr, "V2GCertificate")
            else:
                chain = await self.authority.sign(row.csr, "ChargingStationCertificate")
        except BadRequest as error:
            await self._note(row, "Failed", str(error), csr=None)
            return None
        except CitrineError as error:
            log.warning("certificate.unsigned", station=row.station, reason=str(error))
            return None
        await self._note(row, "Signed", None, csr=None, **described(self.reader, chain))
        return chain

    async def _check_secc(self, row: Certificate) -> None:
        """A V2G certificate is for the SECC that the station has told of, if it has.

        Raises:
            BadRequest: it is for another.
        """
        key = variable_attribute_key(str(row.station), "ISO15118Ctrlr", "SeccId")
        rows = await self.records.find(VARIABLE_ATTRIBUTE, {"id": key}, limit=1)
        known = rows[0].value if rows else None
        asked = self.reader.request(row.csr or "").common_name
        if known and asked not in {known, row.station}:
            raise BadRequest("the request's common name is not the station's SeccId")

    async def _send(self, row: Certificate, chain: str) -> None:
        payload = {"certificateChain": chain, "certificateType": row.certificateType}
        try:
            reply = await self.stations.call(str(row.station), "CertificateSigned", payload)
        except (StationOffline, StationBusy, StationSilent) as error:
            log.info("certificate.unsent", station=row.station, reason=str(error))
            return
        except (BadRequest, StationError) as error:
            await self._note(row, "Rejected", str(error))
            return
        await self._note(row, reply["status"], said(reply))
        if reply["status"] == "Accepted":
            await self.records.write(*replaced(self.records, row.id, self.clock.now()))

    async def _note(self, row: Certificate, status: str, info: str | None, **more: Any) -> None:
        fields = {"status": status, "statusInfo": info, "timestamp": self.clock.now(), **more}
        await self.records.write(Put(CERTIFICATE, row.id, fields))
        log.info(
            "certificate.signing",
            station=row.station,
            type=row.certificateType,
            status=status,
            reason=info,
        )


@dataclass(frozen=True, slots=True)
class OnSignCertificate:
    """Answers SignCertificate (A02, A03).

    A station that came without any proof of who it is gets none: with the certificate,
    anybody could come as that station on security profile 3.
    """

    records: Records
    stations: Stations
    reader: CertificateReader
    signing: Signing
    rules: SigningRules

    async def __call__(self, call: Call) -> Payload:
        use = call.payload.get("certificateType", OWN)
        csr = call.payload["csr"]
        why = self._refusal(call.station, csr, use)
        if why is not None:
            code, reason = why
            log.warning("certificate.refused", station=call.station, type=use, reason=reason)
            return {
                "status": "Rejected",
                "statusInfo": {"reasonCode": code, "additionalInfo": reason},
            }
        key = certificate_key(call.station, use, sha256(csr.encode()).hexdigest())
        known = self.records.get(CERTIFICATE, key)
        if known is not None and known.status in _OPEN and self.signing.running(known):
            return {"status": "Accepted"}
        fields = {
            "station": call.station,
            "certificateType": use,
            "status": "Requested",
            "statusInfo": None,
            "certificate": None,
            "csr": csr,
            "renewalAskedAt": None,
            "timestamp": call.received,
        }
        older = _older(self.records, key, call.station, use, call.received)
        await self.records.write(Put(CERTIFICATE, key, fields), *older)
        row = self.records.get(CERTIFICATE, key)
        if row is not None:
            self.signing.start(row)
        return {"status": "Accepted"}

    def _refusal(self, station: str, csr: str, use: str) -> tuple[str, str] | None:
        """Code and reason, if it is not to be signed."""
        if self.signing.authority is None:
            return "NoAuthority", "nobody signs certificates here"
        session = self.stations.session(station)
        if session is None or session.security_profile == 0:
            return "NotSecure", "the station came without a password or a certificate"
        asked = self.reader.request(csr)
        if asked.fault is not None:
            return "InvalidCSR", asked.fault
        if not asked.common_name or (use == OWN and asked.common_name != station):
            return "InvalidCSR", "the request's common name is not the station's id"
        wanted = self.rules.organisation
        if use == OWN and wanted is not None and asked.organisation != wanted:
            return "InvalidCSR", "the request's organisation is not ours"
        return None


def described(reader: CertificateReader, pem: str) -> dict[str, Any]:
    """The fields of a record that the certificate itself tells.

    Raises:
        BadRequest: no certificate in PEM.
    """
    details = reader.details(pem)
    return {
        "certificate": pem,
        "subject": details.subject[:255],
        "issuer": details.issuer[:255],
        "serialNumber": details.serial_number,
        "notBefore": details.not_before,
        "notAfter": details.not_after,
    }


def replaced(records: Records, key: str, now: datetime) -> Iterator[Change]:
    """The changes that a station's new certificate makes to those before it."""
    new = records.get(CERTIFICATE, key)
    if new is None:
        return
    for row in records.select(
        CERTIFICATE, station=new.station, certificateType=new.certificateType
    ):
        if row.id != key and row.status in {"Accepted", *_OPEN}:
            yield Put(CERTIFICATE, row.id, {"status": "Replaced", "timestamp": now})


def _older(records: Records, key: str, station: str, use: str, now: datetime) -> Iterator[Change]:
    """A newer request stands in for those that are open; the oldest records go."""
    rows = [
        row
        for row in records.select(CERTIFICATE, station=station, certificateType=use)
        if row.id != key
    ]
    rows.sort(key=lambda row: row.timestamp or now, reverse=True)
    ended = [row for row in rows if row.status != "Accepted"]
    for number, row in enumerate(ended, 2):
        if number > _KEPT:
            yield Delete(CERTIFICATE, row.id)
        elif row.status in _OPEN:
            yield Put(CERTIFICATE, row.id, {"status": "Replaced", "csr": None, "timestamp": now})


def _job(row: Certificate) -> str:
    return f"certificate {row.certificateType} {row.station}"
