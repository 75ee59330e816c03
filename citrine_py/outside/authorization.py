"""Asks a server of the operator's own about a token, by POST, while the driver waits.

The question is JSON: stationId, idToken, what our records say (idTokenInfo), and
locationId, evseId and transactionId where they are known. The answer is OCPP's
IdTokenInfoType, bare or as the idTokenInfo of an object. It is checked: what does not fit
OCPP's schema is no answer.
"""

from __future__ import annotations

import structlog

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.outside.json_server import JsonServer
from citrine_py.ports import Payload

log = structlog.get_logger()


class HttpAuthorization:
    """ports_tokens.RealTimeAuthorization over HTTP. Arguments as `JsonServer`."""

    def __init__(
        self, client: Client, schemas: Schemas, url: str, token: str | None, seconds: float
    ) -> None:
        self._server = JsonServer(client, schemas, url, token, seconds)

    async def ask(self, question: Payload) -> Payload | None:
        """See ports_tokens.RealTimeAuthorization."""
        try:
            answer = await self._server.ask(question)
            info = answer.get("idTokenInfo", answer) if isinstance(answer, dict) else answer
            found: Payload = self._server.fitting("Authorize", {"idTokenInfo": info})["idTokenInfo"]
        except OutsideError as error:
            log.warning(
                "authorization.unanswered", station=question["stationId"], reason=str(error)
            )
            return None
        return found
