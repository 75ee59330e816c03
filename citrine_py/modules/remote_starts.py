"""F01, F02, C05: what came of the starts that stations were asked for.

Each is a Job with its remoteStartId: `station_jobs`. It is done when a transaction comes of
it. A Central token that we made up ourselves to start one needs no record: it is good at
the station that was sent it, for a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from citrine_py.model.jobs import JOB, OPEN, Job
from citrine_py.model.keys import folded_token
from citrine_py.modules.job_progress import REMOTE_START, entered
from citrine_py.ports import Call, Change, Payload, Put, Records

LIFETIME = timedelta(days=1)
"""In which a transaction may come of it."""


def begun(records: Records, call: Call) -> list[Change]:
    """What a TransactionEvent changes of the start that it says it comes of; nothing if it
    names none, or one that is over."""
    info = call.payload["transactionInfo"]
    number = info.get("remoteStartId")
    if number is None:
        return []
    return [
        Put(JOB, job.id, entered("Done", call.received, f"transaction {info['transactionId']}"))
        for job in records.select(JOB, station=call.station, requestId=number)
        if job.action == REMOTE_START and job.status in OPEN
    ]


def asked_for(records: Records, station: str, number: int) -> tuple[str, str] | None:
    """The idToken and type that the station was sent with this remoteStartId, unless it refused."""
    for job in records.select(JOB, station=station, requestId=number):
        if job.action == REMOTE_START and job.status not in {"Refused", "Failed"}:
            token = _id_token(job)
            if token.get("idToken"):
                return token["idToken"], token["type"]
    return None


def sent_token(records: Records, station: str, id_token: Payload, now: datetime) -> bool:
    """Whether the station was sent this Central token lately."""
    if id_token["type"] != "Central":
        return False
    folded = folded_token(id_token["idToken"])
    return any(
        job.action == REMOTE_START and _lately(job, now) and _token(job) == folded
        for job in records.select(JOB, station=station)
    )


def forgotten(records: Records, now: datetime) -> list[str]:
    """The keys of those that are still open, though nothing can come of them any more."""
    return [
        job.id
        for job in records.select(JOB, action=REMOTE_START)
        if job.status in OPEN and not _lately(job, now)
    ]


def _lately(job: Job, now: datetime) -> bool:
    return job.sentAt is not None and now - job.sentAt < LIFETIME


def _token(job: Job) -> str | None:
    """The Central token of a start, as tokens are compared."""
    token = _id_token(job)
    return folded_token(token["idToken"]) if token.get("type") == "Central" else None


def _id_token(job: Job) -> Payload:
    given: Any = job.parameters
    return given.get("idToken", {}) if isinstance(given, dict) else {}
