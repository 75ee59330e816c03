"""B07, B08: reports of the device model, part by part.

A report comes in NotifyReport messages, numbered from 0, the last one without
`tbc`; they may come in any order, twice, or never end. Each part is stored when
it comes; `Report` only knows which parts are still missing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from citrine_py.model.stations import BOOT
from citrine_py.modules.device_model import attribute_puts, equipment_puts
from citrine_py.ports import Call, Change, Jobs, Latch, Payload, Put, Records

_KEPT = 16
"""Reports of one station that are known at a time."""


class Report:
    """One report under way. Of its parts only the numbers are kept."""

    def __init__(self, latch: Latch) -> None:
        self._seen: set[int] = set()
        self._last: int | None = None
        self._latch = latch
        self.variables = 0
        self.aborted: str | None = None

    def add(self, seq_no: int, tbc: bool, variables: int) -> None:
        """A part came; a repeated one changes nothing."""
        if seq_no not in self._seen:
            self._seen.add(seq_no)
            self.variables += variables
        if not tbc:
            self._last = seq_no
        self._latch.set()

    def abort(self, reason: str) -> None:
        """It will never be complete."""
        self.aborted = reason
        self._latch.set()

    @property
    def complete(self) -> bool:
        """Whether every part from 0 to the last one is here."""
        return self._last is not None and len(self.missing()) == 0

    def missing(self) -> list[int]:
        """The parts that should be here by now."""
        end = self._last if self._last is not None else max(self._seen, default=-1)
        return [number for number in range(end + 1) if number not in self._seen][:50]

    async def progress(self, jobs: Jobs, seconds: float) -> bool:
        """Waits for the next part (or the end); False if none came within `seconds`."""
        came = await self._latch.wait(seconds)
        self._latch = jobs.latch()
        return came


class Reports:
    """The reports that stations were asked for."""

    def __init__(self, records: Records, jobs: Jobs) -> None:
        self._records = records
        self._jobs = jobs
        self._expected: dict[str, OrderedDict[int, Report]] = {}

    def expect(self, station: str, request_id: int) -> Report:
        """A report with this requestId is about to be asked for."""
        expected = self._expected.setdefault(station, OrderedDict())
        report = Report(self._jobs.latch())
        expected[request_id] = report
        while len(expected) > _KEPT:
            expected.popitem(last=False)
        return report

    def withdraw(self, station: str, request_id: int) -> None:
        """The station will not send it, or it is complete."""
        expected = self._expected.get(station)
        if expected is not None:
            expected.pop(request_id, None)
            if not expected:
                del self._expected[station]

    def find(self, station: str, request_id: int) -> Report | None:
        """The report under way with this requestId."""
        expected = self._expected.get(station)
        return expected.get(request_id) if expected is not None else None

    def asked(self, station: str, request_id: object) -> bool:
        """Whether we asked for it, before our own restart too."""
        if not isinstance(request_id, int):
            return False
        if self.find(station, request_id) is not None:
            return True
        boot = self._records.get(BOOT, station)
        return boot is not None and boot.reportRequestId == request_id


@dataclass(frozen=True, slots=True)
class OnNotifyReport:
    """NotifyReport: stores what the part tells (B07, B08)."""

    records: Records
    reports: Reports

    async def __call__(self, call: Call) -> Payload:
        payload = call.payload
        rows = payload.get("reportData", [])
        changes: list[Change] = []
        for report_data in rows:
            changes += attribute_puts(call.station, report_data, payload["generatedAt"])
        changes += equipment_puts(self.records, call.station, rows)
        report = self.reports.find(call.station, payload["requestId"])
        if report is not None:
            changes += self._progress(call, report, len(rows))
        await self.records.write(*changes)
        if report is not None:
            report.add(payload["seqNo"], payload.get("tbc", False), len(rows))
        return {}

    def _progress(self, call: Call, report: Report, fresh: int) -> list[Change]:
        """Shows a pending boot's report growing."""
        boot = self.records.get(BOOT, call.station)
        if boot is None or boot.reportRequestId != call.payload["requestId"]:
            return []
        if boot.progress not in {"ReportRequested", "ReportReceiving"}:
            return []
        fields = {
            "progress": "ReportReceiving",
            "progressAt": call.received,
            "reportVariables": report.variables + fresh,
        }
        return [Put(BOOT, call.station, fields)]
