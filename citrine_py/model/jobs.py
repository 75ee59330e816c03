"""Jobs: what a station is asked and takes its time for, or is asked once it is there.

In memory, so that what a station tells of one needs no read; old ones are removed by
`modules.job_sweep`, their files with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Operators, Query, Record, Services

JobStatus = Literal[
    "Wanted",  # waits until the station is there and accepted
    "Sent",  # its answer is not here yet
    "Accepted",
    "Running",  # the station tells how it goes
    "Done",
    "Refused",  # not begun; info says why
    "Failed",
    "Cancelled",  # a later one took its place, or the station was told to stop
]
OPEN: tuple[JobStatus, ...] = ("Sent", "Accepted", "Running")


class Job(Record):
    """One thing asked of a station. People make rows for stations that may be away."""

    id: str  # keys.job_key, or Directus' own where people made the row
    station: Operators[str | None] = None
    action: Operators[str | None] = None  # of OCPP, e.g. UpdateFirmware
    parameters: Operators[Any] = None
    """The message's payload, an object or its JSON; a requestId may be left out."""
    notes: Operators[str | None] = None

    status: Services[JobStatus | None] = None
    progress: Services[str | None] = None
    """The latest status of OCPP that the station told of it, e.g. Downloading."""
    info: Services[str | None] = None
    """What the station said, or why it could not be asked."""
    requestId: Services[int | None] = None
    askedAt: Services[datetime | None] = None
    sentAt: Services[datetime | None] = None
    endedAt: Services[datetime | None] = None
    timestamp: Services[datetime | None] = None
    """When its status last changed."""
    history: Services[Any] = None
    """The station's words in the order they came: a list of {at, status}, bounded."""
    result: Services[str | None] = None
    """What was reported, put together (N09); bounded."""
    parts: Services[Any] = None
    """Parts of a report that is not whole yet: data by seqNo, and `last`."""

    uploadDigest: Services[str | None] = None
    """SHA-256 of the secret in the address that the station may upload to, once."""
    fileName: Services[str | None] = None
    fileSize: Services[int | None] = None  # bytes
    fileAt: Services[datetime | None] = None
    fileUrl: Services[str | None] = None
    """Where who has the API's token finds the file."""


JOB = Collection(
    "Job",
    Job,
    "reporting/job",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=5,
    query=(
        Query("stationId", "station", required=True),
        Query("action", "action"),
        Query("status", "status"),
        Query("requestId", "requestId", number=True),
        Query("id", "id"),
    ),
    made_by_people=True,
    newest_by="askedAt",
    edited_by_api=False,
)

COLLECTIONS: tuple[Collection[Any], ...] = (JOB,)
