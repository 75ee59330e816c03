"""Hands an electric car's request for a contract certificate to a provider of the operator's.

The question is JSON: stationId and OCPP's Get15118EVCertificateRequest. The answer is OCPP's
Get15118EVCertificateResponse and is checked: what does not fit the schema is no answer.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.ports import Payload

log = structlog.get_logger()


class HttpContractProvider:
    """ports_certificates.ContractProvider over HTTP.

    Args:
        url: of the settings, so trusted.
        token: sent as bearer token, if there is one.
        seconds: that an answer may take.
    """

    def __init__(
        self, client: Client, schemas: Schemas, url: str, token: str | None, seconds: float
    ) -> None:
        self._client = client
        self._schemas = schemas
        self._url = url
        self._seconds = seconds
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    async def ask(self, question: Payload) -> Payload | None:
        """See ports_certificates.ContractProvider."""
        try:
            text = await self._client.post(
                self._url, orjson.dumps(question), self._headers, self._seconds
            )
            return self._read(text)
        except OutsideError as error:
            log.warning("contract.not_provided", station=question["stationId"], reason=str(error))
            return None

    def _read(self, text: bytes) -> Payload:
        try:
            answer: Any = orjson.loads(text)
            self._schemas.check_response("2.0.1", "Get15118EVCertificate", answer)
        except orjson.JSONDecodeError:
            raise OutsideError("the answer is not JSON") from None
        except CallError as error:
            raise OutsideError(f"the answer: {error.description}") from None
        found: Payload = answer
        return found
