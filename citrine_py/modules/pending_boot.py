"""B02: what happens to a station between Pending and Accepted.

A job for each station: its base report, then the variables to set, a reset if they
need one, and a trigger for the boot that will be accepted. Its progress is on the
Boot record; whatever goes wrong ends in Failed with the reason there, and the next
BootNotification tries again. The answer to BootNotification itself is in `boot`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import BadRequest, StationError, StationSilent
from citrine_py.model.stations import BOOT, CHARGING_STATION, Boot, BootProgress
from citrine_py.modules.reports import Report, Reports
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variables import is_password, setting
from citrine_py.ports import Clock, Jobs, Payload, Put, Records, SessionInfo, Stations

log = structlog.get_logger()

ACTIVE: frozenset[BootProgress] = frozenset(
    {"ReportRequested", "ReportReceiving", "SettingVariables"}
)
"""Steps that need a running job."""

_COUNT_SECONDS = 1.0  # between two notes of how far a report is
_LISTED = 3  # rejected variables that progressInfo names
_SHOWN = 255  # characters of progressInfo
_WITHHELD = "; a station may send it only once it is accepted: set the status to Accepted, then ask"


class _Failed(Exception):
    """The conversation cannot go on; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class PendingBoot:
    """Leads Pending stations to their next boot.

    Attributes:
        report_timeout: seconds without a part after which a report counts as failed.
        resume_delay: seconds that a reconnected station has to boot by itself before its
            interrupted conversation is taken up.
    """

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
    reports: Reports
    variables: VariableCalls
    report_timeout: float = 120
    resume_delay: float = 5

    # ---- its life ----------------------------------------------------------------------

    def start(self, station: str) -> None:
        """Begins the conversation, unless it goes on already. Awaits nothing: a handler that
        calls it last has its answer sent before the job's first call."""
        self.jobs.cancel(_resume_job(station))
        if not self.jobs.running(_job(station)):
            self.jobs.start(_job(station), lambda: self._run(station))

    def stop(self, station: str) -> None:
        """There is nothing left to do."""
        self.jobs.cancel(_resume_job(station))
        self.jobs.cancel(_job(station))

    def connected(self, session: SessionInfo) -> None:
        """A conversation that the old connection or process had begun is taken up, anew."""
        self.stop(session.station)
        if self._interrupted(session.station):
            self.jobs.start(_resume_job(session.station), lambda: self._resume(session.station))

    async def gone(self, session: SessionInfo, reason: str) -> None:
        """The station left. In the middle of the conversation that is a failure; after we
        reset it, it is not."""
        station = session.station
        self.stop(station)
        if self._interrupted(station):
            boot = self.records.get(BOOT, station)
            step = boot.progress if boot is not None else None
            await self._fail(station, f"the connection was lost at {step} ({reason})")

    def _interrupted(self, station: str) -> bool:
        here = self.records.get(CHARGING_STATION, station)
        boot = self.records.get(BOOT, station)
        return (
            here is not None
            and here.registrationStatus == "Pending"
            and boot is not None
            and boot.status == "Pending"
            and boot.progress in ACTIVE
        )

    async def _resume(self, station: str) -> None:
        await self.clock.sleep(self.resume_delay)
        if self._interrupted(station):
            log.info("boot.resumed", station=station)
            self.start(station)

    # ---- the conversation --------------------------------------------------------------

    async def _run(self, station: str) -> None:
        boot = self.records.get(BOOT, station)
        if boot is None or boot.status != "Pending":
            return
        try:
            await self._converse(station, boot)
        except (_Failed, StationError, BadRequest) as error:
            await self._fail(station, str(error))

    async def _converse(self, station: str, boot: Boot) -> None:
        wanted = boot.pendingBootSetVariables or []
        if not boot.getBaseReportOnPending and not wanted:
            await self._progress(station, None, "Pending until the status is changed")
            return
        if boot.getBaseReportOnPending:
            await self._fetch_report(station)
        reboot = await self._set_variables(station, boot, wanted) if wanted else False
        if reboot:
            await self._reset(station)
        else:
            await self._finish(station)

    async def _fail(self, station: str, reason: str) -> None:
        log.warning("boot.failed", station=station, reason=reason)
        await self._progress(station, "Failed", reason)

    async def _progress(
        self, station: str, step: BootProgress | None, info: str | None = None, **more: Any
    ) -> None:
        if self.records.get(BOOT, station) is None:
            return  # an operator removed it
        fields = {
            "progress": step,
            "progressInfo": info if info is None else info[:_SHOWN],
            "progressAt": self.clock.now(),
            **more,
        }
        await self.records.write(Put(BOOT, station, fields))

    # ---- the report --------------------------------------------------------------------

    async def _fetch_report(self, station: str) -> None:
        request_id = self.reports.fresh_id()
        report = self.reports.expect(station, request_id)
        await self._progress(
            station, "ReportRequested", reportRequestId=request_id, reportVariables=0
        )
        payload = {"requestId": request_id, "reportBase": "FullInventory"}
        reply = await self.stations.call(station, "GetBaseReport", payload)
        if reply["status"] != "Accepted":
            raise _Failed(f"GetBaseReport was answered {_told(reply)}")
        await self._receive(station, report)
        log.info("boot.report_complete", station=station, variables=report.variables)

    async def _receive(self, station: str, report: Report) -> None:
        shown, counted = 0, self.clock.monotonic()
        while not report.complete:
            now = self.clock.monotonic()
            if report.variables != shown and (shown == 0 or now - counted >= _COUNT_SECONDS):
                shown, counted = report.variables, now
                await self._progress(station, "ReportReceiving", reportVariables=shown)
                continue
            if not await report.another(self.jobs, self.report_timeout):
                seconds = f"{self.report_timeout:g} s"
                hint = "" if report.parts else _WITHHELD
                raise _Failed(f"the report stopped for {seconds}: {report.lack()}{hint}")
        await self._progress(station, "ReportReceiving", reportVariables=report.variables)

    # ---- the variables -----------------------------------------------------------------

    async def _set_variables(self, station: str, boot: Boot, wanted: Sequence[Any]) -> bool:
        """Sets them and says whether the station needs a reboot for it."""
        await self._progress(station, "SettingVariables")
        data, problems = read_settings(wanted)
        results = await self.variables.set(station, data)
        rejected = problems + [each for each in results if not _is_set(each)]
        await self.records.write(Put(BOOT, station, {"variablesRejectedOnLastBoot": rejected}))
        if rejected:
            log.warning("boot.variables_rejected", station=station, count=len(rejected))
            if not boot.bootWithRejectedVariables:
                raise _Failed(_list_rejected(rejected))
        return any(each["attributeStatus"] == "RebootRequired" for each in results)

    # ---- the end -----------------------------------------------------------------------

    async def _reset(self, station: str) -> None:
        """The boot that follows is accepted (`boot.registration`), so the line may break."""
        await self._progress(station, "Resetting")
        try:
            reply = await self.stations.call(station, "Reset", {"type": "Immediate"})
        except StationSilent:
            log.info("boot.reset_unanswered", station=station)
            return
        if reply["status"] == "Rejected":
            raise _Failed(f"variables need a reboot, and Reset was answered {_told(reply)}")
        log.info("boot.resetting", station=station)

    async def _finish(self, station: str) -> None:
        boot = self.records.get(BOOT, station)
        if boot is None or boot.status != "Pending":
            return
        fields = {
            "status": "Accepted",
            "progress": "AwaitingBoot",
            "progressInfo": None,
            "progressAt": self.clock.now(),
        }
        await self.records.write(Put(BOOT, station, fields, only_over={"status": "Pending"}))
        payload = {"requestedMessage": "BootNotification"}
        try:
            reply = await self.stations.call(station, "TriggerMessage", payload)
        except StationError as error:  # it boots after the interval all the same
            log.info("boot.trigger_failed", station=station, reason=str(error))
            told = str(error)
        else:
            log.info("boot.triggered", station=station, status=reply["status"])
            told = f"it answered {_told(reply)}"
        boot = self.records.get(BOOT, station)
        if boot is not None and boot.progress == "AwaitingBoot":  # it has not booted since
            info = f"asked to boot again ({told}); if it does not, reset it"
            await self._progress(station, "AwaitingBoot", info)


def read_settings(rows: Sequence[object]) -> tuple[list[Payload], list[Payload]]:
    """OCPP's SetVariableData of the rows that can be sent, and for the others what is wrong,
    in the shape of a SetVariableResult. Values stay out of the latter."""
    data: list[Payload] = []
    problems: list[Payload] = []
    for number, row in enumerate(rows, 1):
        try:
            each = setting(row)
        except ValueError as error:
            problems.append(_problem({}, f"row {number}: {error}"))
            continue
        if is_password(each):
            hint = "a password is set by POST /data/configuration/password"
            problems.append(_problem(each, hint))
        elif not _names_variable(each):
            problems.append(_problem({}, f"row {number}: not a SetVariableData"))
        else:
            data.append(each)
    return data, problems


def _names_variable(data: Payload) -> bool:
    parts = (data.get("component"), data.get("variable"))
    return "attributeValue" in data and all(
        isinstance(part, dict) and isinstance(part.get("name"), str) for part in parts
    )


def _problem(named: Payload, explanation: str) -> Payload:
    return {
        **{name: named[name] for name in ("component", "variable") if name in named},
        "attributeStatus": "Rejected",
        "attributeStatusInfo": {"reasonCode": "NotSent", "additionalInfo": explanation},
    }


def _is_set(result: Payload) -> bool:
    return result["attributeStatus"] in {"Accepted", "RebootRequired"}


def _list_rejected(rejected: Sequence[Payload]) -> str:
    named = ", ".join(_describe(each) for each in rejected[:_LISTED])
    more = f" and {len(rejected) - _LISTED} more" if len(rejected) > _LISTED else ""
    return f"not set: {named}{more}"


def _describe(result: Payload) -> str:
    info = result.get("attributeStatusInfo", {})
    why = info.get("additionalInfo") or result["attributeStatus"]
    if "component" not in result:
        return str(why)
    return f"{result['component']['name']}.{result['variable']['name']} ({why})"


def _told(reply: Payload) -> str:
    info = reply.get("statusInfo", {})
    parts = [info.get("reasonCode"), info.get("additionalInfo")]
    more = ", ".join(part for part in parts if part)
    return f"{reply['status']} ({more})" if more else str(reply["status"])


def _job(station: str) -> str:
    return f"boot {station}"


def _resume_job(station: str) -> str:
    return f"boot resume {station}"
