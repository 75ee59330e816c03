"""A server of the operator's own that answers JSON questions with parts of OCPP responses."""

from __future__ import annotations

from typing import Any

import orjson

from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.ports import Payload


class JsonServer:
    """Asks by POST, and holds answers to OCPP's schemas.

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

    async def ask(self, question: Payload) -> Any:
        """The answer, whatever it is.

        Raises:
            OutsideError: there is none, or it is not JSON.
        """
        text = await self._client.post(
            self._url, orjson.dumps(question), self._headers, self._seconds
        )
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise OutsideError("the answer is not JSON") from None

    def fitting(self, action: str, answer: Any) -> Payload:
        """`answer`, which is the response to OCPP's `action`.

        Raises:
            OutsideError: it does not fit the schema.
        """
        try:
            self._schemas.check_response("2.0.1", action, answer)
        except CallError as error:
            raise OutsideError(f"the answer: {error.description}") from None
        found: Payload = answer
        return found
