"""From a message to its handler: implements ports.Dispatch.

What is known of a message (the catalogue), whether it may pass (`gate`), whether it fits
(the schemas), then its handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citrine_py.modules.blocks import Handler
from citrine_py.modules.gate import Gate
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import (
    Call,
    Payload,
)


@dataclass(frozen=True, slots=True)
class StationDispatch:
    """`handlers` by (version, action)."""

    gate: Gate
    schemas: Schemas
    handlers: Mapping[tuple[str, str], Handler]

    async def answer(self, call: Call) -> Payload:
        """See ports.Dispatch. The answer itself is checked where it is sent."""
        self.gate.check(call)
        row = catalogue.find(call.version, call.action)
        if row is None:
            what = f"{call.action[:64]} is no message of OCPP {call.version}"
            raise CallError("NotImplemented", what)
        if not row.received:
            raise CallError("NotSupported", f"{call.action} is sent to stations, not by them")
        handler = self.handlers.get((call.version, call.action))
        if handler is None:
            raise CallError("NotImplemented", f"this service does not handle {call.action} yet")
        self.schemas.check_request(call.version, call.action, call.payload)
        return await handler(call)
