"""O01-O06: messages on stations' displays, as stations have taken or reported them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from citrine_py.model.display_messages import DISPLAY_MESSAGE
from citrine_py.model.jobs import Job
from citrine_py.model.keys import display_message_key
from citrine_py.model.times import parse
from citrine_py.modules.job_reports import part
from citrine_py.modules.requests import Sender
from citrine_py.modules.station_jobs import find
from citrine_py.ports import Call, Change, Clock, Delete, Payload, Put, Records, Stations


def put_message(station: str, message: Payload, **fields: Any) -> Put:
    """The record of an OCPP MessageInfoType."""
    text = message["message"]
    told = {
        "station": station,
        "messageId": message["id"],
        "priority": message["priority"],
        "state": message.get("state"),
        "startDateTime": _time(message.get("startDateTime")),
        "endDateTime": _time(message.get("endDateTime")),
        "transactionId": message.get("transactionId"),
        "content": text["content"],
        "format": text["format"],
        "language": text.get("language"),
        "display": message.get("display"),
    }
    return Put(DISPLAY_MESSAGE, display_message_key(station, message["id"]), {**told, **fields})


@dataclass(frozen=True, slots=True)
class DisplayRequests:
    """Senders of SetDisplayMessage, ClearDisplayMessage and GetDisplayMessages.

    Attributes:
        ask: sends GetDisplayMessages as the job that it is.
    """

    records: Records
    stations: Stations
    clock: Clock
    ask: Sender

    async def set(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """O01, O02, O06: kept once the station has taken it, in place of one of its id."""
        reply = await self.stations.call(station, "SetDisplayMessage", payload, seconds=seconds)
        if reply["status"] == "Accepted":
            now = self.clock.now()
            await self.records.write(put_message(station, payload["message"], timestamp=now))
        return reply

    async def clear(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """O05: one that the station does not have (Unknown) is gone here too."""
        reply = await self.stations.call(station, "ClearDisplayMessage", payload, seconds=seconds)
        await self.records.write(
            Delete(DISPLAY_MESSAGE, display_message_key(station, payload["id"]))
        )
        return reply

    async def get(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """O03, O04. A station that has none, of all, has none here either."""
        reply = await self.ask(station, payload, seconds)
        job = find(self.records, station, "GetDisplayMessages", payload["requestId"])
        if reply["status"] == "Unknown" and job is not None and of_all(job):
            await self.records.write(*gone(self.records, job))
        return reply


def of_all(job: Job) -> bool:
    """Whether a GetDisplayMessages asked for all messages of the station."""
    asked = job.parameters if isinstance(job.parameters, dict) else None
    return asked is not None and not asked.keys() - {"requestId", "customData"}


def gone(records: Records, job: Job, told: frozenset[int] = frozenset()) -> list[Change]:
    """Removes the station's messages that it has not told of since it was asked for all."""
    return [
        Delete(DISPLAY_MESSAGE, each.id)
        for each in records.select(DISPLAY_MESSAGE, station=job.station)
        if each.messageId not in told
        and (each.timestamp is None or job.sentAt is None or each.timestamp < job.sentAt)
    ]


@dataclass(frozen=True, slots=True)
class OnNotifyDisplayMessages:
    """O03, O04: keeps the messages that a station reports. With the last part of a report of
    all of them, those that it did not name are gone."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        messages = call.payload.get("messageInfo", [])
        changes: list[Change] = [
            put_message(call.station, each, timestamp=call.received) for each in messages
        ]
        found = part(self.records, call, "GetDisplayMessages")
        if found is not None:
            changes.append(found.put)
            if found.whole and of_all(found.job):
                told = frozenset(each["id"] for each in messages)
                changes += gone(self.records, found.job, told)
        await self.records.write(*changes)
        return {}


def _time(text: str | None) -> Any:
    return None if text is None else parse(text)
