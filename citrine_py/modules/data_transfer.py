"""P02: messages of a vendor's own, sent by stations.

Whoever knows a vendor's messages passes their handlers in; a vendor or message that
nobody knows is answered so. Every one is kept in the station's history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from citrine_py.modules.history import told
from citrine_py.ports import Call, Payload, Records

VendorHandler: TypeAlias = Callable[[Call], Awaitable[Payload]]
"""Returns the DataTransfer response."""

Vendors: TypeAlias = Mapping[str, Mapping[str | None, VendorHandler] | VendorHandler]
"""By vendorId: one handler for all messages, or handlers by messageId, where None is for
messages without one."""


@dataclass(frozen=True, slots=True)
class OnDataTransfer:
    """Hands a vendor's message to who knows it (P02.FR.06, P02.FR.07)."""

    records: Records
    vendors: Vendors = field(default_factory=dict)

    async def __call__(self, call: Call) -> Payload:
        vendor, message = call.payload["vendorId"], call.payload.get("messageId")
        await self.records.write(told(call, "DataTransfer", vendor, message))
        known = self.vendors.get(vendor)
        if known is None:
            return {"status": "UnknownVendorId"}
        handler = known.get(message) if isinstance(known, Mapping) else known
        if handler is None:
            return {"status": "UnknownMessageId"}
        return await handler(call)
