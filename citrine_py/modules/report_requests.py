"""GetBaseReport and GetReport as people and flows send them (B07, B08)."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from citrine_py.modules.reports import Report, Reports
from citrine_py.ports import Jobs, Payload, Stations

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReportRequests:
    """Senders of both messages; how the report ended is logged.

    `report_timeout`: seconds without a part after which a report counts as failed.
    """

    stations: Stations
    jobs: Jobs
    reports: Reports
    report_timeout: float = 120

    async def base(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B07."""
        return await self._ask(station, "GetBaseReport", payload, seconds)

    async def by_criteria(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """B08."""
        return await self._ask(station, "GetReport", payload, seconds)

    async def _ask(
        self, station: str, action: str, payload: Payload, seconds: float | None
    ) -> Payload:
        """Expects the report before it is asked for: its parts may follow the answer at once."""
        request_id = payload["requestId"]
        report = self.reports.expect(station, request_id)
        accepted = False
        try:
            reply = await self.stations.call(station, action, payload, seconds=seconds)
            accepted = reply["status"] == "Accepted"
        finally:
            if not accepted:
                self.reports.forget(station, request_id)
        if accepted:
            key = f"report {station} {request_id}"
            self.jobs.start(key, lambda: self._watch(station, report))
        return reply

    async def _watch(self, station: str, report: Report) -> None:
        while not report.complete:
            if not await report.another(self.jobs, self.report_timeout):
                log.warning("report.incomplete", station=station, reason=report.lack())
                return
        log.info(
            "report.complete",
            station=station,
            request_id=report.request_id,
            variables=report.variables,
        )
