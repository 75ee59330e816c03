"""Jobs that people make: sent once the station is there and accepted.

A wish stays wanted while it could not be sent. One that is wrong, or that the station
refuses, says so on its record and is not sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import (
    BadRequest,
    StationBusy,
    StationError,
    StationOffline,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.model.jobs import JOB, Job
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.modules.job_progress import REMOTE_START, TRACKED, answered, entered, said
from citrine_py.ocpp.catalogue import NUMBERS
from citrine_py.ports import Clock, Jobs, Payload, Put, Records, Requests, Stations

log = structlog.get_logger()

ACTIONS = (TRACKED - {REMOTE_START}) | {
    "ClearCache",
    "ClearDisplayMessage",
    "ClearVariableMonitoring",
    "DataTransfer",
    "GetBaseReport",
    "Reset",
    "SetDisplayMessage",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetVariableMonitoring",
}
"""What people may wish: nothing that carries a secret, which would stand on the record, and no
start of charging, for whoever wanted it may be gone when the station is back."""
_UNSENT = (None, "Wanted")


@dataclass(frozen=True, slots=True)
class JobWishes:
    """Sends what people want. `fresh_id` makes a requestId."""

    records: Records
    stations: Stations
    jobs: Jobs
    clock: Clock
    requests: Requests
    fresh_id: Callable[[], int]

    def changed(self, _key: str, _before: Job | None, after: Job | None) -> None:
        """An operator has made or edited a job."""
        if after is not None and after.station is not None and after.status in _UNSENT:
            self._start(after, note=after.askedAt is None)

    def arrived(self, station: str) -> None:
        """The station is here and accepted."""
        wanted = [job for job in self.records.select(JOB, station=station) if _unsent(job)]
        for job in sorted(wanted, key=lambda job: (job.askedAt is None, job.askedAt, job.id)):
            self._start(job, note=False)

    def _start(self, job: Job, *, note: bool) -> None:
        """One at a time for each job: what is being sent is not sent again."""
        name = f"wanted {job.id}"
        if not self.jobs.running(name):
            self.jobs.start(name, lambda: self._fulfil(job.id, note))

    async def _fulfil(self, key: str, note: bool) -> None:
        if note:
            now = self.clock.now()
            await self._note(key, {"status": "Wanted", "askedAt": now, "timestamp": now})
        job = self.records.get(JOB, key)
        if job is None or job.station is None or not _unsent(job) or not self._here(job.station):
            return
        try:
            payload = self._payload(job)
            if payload.get("requestId") is not None:
                await self._note(key, {"requestId": payload["requestId"]})
            await self._send(job, payload)
        except BadRequest as error:
            await self._note(key, entered("Refused", self.clock.now(), str(error)))

    def _here(self, station: str) -> bool:
        record = self.records.get(CHARGING_STATION, station)
        accepted = record is not None and record.registrationStatus == "Accepted"
        return accepted and self.stations.session(station) is not None

    def _payload(self, job: Job) -> Payload:
        """What is to be sent, with a number of ours where it needs one.

        Raises:
            BadRequest: no job may be this, or its parameters cannot be read.
        """
        if job.action not in ACTIONS:
            raise BadRequest(f"action: a job is one of {', '.join(sorted(ACTIONS))}")
        given: Any = job.parameters if job.parameters not in (None, "") else {}
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                raise BadRequest("parameters: this is not JSON") from None
        if not isinstance(given, dict):
            raise BadRequest("parameters: must be an object, as OCPP has the message")
        number = NUMBERS.get(job.action)
        return given if number is None or number in given else {**given, number: self.fresh_id()}

    async def _send(self, job: Job, payload: Payload) -> None:
        assert job.station is not None  # noqa: S101 - looked at before
        assert job.action is not None  # noqa: S101 - as above
        try:
            reply = await self.requests.send(job.station, job.action, payload)
        except (StationOffline, StationBusy) as error:  # it stays wanted
            again = {"status": "Wanted", "endedAt": None, "info": str(error)}
            await self._note(job.id, again)
        except StationSilent as error:
            fields = {"status": "Sent", "info": str(error), "timestamp": self.clock.now()}
            await self._note(job.id, fields)
        except StationError as error:
            await self._note(job.id, entered("Refused", self.clock.now(), str(error)))
        else:
            if job.action not in TRACKED:  # of those `station_jobs` writes the answer
                now = self.clock.now()
                status = answered(job.action, payload, reply)
                await self._note(job.id, {"sentAt": now, **entered(status, now, said(reply))})

    async def _note(self, key: str, fields: dict[str, Any]) -> None:
        try:
            await self.records.write(Put(JOB, key, fields))
        except StoreUnavailable as error:
            log.warning("job.unrecorded", key=key, reason=str(error))


def _unsent(job: Job) -> bool:
    return job.status in _UNSENT
