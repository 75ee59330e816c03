"""N01: files that stations upload to us, and which job each belongs to.

The address of an upload has a secret that is made for one job, is worth one file, and
of which only the digest is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import structlog

from citrine_py.errors import BadRequest
from citrine_py.model.jobs import JOB
from citrine_py.ports import Clock, NewId, Payload, Put, Records

log = structlog.get_logger()

PATH = "/files/logs"


def digest(secret: str) -> str:
    """What is kept of an upload's secret."""
    return sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class UploadTargets:
    """Makes addresses. `public_url`: how stations reach the API; None if they cannot."""

    public_url: str | None
    new_id: NewId

    def filled_in(self, action: str, payload: Payload, job: str) -> tuple[Payload, dict[str, Any]]:
        """The payload, with an address where it is a GetLog without one, and the fields that
        the job gets with it.

        Raises:
            BadRequest: there is no address for it.
        """
        if action != "GetLog" or payload.get("log", {}).get("remoteLocation"):
            return payload, {}
        if self.public_url is None:
            raise BadRequest(
                "GetLog: log.remoteLocation is missing, and CITRINE_FILES_PUBLIC_URL does not "
                "say how stations reach this service"
            )
        secret = self.new_id().replace("-", "") + self.new_id().replace("-", "")
        base = self.public_url.rstrip("/") + PATH
        where = {**payload.get("log", {}), "remoteLocation": f"{base}/{secret}"}
        return {**payload, "log": where}, {
            "uploadDigest": digest(secret),
            "fileUrl": f"{base}/{job}",
        }


@dataclass(frozen=True, slots=True)
class JobUploads:
    """Implements ports_files.LogUploads."""

    records: Records
    clock: Clock

    def expected(self, secret: str) -> str | None:
        """See ports_files.LogUploads."""
        found = self.records.select(JOB, uploadDigest=digest(secret))
        return found[0].id if found else None

    async def taken(self, job: str, file_name: str | None, size: int) -> None:
        """See ports_files.LogUploads."""
        record = self.records.get(JOB, job)
        name = file_name or (record.fileName if record is not None else None)
        fields = {
            "uploadDigest": None,
            "fileName": name or "log",
            "fileSize": size,
            "fileAt": self.clock.now(),
        }
        await self.records.write(Put(JOB, job, fields))
        station = record.station if record is not None else None
        log.info("job.file", station=station, bytes=size)
