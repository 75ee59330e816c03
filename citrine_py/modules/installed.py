"""M03-M05, A02: certificates as people send them to stations, and what a station says it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.model.certificates import CERTIFICATE, Certificate
from citrine_py.model.keys import certificate_key
from citrine_py.modules.answers import said
from citrine_py.modules.certificates import OWN, described, replaced
from citrine_py.ports import Change, Clock, Delete, Payload, Put, Records, Stations
from citrine_py.ports_certificates import CertificateReader

_HASH = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")


@dataclass(frozen=True, slots=True)
class CertificateRequests:
    """Senders of the messages about certificates."""

    records: Records
    stations: Stations
    clock: Clock
    reader: CertificateReader

    async def install(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """M05. What the station accepts is recorded.

        Raises:
            BadRequest: no certificate in PEM.
        """
        pem = payload["certificate"]
        fields = {**described(self.reader, pem), **(self.reader.hash_data(pem, "SHA256") or {})}
        reply = await self.stations.call(station, "InstallCertificate", payload, seconds=seconds)
        if reply["status"] == "Accepted":
            kind = payload["certificateType"]
            own = self._same(station, kind, fields)
            key = own.id if own is not None else _key(station, kind, fields)
            await self.records.write(self._installed(key, station, kind, fields))
        return reply

    async def installed(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """M03. What the station has takes the place of what we thought that it has."""
        reply = await self.stations.call(
            station, "GetInstalledCertificateIds", payload, seconds=seconds
        )
        asked = payload.get("certificateType")
        chains = reply.get("certificateHashDataChain", ())
        await self.records.write(*self._inventory(station, asked, chains))
        return reply

    async def delete(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """M04. What the station does not have (any more) goes from our records too."""
        reply = await self.stations.call(station, "DeleteCertificate", payload, seconds=seconds)
        row = self._same(station, None, payload["certificateHashData"])
        if row is not None and reply["status"] == "Failed":
            note = {"statusInfo": f"not deleted: {said(reply)}", "timestamp": self.clock.now()}
            await self.records.write(Put(CERTIFICATE, row.id, note))
        elif row is not None:
            await self.records.write(Delete(CERTIFICATE, row.id))
        return reply

    async def signed(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """A02, with a chain that somebody else has signed.

        Raises:
            BadRequest: no certificate in PEM.
        """
        chain, use = payload["certificateChain"], payload.get("certificateType", OWN)
        fields = described(self.reader, chain)
        reply = await self.stations.call(station, "CertificateSigned", payload, seconds=seconds)
        key = certificate_key(station, use, sha256(chain.encode()).hexdigest())
        whole = {
            "station": station,
            "certificateType": use,
            "status": reply["status"],
            "statusInfo": said(reply),
            "timestamp": self.clock.now(),
            **fields,
        }
        await self.records.write(Put(CERTIFICATE, key, whole))
        if reply["status"] == "Accepted":
            await self.records.write(*replaced(self.records, key, self.clock.now()))
        return reply

    def _inventory(
        self, station: str, asked: Sequence[str] | None, chains: Sequence[Payload]
    ) -> Iterator[Change]:
        there: set[str] = set()
        for chain in chains:
            kind, data = chain["certificateType"], chain["certificateHashData"]
            known = self._same(station, kind, data)
            key = known.id if known is not None else _key(station, kind, data)
            there.add(key)
            told = {name: data[name] for name in _HASH}
            children = chain.get("childCertificateHashData")
            yield self._installed(
                key, station, kind, {**told, "childCertificateHashData": children}
            )
        for row in self.records.select(CERTIFICATE, station=station, status="Installed"):
            if row.id not in there and (asked is None or row.certificateType in asked):
                yield Delete(CERTIFICATE, row.id)

    def _installed(self, key: str, station: str, kind: str, fields: dict[str, Any]) -> Put:
        whole = {
            "station": station,
            "certificateType": kind,
            "status": "Installed",
            "statusInfo": None,
            "timestamp": self.clock.now(),
            **fields,
        }
        return Put(CERTIFICATE, key, whole)

    def _same(self, station: str, kind: str | None, data: Payload) -> Certificate | None:
        """The record of the certificate that `data` names, by whichever algorithm."""
        for row in self.records.select(CERTIFICATE, station=station, status="Installed"):
            if kind in {None, row.certificateType} and self._is(row, data):
                return row
        return None

    def _is(self, row: Certificate, data: Payload) -> bool:
        if _natural({name: getattr(row, name) for name in _HASH}) == _natural(data):
            return True
        algorithm = data.get("hashAlgorithm")
        if row.certificate is None or algorithm is None:
            return False
        try:
            own = self.reader.hash_data(row.certificate, algorithm)
        except BadRequest:  # somebody has changed the text in Directus
            return False
        return own is not None and _natural(own) == _natural(data)


def _natural(data: Payload) -> tuple[str, ...]:
    """What tells a certificate from others; hexadecimal is written in many ways."""
    return tuple(str(data.get(name) or "").lower().lstrip("0") for name in _HASH)


def _key(station: str, kind: str, data: Payload) -> str:
    return certificate_key(station, kind, *_natural(data))
