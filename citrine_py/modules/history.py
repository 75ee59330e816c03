"""A line of a station's history: what one of its messages told, as a StationEvent."""

from __future__ import annotations

from datetime import datetime

import orjson

from citrine_py.model.keys import derived
from citrine_py.model.operations import STATION_EVENT, EventKind
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Payload, Put


def line_key(collection: str, call: Call, content: Payload, number: int | None = None) -> str:
    """The key of what a message tells, where it has the station's time of it.

    A message that is sent again after the line broke meets the row that it made: same id, same
    content, another connection. Two messages under one id, as from stations that count anew
    after a boot, differ in their content. `number` tells apart several in one message.
    """
    text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()
    return derived(collection, call.station, call.message_id, number, text)


def told(
    call: Call, kind: EventKind, what: str, info: str | None, at: datetime | None = None
) -> Put:
    """The line that a message makes, without its secrets. `at`: the station's time, where the
    message has one. Without it a message that is sent again on another connection makes another
    line: nothing tells it from a new one."""
    payload = redact(call.action, call.payload)
    fields = {
        "station": call.station,
        "timestamp": at or call.received,
        "receivedAt": call.received,
        "kind": kind,
        "type": what,
        "info": info,
        "payload": payload,
    }
    if at is None:
        key = derived("StationEvent", call.station, call.session, call.message_id)
    else:
        key = line_key("StationEvent", call, payload)
    return Put(STATION_EVENT, key, fields)


def told_status(call: Call, kind: EventKind) -> Put:
    """The line of a message that tells the status of a job, by its requestId."""
    request = call.payload.get("requestId")
    info = None if request is None else f"request {request}"
    return told(call, kind, call.payload["status"], info)
