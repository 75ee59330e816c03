"""/data/certificates/...: a port's certificates, a new chain, a root on a station."""

from __future__ import annotations

import asyncio

from aiohttp import web

from citrine_py.api.bodies import check_parameters, json_object, required, respond, station_id
from citrine_py.api.certificate_bodies import (
    CertificateChain,
    RootCertificate,
    TlsCertificates,
    read,
)
from citrine_py.api.config import Ports
from citrine_py.errors import BadRequest
from citrine_py.ports_certificates import CertificateAuthority, NewServer

TLS_PATH = "/data/certificates/tlsCertificates"
CHAIN_PATH = "/data/certificates/certificateChain"
ROOT_PATH = "/data/certificates/rootCertificate"


class CertificateRoutes:
    """The handlers."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.put(TLS_PATH, self._put_tls),
            web.post(CHAIN_PATH, self._post_chain),
            web.put(ROOT_PATH, self._put_root),
        ]

    async def _put_tls(self, request: web.Request) -> web.Response:
        """Without a body the files are read anew."""
        check_parameters(request, {"id", "tenantId"})
        listener = required(request, "id")
        value = await json_object(request)
        listeners = self._ports.listeners
        if not value:
            await asyncio.to_thread(listeners.reload, listener)
            return respond({"success": True})
        body = read(TlsCertificates, value)
        chain = "\n".join(text.strip() for text in body.certificateChain) + "\n"
        await asyncio.to_thread(listeners.put, listener, chain, body.privateKey, body.rootCA)
        return respond({"success": True})

    async def _post_chain(self, request: web.Request) -> web.Response:
        check_parameters(request, {"tenantId"})
        body = read(CertificateChain, await json_object(request))
        made = await self._authority().server(
            NewServer(
                body.commonName,
                body.organizationName,
                body.countryName,
                rsa=body.signatureAlgorithm == "SHA256withRSA",
                key_length=body.keyLength,
                until=body.until,
            )
        )
        return respond({"certificateChain": made.chain, "privateKey": made.private_key})

    async def _put_root(self, request: web.Request) -> web.Response:
        """Answers as the message does that it sends."""
        check_parameters(request, {"tenantId"})
        body = read(RootCertificate, await json_object(request))
        station_id(body.stationId)
        pem = body.certificate or await self._root(body.certificateType)
        payload = {"certificateType": body.certificateType, "certificate": pem}
        reply = await self._ports.requests.send(body.stationId, "InstallCertificate", payload)
        return respond({"success": True, "payload": reply})

    async def _root(self, certificate_type: str) -> str:
        if certificate_type == "CSMSRootCertificate":
            return await self._authority().root("ChargingStationCertificate")
        if certificate_type == "V2GRootCertificate":
            return await self._authority().root("V2GCertificate")
        raise BadRequest(f"certificate: needed for a {certificate_type}")

    def _authority(self) -> CertificateAuthority:
        if self._ports.authority is None:
            raise BadRequest("there is no CA here: set CITRINE_CERTIFICATES_AUTHORITY")
        return self._ports.authority
