"""Hands an electric car's request for a contract certificate to a provider of the operator's.

The question is JSON: stationId and OCPP's Get15118EVCertificateRequest. The answer is OCPP's
Get15118EVCertificateResponse and is checked: what does not fit the schema is no answer.
"""

from __future__ import annotations

import structlog

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.outside.json_server import JsonServer
from citrine_py.ports import Payload

log = structlog.get_logger()


class HttpContractProvider:
    """ports_certificates.ContractProvider over HTTP. Arguments as `JsonServer`."""

    def __init__(
        self, client: Client, schemas: Schemas, url: str, token: str | None, seconds: float
    ) -> None:
        self._server = JsonServer(client, schemas, url, token, seconds)

    async def ask(self, question: Payload) -> Payload | None:
        """See ports_certificates.ContractProvider."""
        try:
            answer = await self._server.ask(question)
            return self._server.fitting("Get15118EVCertificate", answer)
        except OutsideError as error:
            log.warning("contract.not_provided", station=question["stationId"], reason=str(error))
            return None
