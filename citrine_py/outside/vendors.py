"""Hands a vendor's own messages (P02) to a server that knows them, by POST.

The question is JSON: stationId, vendorId, and messageId and data where the station sent
them. The answer is OCPP's DataTransferResponse. Without one that fits, the station is
told Rejected, and why.
"""

from __future__ import annotations

import structlog

from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client, OutsideError
from citrine_py.outside.json_server import JsonServer
from citrine_py.ports import Call, Payload

log = structlog.get_logger()


class HttpVendor:
    """Answers all messages of one vendor. Arguments as `JsonServer`."""

    def __init__(
        self, client: Client, schemas: Schemas, url: str, token: str | None, seconds: float
    ) -> None:
        self._server = JsonServer(client, schemas, url, token, seconds)

    async def __call__(self, call: Call) -> Payload:
        """The DataTransferResponse."""
        told: Payload = {
            name: call.payload[name]
            for name in ("vendorId", "messageId", "data")
            if name in call.payload
        }
        try:
            answer = await self._server.ask({"stationId": call.station, **told})
            return self._server.fitting("DataTransfer", answer)
        except OutsideError as error:
            vendor = call.payload["vendorId"]
            log.warning("vendor.unanswered", station=call.station, vendor=vendor, reason=str(error))
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NoAnswer"}}
