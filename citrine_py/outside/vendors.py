"""Hands a vendor's own messages (P02) to a server that knows them, by POST.

The question is JSON: stationId, vendorId, and messageId and data where the station sent
them. The answer is OCPP's DataTransferResponse. Without one that fits, the station is
told Rejected, and why.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.ports import Call, Payload

log = structlog.get_logger()


class HttpVendor:
    """Answers all messages of one vendor.

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

    async def __call__(self, call: Call) -> Payload:
        """The DataTransferResponse."""
        told = {
            name: call.payload[name]
            for name in ("vendorId", "messageId", "data")
            if name in call.payload
        }
        question = orjson.dumps({"stationId": call.station, **told})
        try:
            text = await self._client.post(self._url, question, self._headers, self._seconds)
            return self._read(text)
        except OutsideError as error:
            vendor = call.payload["vendorId"]
            log.warning("vendor.unanswered", station=call.station, vendor=vendor, reason=str(error))
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NoAnswer"}}

    def _read(self, text: bytes) -> Payload:
        try:
            answer: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise OutsideError("the answer is not JSON") from None
        try:
            self._schemas.check_response("2.0.1", "DataTransfer", answer)
        except CallError as error:
            raise OutsideError(f"the answer: {error.description}") from None
        found: Payload = answer
        return found
