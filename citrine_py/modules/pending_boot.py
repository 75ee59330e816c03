"""B02: what is done with a station while it is Pending.

GetBaseReport, its parts awaited; SetVariables, batch after batch; a Reset where
the station asks for one; then the Boot record says Accepted and the station is
told to boot again. Each step is on the Boot record. Whatever goes wrong ends in
progress Failed with its reason; the station stays Pending and its next boot
tries again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import BadRequest, StationError, StoreUnavailable
from citrine_py.model.stations import BOOT, CHARGING_STATION, Boot, BootProgress
from citrine_py.modules.reports import Report, Reports
from citrine_py.modules.variables import BadSetting, Variables, setting
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Clock, Jobs, NewId, Payload, Put, Records, SessionInfo, Stations

log = structlog.get_logger()

_UNDER_WAY: tuple[BootProgress, ...] = ("ReportRequested", "ReportReceiving", "SettingVariables")
_AFTER_ANSWER = 0.05  # seconds by which the answer to BootNotification is surely sent


class _GivenUp(Exception):
    """The conversation cannot go on; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class PendingNeeds:
    """What the conversation needs. `report_timeout`: seconds without a part."""

    records: Records
    stations: Stations
    reports: Reports
    variables: Variables
    schemas: Schemas
    jobs: Jobs
    clock: Clock
    new_id: NewId
    report_timeout: float = 120


class PendingBoots:
    """The conversations under way, at most one for each station."""

    def __init__(self, needs: PendingNeeds) -> None:
        self._needs = needs
        self._running: dict[str, tuple[str, _Conversation]] = {}

    def begin(self, station: str, session: str) -> None:
        """Starts the conversation, unless it is under way on this connection already, or
        the Boot record asks for none. To be called last, so that the answer goes first."""
        running = self._running.get(station)
        job = _job(station)
        if running is not None and running[0] == session and self._needs.jobs.running(job):
            return
        boot = self._needs.records.get(BOOT, station)
        if boot is None or not (boot.getBaseReportOnPending or boot.pendingBootSetVariables):
            return
        conversation = _Conversation(station, self._needs)
        self._running[station] = (session, conversation)
        self._needs.jobs.start(job, conversation.run)

    def end(self, station: str) -> None:
        """The station is not Pending any more."""
        if self._running.pop(station, None) is not None:
            self._needs.jobs.cancel(_job(station))

    def connected(self, session: SessionInfo) -> None:
        """Takes up a conversation that our own restart broke off."""
        station = self._needs.records.get(CHARGING_STATION, session.station)
        boot = self._needs.records.get(BOOT, session.station)
        pending = station is not None and station.registrationStatus == "Pending"
        if pending and boot is not None and boot.progress in _UNDER_WAY:
            self.begin(session.station, session.id)

    def gone(self, session: SessionInfo) -> None:
        """The connection is lost: so is the report on it."""
        running = self._running.get(session.station)
        if running is not None and running[0] == session.id:
            running[1].lost()


def _job(station: str) -> str:
    return f"pending boot {station}"


class _Conversation:
    """One station's way from Pending to Accepted."""

    def __init__(self, station: str, needs: PendingNeeds) -> None:
        self._station = station
        self._needs = needs
        self._report: Report | None = None

    def lost(self) -> None:
        if self._report is not None:
            self._report.abort("the connection was lost before the report was complete")

    async def run(self) -> None:
        try:
            await self._needs.clock.sleep(_AFTER_ANSWER)
            await self._go()
        except _GivenUp as reason:
            await self._fail(str(reason))
        except (StationError, BadRequest) as error:
            await self._fail(str(error))
        except StoreUnavailable as error:
            log.warning("boot.unrecorded", station=self._station, reason=str(error))

    async def _go(self) -> None:
        boot = self._boot()
        if boot.getBaseReportOnPending:
            await self._get_report()
        rows = self._boot().pendingBootSetVariables
        reboot, note = await self._set_variables(rows) if rows else (False, None)
        self._boot()
        await self._accept(reboot, note)
        if reboot and await self._reset():
            return
        reply = await self._needs.stations.call(
            self._station, "TriggerMessage", {"requestedMessage": "BootNotification"}
        )
        log.info("boot.triggered", station=self._station, status=reply["status"])

    def _boot(self) -> Boot:
        """The Boot record, as long as it is Pending."""
        boot = self._needs.records.get(BOOT, self._station)
        if boot is None or boot.status != "Pending":
            raise _GivenUp("the status was changed meanwhile")
        return boot

    # ---- the report --------------------------------------------------------------------

    async def _get_report(self) -> None:
        request_id = int(self._needs.new_id().replace("-", "")[:7], 16)
        report = self._needs.reports.expect(self._station, request_id)
        self._report = report
        try:
            await self._show("ReportRequested", None, reportRequestId=request_id, reportVariables=0)
            reply = await self._needs.stations.call(
                self._station,
                "GetBaseReport",
                {"requestId": request_id, "reportBase": "FullInventory"},
            )
            if reply["status"] == "EmptyResultSet":
                return
            if reply["status"] != "Accepted":
                raise _GivenUp(f"the station answered {reply['status']} to GetBaseReport")
            await self._wait_for(report)
        finally:
            self._needs.reports.withdraw(self._station, request_id)
            self._report = None

    async def _wait_for(self, report: Report) -> None:
        while not report.complete:
            if report.aborted is not None:
                raise _GivenUp(report.aborted)
            if not await report.progress(self._needs.jobs, self._needs.report_timeout):
                raise _GivenUp(_what_is_missing(report, self._needs.report_timeout))

    # ---- the variables -----------------------------------------------------------------

    async def _set_variables(self, rows: Sequence[Payload]) -> tuple[bool, str | None]:
        """Whether the station must reboot, and what an operator should know."""
        await self._show("SettingVariables", None)
        data = self._settings(rows)
        results = await self._needs.variables.set(self._station, data)
        rejected = [
            each
            for each in results
            if each["attributeStatus"] not in {"Accepted", "RebootRequired"}
        ]
        await self._needs.records.write(
            Put(BOOT, self._station, {"variablesRejectedOnLastBoot": rejected})
        )
        reboot = any(each["attributeStatus"] == "RebootRequired" for each in results)
        if not rejected:
            return reboot, None
        note = f"the station refused {len(rejected)} of {len(results)} variables"
        if not self._boot().bootWithRejectedVariables:
            raise _GivenUp(f"{note}; see variablesRejectedOnLastBoot")
        return reboot, note

    def _settings(self, rows: Sequence[Payload]) -> list[Payload]:
        try:
            data = [setting(row) for row in rows]
            self._needs.schemas.check_request("2.0.1", "SetVariables", {"setVariableData": data})
        except BadSetting as error:
            raise _GivenUp(f"pendingBootSetVariables: {error}") from None
        except CallError as error:
            raise _GivenUp(f"pendingBootSetVariables: {error.description}") from None
        return data

    # ---- the end -----------------------------------------------------------------------

    async def _accept(self, reboot: bool, note: str | None) -> None:
        fields = {
            "status": "Accepted",
            "progress": "Resetting" if reboot else "AwaitingBoot",
            "progressInfo": note,
            "progressAt": self._needs.clock.now(),
        }
        await self._needs.records.write(
            Put(BOOT, self._station, fields, only_over={"status": "Pending"})
        )

    async def _reset(self) -> bool:
        """Whether the station reboots now; if not, it is only asked to boot."""
        reply = await self._needs.stations.call(self._station, "Reset", {"type": "Immediate"})
        log.info("boot.reset", station=self._station, status=reply["status"])
        if reply["status"] in {"Accepted", "Scheduled"}:
            return True
        await self._show(
            "AwaitingBoot", f"a variable needs a reboot, the Reset was {reply['status']}"
        )
        return False

    async def _show(self, progress: BootProgress | None, info: str | None, **more: Any) -> None:
        fields = {
            "progress": progress,
            "progressInfo": info,
            "progressAt": self._needs.clock.now(),
            **more,
        }
        await self._needs.records.write(Put(BOOT, self._station, fields))

    async def _fail(self, reason: str) -> None:
        boot = self._needs.records.get(BOOT, self._station)
        if boot is None:
            return
        log.warning("boot.failed", station=self._station, reason=reason)
        if boot.status == "Accepted" and boot.progress in {"AwaitingBoot", "Resetting"}:
            await self._show(boot.progress, f"{reason}; it is accepted when it boots")
        else:
            await self._show("Failed" if boot.status == "Pending" else None, reason)


def _what_is_missing(report: Report, seconds: float) -> str:
    missing = report.missing()
    if missing:
        parts = ", ".join(str(number) for number in missing)
        return f"parts {parts} of the report did not come within {seconds:g} s"
    return f"the report did not go on for {seconds:g} s; {report.variables} variables came"
