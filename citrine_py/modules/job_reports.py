"""Reports that a job asked for, put together from their parts: N02, N09, O03.

Parts are numbered from 0 and say whether more is to come (`tbc`); they may come in any
order, twice, or never end. What is kept of their numbers stands on the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from citrine_py.model.jobs import JOB, OPEN, Job
from citrine_py.modules.job_progress import entered
from citrine_py.modules.station_jobs import find
from citrine_py.ports import Call, Change, Payload, Put, Records

MOST_TEXT = 65_536
"""Characters of customer information that a job holds; the rest is left out, and said so."""
_MOST_PARTS = 10_000
_LAST = "last"


@dataclass(frozen=True, slots=True)
class Part:
    """What a part makes of its job: the fields that change, and whether it is whole now."""

    job: Job
    fields: dict[str, Any]
    whole: bool

    @property
    def put(self) -> Change:
        """The change."""
        return Put(JOB, self.job.id, self.fields)


def part(records: Records, call: Call, action: str, text: str = "") -> Part | None:
    """The job of a part, moved on by it; None where nobody here asked for it, or it is over.

    A part without seqNo (NotifyDisplayMessages) counts in the order of its coming.
    """
    job = find(records, call.station, action, call.payload["requestId"])
    if job is None or job.status not in (*OPEN, "Wanted", None):
        return None
    parts: dict[str, Any] = dict(job.parts or {})
    number = call.payload.get("seqNo", len(parts) - (_LAST in parts))
    if len(parts) < _MOST_PARTS and 0 <= number < _MOST_PARTS:
        room = MOST_TEXT - sum(len(each) for name, each in parts.items() if name != _LAST)
        parts.setdefault(str(number), text[: max(room, 0)])
    if not call.payload.get("tbc", False):
        parts[_LAST] = max(number, parts.get(_LAST, 0))
    return _moved(job, parts, call)


def _moved(job: Job, parts: dict[str, Any], call: Call) -> Part:
    last = parts.get(_LAST)
    numbers = sorted(int(name) for name in parts if name != _LAST)
    whole = last is not None and numbers[: last + 1] == list(range(last + 1))
    text = "".join(parts[str(number)] for number in numbers)
    fields: dict[str, Any] = {
        "progress": "1 part" if len(numbers) == 1 else f"{len(numbers)} parts",
        "result": (f"{text}..." if len(text) >= MOST_TEXT else text) or None,
        "parts": None if whole else parts,
    }
    if whole:
        fields |= entered("Done", call.received)
    elif job.status != "Running":
        fields |= entered("Running", call.received)
    return Part(job, fields, whole)


@dataclass(frozen=True, slots=True)
class OnNotifyCustomerInformation:
    """N09, N10: keeps what a station knows of a customer, on the job that asked for it. What
    nobody asked for is not kept: it is about people."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        found = part(self.records, call, "CustomerInformation", call.payload["data"])
        if found is not None:
            await self.records.write(found.put)
        return {}
