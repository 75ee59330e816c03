"""A line of a station's history: what one of its messages told, as a StationEvent."""

from __future__ import annotations

from datetime import datetime

from citrine_py.model.keys import derived
from citrine_py.model.operations import STATION_EVENT, EventKind
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Put


def told(
    call: Call, kind: EventKind, what: str, info: str | None, at: datetime | None = None
) -> Put:
    """The line that a message makes, without its secrets. `at`: the station's time, where the
    message has one. The key is the message's own, so that handling it again meets the line."""
    fields = {
        "station": call.station,
        "timestamp": at or call.received,
        "kind": kind,
        "type": what,
        "info": info,
        "payload": redact(call.action, call.payload),
    }
    key = derived("StationEvent", call.station, call.session, call.message_id)
    return Put(STATION_EVENT, key, fields)


def told_status(call: Call, kind: EventKind) -> Put:
    """The line of a message that tells the status of a job, by its requestId."""
    request = call.payload.get("requestId")
    info = None if request is None else f"request {request}"
    return told(call, kind, call.payload["status"], info)
