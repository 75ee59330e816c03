"""Every frame as an OcppMessage, for people to read a station's conversation.

Implements ports.FrameLog. Never in anybody's way: a frame is written with the next
batch and dropped when there is no room. Secrets are struck out before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from citrine_py.model.operations import OCPP_MESSAGE
from citrine_py.ocpp.redaction import redact_frame
from citrine_py.ports import Clock, NewId, Put, Records, SessionInfo

_ID, _ACTION = 64, 64  # characters kept of what a station may have made up
_UNREADABLE = 1000

_TYPES = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR"}


def fields_of(text: str) -> dict[str, Any]:
    """type, action, messageId and payload of a frame; Unreadable with its beginning if it is
    no OCPP-J message."""
    try:
        return _read(orjson.loads(text))
    except (ValueError, TypeError, LookupError):
        return {"type": "Unreadable", "payload": text[:_UNREADABLE]}


def _read(frame: Any) -> dict[str, Any]:
    kind = _TYPES[frame[0]]
    fields: dict[str, Any] = {"type": kind, "messageId": str(frame[1])[:_ID]}
    if kind == "CALL":
        return {**fields, "action": str(frame[2])[:_ACTION], "payload": frame[3]}
    if kind == "CALLRESULT":
        return {**fields, "payload": frame[2]}
    told = {"errorCode": frame[2], "errorDescription": frame[3], "errorDetails": frame[4]}
    return {**fields, "payload": told}


@dataclass(frozen=True, slots=True)
class MessageLog:
    """Keeps frames."""

    records: Records
    clock: Clock
    new_id: NewId

    def frame(
        self, session: SessionInfo, direction: Literal["in", "out"], text: str, action: str | None
    ) -> None:
        """See ports.FrameLog."""
        fields: dict[str, Any] = {
            "station": session.station,
            "timestamp": self.clock.now(),
            "direction": direction,
            "protocol": session.protocol,
            "action": None if action is None else action[:_ACTION],
            **fields_of(redact_frame(text, action)),
        }
        self.records.post(Put(OCPP_MESSAGE, self.new_id(), fields))
