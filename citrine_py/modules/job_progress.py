"""What a station's words mean for a job: pure functions over Job records.

A job that has ended does not begin again, whatever comes late; only good news counts
then, where a failure had been told before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from citrine_py.model.jobs import OPEN, Job, JobStatus
from citrine_py.model.times import iso
from citrine_py.ports import Payload

MOST_WORDS = 50
"""Entries of a job's history; the oldest go first."""

FIRMWARE: Mapping[str, JobStatus] = {
    "Installed": "Done",
    "Published": "Done",
    **dict.fromkeys(
        (
            "DownloadFailed",
            "InstallationFailed",
            "InstallVerificationFailed",
            "InvalidChecksum",
            "InvalidSignature",
            "PublishFailed",
        ),
        "Failed",
    ),
}
"""L01, L02, L03: what ends an update or its publishing; every other status is on the way."""

LOG: Mapping[str, JobStatus] = {
    "Uploaded": "Done",
    "AcceptedCanceled": "Cancelled",
    **dict.fromkeys(
        ("BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"), "Failed"
    ),
}
"""N01: what ends an upload."""

REPORTING = frozenset(
    {"CustomerInformation", "GetChargingProfiles", "GetDisplayMessages", "GetMonitoringReport"}
)
REMOTE_START = "RequestStartTransaction"
TRACKED = frozenset({"GetLog", "PublishFirmware", "UpdateFirmware", REMOTE_START, *REPORTING})
"""Actions of which stations tell more after their answer, by a number of ours (NUMBERS)."""

_GOOD = frozenset({"Accepted", "Scheduled", "RebootRequired", "Unlocked", "Unpublished"})
_NOTHING_TO_TELL = frozenset({"EmptyResultSet", "NoProfiles"})


def answered(action: str, payload: Payload, reply: Payload) -> JobStatus:
    """Where a job stands with the station's answer to its message."""
    said = set(statuses(reply))
    if action == "GetDisplayMessages" and said == {"Unknown"}:  # it has none of those
        return "Done"
    if said & _NOTHING_TO_TELL:
        return "Done"
    if action in TRACKED and said <= {"Accepted", "AcceptedCanceled"}:
        untold = action == "CustomerInformation" and not payload.get("report")
        return "Done" if untold else "Accepted"
    return "Done" if said <= _GOOD else "Refused"


def statuses(reply: Payload) -> list[str]:
    """The statuses in an answer: its own, or those of its results."""
    if "status" in reply:
        return [str(reply["status"])]
    return [
        str(value)
        for results in reply.values()
        if isinstance(results, list)
        for result in results
        if isinstance(result, dict)
        for name, value in result.items()
        if name.lower().endswith("status")
    ]


def said(reply: Payload) -> str:
    """An answer in words: its statuses, and its reason."""
    info = reply.get("statusInfo", {})
    more = ": ".join(part for part in (info.get("reasonCode"), info.get("additionalInfo")) if part)
    status = ", ".join(dict.fromkeys(statuses(reply)))
    return f"{status} ({more})" if more else status


def entered(status: JobStatus, at: datetime, info: str | None = None) -> dict[str, Any]:
    """The fields of a job that enters a status."""
    fields: dict[str, Any] = {"status": status, "timestamp": at}
    if info is not None:
        fields["info"] = info
    if status not in (*OPEN, "Wanted"):
        fields["endedAt"] = at
    if status in {"Refused", "Cancelled"}:
        fields["uploadDigest"] = None
    return fields


def told(job: Job, word: str, means: JobStatus, at: datetime) -> dict[str, Any]:
    """The fields that a station's word changes; only its history once the job has ended."""
    history = [*(job.history or ()), {"at": iso(at), "status": word}][-MOST_WORDS:]
    better = means == "Done" and job.status == "Failed"
    if job.status not in (*OPEN, "Wanted", None) and not better:
        return {"history": history}
    fields: dict[str, Any] = {"progress": word, "history": history}
    if job.status != means:
        fields |= entered(means, at)
    return fields
