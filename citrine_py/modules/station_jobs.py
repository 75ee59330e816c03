"""F01, F02, L01-L04, N01, N09, N10: messages whose work goes on after the station's answer.

Each is a Job from the moment it is sent, so that an operator sees it whatever the
station answers. What the station tells of it by its number moves it on; it may tell
of requests that nobody here made, or made before we kept jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import StationError, StationRefused, StationSilent, StoreUnavailable
from citrine_py.model.jobs import JOB, OPEN, Job, JobStatus
from citrine_py.model.keys import job_key
from citrine_py.modules.job_progress import (
    REMOTE_START,
    TRACKED,
    answered,
    entered,
    said,
    told,
)
from citrine_py.modules.log_uploads import UploadTargets
from citrine_py.modules.requests import Sender
from citrine_py.ocpp.catalogue import NUMBERS
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Call, Change, Clock, NewId, Payload, Put, Records, Stations

log = structlog.get_logger()


def find(records: Records, station: str, action: str, request_id: int) -> Job | None:
    """The latest job of this number."""
    found = records.select(JOB, station=station, action=action, requestId=request_id)
    return max(found, key=lambda job: job.sentAt.timestamp() if job.sentAt else 0, default=None)


def moved(
    records: Records, call: Call, action: str, meanings: Mapping[str, JobStatus]
) -> list[Change]:
    """What a status message changes of the job that it names; nothing if it names none."""
    request_id, word = call.payload.get("requestId"), call.payload["status"]
    job = None if request_id is None else find(records, call.station, action, request_id)
    if job is None or word == "Idle":
        return []
    means = meanings.get(word, "Running")
    if means in {"Failed", "Cancelled"}:
        log.info("job.ended", station=call.station, action=action, status=means, reason=word)
    return [Put(JOB, job.id, told(job, word, means, call.received))]


@dataclass(frozen=True, slots=True)
class JobRequests:
    """Senders of the messages that become jobs.

    Attributes:
        targets: gives a GetLog without an address one of ours.
    """

    records: Records
    stations: Stations
    clock: Clock
    new_id: NewId
    targets: UploadTargets

    def sender(self, action: str) -> Sender:
        """The sender of one action."""

        async def send(station: str, payload: Payload, seconds: float | None) -> Payload:
            return await self._ask(station, action, payload, seconds)

        return send

    async def _ask(
        self, station: str, action: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """Writes the job before the message leaves, and the answer after it."""
        if self.stations.session(station) is None:  # nothing is kept of what cannot be asked
            return await self.stations.call(station, action, payload, seconds=seconds)
        number = payload.get(NUMBERS.get(action, ""))
        wanted = self._wanted(station, action, number)
        new = self.new_id() if number is None else number
        key = wanted.id if wanted is not None else job_key(station, action, new)
        filled, target = self.targets.filled_in(action, payload, key)
        begun = self._begun(number)
        if wanted is None:
            mine = {"station": station, "action": action, "askedAt": begun["sentAt"]}
            begun |= {**mine, "parameters": redact(action, payload)}
        payload = filled
        await self.records.write(Put(JOB, key, {**begun, **target}))
        try:
            reply = await self.stations.call(station, action, payload, seconds=seconds)
        except StationSilent as error:  # it may have taken it: what it tells will show
            await self._note(key, {"info": str(error)})
            raise
        except StationError as error:
            status: JobStatus = "Refused" if isinstance(error, StationRefused) else "Failed"
            await self._note(key, entered(status, self.clock.now(), str(error)))
            raise
        await self._answered(station, action, key, payload, reply)
        return reply

    def _wanted(self, station: str, action: str, number: int | None) -> Job | None:
        """The job that people made for this message: `job_wishes`."""
        found = None if number is None else find(self.records, station, action, number)
        return found if found is not None and found.status in {"Wanted", None} else None

    def _begun(self, number: int | None) -> dict[str, Any]:
        """The fields of a job that is sent now; those of an earlier one of its number go."""
        now = self.clock.now()
        nothing = dict.fromkeys(
            ("progress", "info", "endedAt", "history", "result", "parts", "uploadDigest",
             "fileName", "fileSize", "fileAt", "fileUrl")
        )  # fmt: skip
        return {**nothing, "requestId": number, "status": "Sent", "sentAt": now, "timestamp": now}

    async def _answered(
        self, station: str, action: str, key: str, payload: Payload, reply: Payload
    ) -> None:
        """The station may have told more of it by now: that is not set back."""
        now, status = self.clock.now(), answered(action, payload, reply)
        job = self.records.get(JOB, key)
        fields: dict[str, Any] = {"info": said(reply)}
        if job is None or job.status == "Sent":
            fields |= entered(status, now)
        if reply.get("filename"):
            fields["fileName"] = reply["filename"]
        changes: list[Change] = [Put(JOB, key, fields)]
        if reply.get("status") == "AcceptedCanceled":
            changes += self._replaced(station, action, key, payload)
        log.info("job.answered", station=station, action=action, status=status)
        await self._write(key, *changes)

    def _replaced(self, station: str, action: str, key: str, payload: Payload) -> list[Change]:
        """L01.FR.24, N01: the jobs that this one has taken the place of."""
        over = entered("Cancelled", self.clock.now(), "another was asked for meanwhile")
        return [
            Put(JOB, job.id, over)
            for job in self.records.select(JOB, station=station, action=action)
            if job.id != key and job.status in OPEN and job.requestId != payload.get("requestId")
        ]

    async def _note(self, key: str, fields: dict[str, Any]) -> None:
        await self._write(key, Put(JOB, key, fields))

    async def _write(self, key: str, *changes: Change) -> None:
        """The station has answered, so the caller gets the answer even if it cannot be kept."""
        try:
            await self.records.write(*changes)
        except StoreUnavailable as error:
            log.warning("job.unrecorded", key=key, reason=str(error))


def senders(requests: JobRequests) -> dict[str, Sender]:
    """All of them, by action."""
    plain = sorted(TRACKED - {REMOTE_START})  # a remote start has rules of its own
    return {action: requests.sender(action) for action in (*plain, "UnpublishFirmware")}
