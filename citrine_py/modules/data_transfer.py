"""P02: what a vendor's station sends beyond OCPP.

A vendor's messages are answered by the handlers registered for it; a vendor or a
message that nobody registered gets UnknownVendorId or UnknownMessageId
(P02.FR.06, P02.FR.07). Every one is kept as an event.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from citrine_py.modules.diagnostics import told
from citrine_py.ports import Call, Clock, Payload, Records

VendorHandler: TypeAlias = Callable[[Call], Awaitable[Payload]]
Vendors: TypeAlias = Mapping[str, Mapping[str | None, VendorHandler]]
"""Handlers by vendorId and messageId; None stands for messages without one."""


@dataclass(frozen=True, slots=True)
class OnDataTransfer:
    """DataTransfer."""

    records: Records
    clock: Clock
    vendors: Vendors

    async def __call__(self, call: Call) -> Payload:
        vendor, message = call.payload["vendorId"], call.payload.get("messageId")
        await self.records.write(told(call, "DataTransfer", vendor, self.clock.now(), message))
        messages = self.vendors.get(vendor)
        if messages is None:
            return {"status": "UnknownVendorId"}
        handler = messages.get(message)
        return await handler(call) if handler is not None else {"status": "UnknownMessageId"}
