"""CALLERROR as an exception: what a handler raises to refuse a station's call.

Codes are those of OCPP 2.0.1 Part 4, table 8; 1.6 spells two of them its own
way, which the session core does when it writes the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

ErrorCode = Literal[
    "FormatViolation",
    "GenericError",
    "InternalError",
    "MessageTypeNotSupported",
    "NotImplemented",
    "NotSupported",
    "OccurrenceConstraintViolation",
    "PropertyConstraintViolation",
    "ProtocolError",
    "RpcFrameworkError",
    "SecurityError",
    "TypeConstraintViolation",
]

DESCRIPTION_LIMIT = 255
"""Characters that an errorDescription may have (Part 4, table 7)."""


class CallError(Exception):
    """A call is refused: `code` and `description` go to the other side as a CALLERROR."""

    def __init__(
        self, code: ErrorCode, description: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        self.code: ErrorCode = code
        self.description = description[:DESCRIPTION_LIMIT]
        self.details = dict(details or {})
        super().__init__(f"{code}: {self.description}" if description else code)
