"""Every frame as a record, for operators to read a station's conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from citrine_py.model.operations import OCPP_MESSAGE
from citrine_py.ocpp.redaction import redact_frame
from citrine_py.ports import Clock, NewId, Put, Records, SessionInfo

_TYPES = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR"}


@dataclass(frozen=True, slots=True)
class MessageLog:
    """Implements ports.FrameLog. Nobody waits for it; its rows are durable with the change
    that the message makes, since they are posted before it."""

    records: Records
    clock: Clock
    new_id: NewId

    def frame(
        self, session: SessionInfo, direction: Literal["in", "out"], text: str, action: str | None
    ) -> None:
        """See ports.FrameLog."""
        fields = {
            "station": session.station,
            "timestamp": self.clock.now(),
            "direction": direction,
            "action": action,
            "protocol": session.protocol,
            **_parts(redact_frame(text, action)),
        }
        self.records.post(Put(OCPP_MESSAGE, self.new_id(), fields))


def _parts(text: str) -> dict[str, Any]:
    """Type, message id and payload of a frame; an unreadable one is kept as text."""
    try:
        frame = orjson.loads(text)
        kind = _TYPES[frame[0]]
        message_id = frame[1]
        if kind == "CALL":
            payload = frame[3]
        elif kind == "CALLRESULT":
            payload = frame[2]
        else:
            payload = {
                "errorCode": frame[2],
                "errorDescription": frame[3],
                "errorDetails": frame[4],
            }
    except (ValueError, TypeError, LookupError):
        return {"type": "Unreadable", "payload": {"text": text.replace("\x00", "")[:2000]}}
    if not isinstance(message_id, str) or len(message_id) > 36:
        return {"type": "Unreadable", "payload": {"text": text.replace("\x00", "")[:2000]}}
    return {"type": kind, "messageId": message_id, "payload": payload}
