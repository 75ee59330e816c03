"""Jobs, monitors and displays put together, for `bindings`: rules, handlers and senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.diagnostics import OnLogStatusNotification
from citrine_py.modules.display_messages import DisplayRequests, OnNotifyDisplayMessages
from citrine_py.modules.firmware import (
    OnFirmwareStatusNotification,
    OnPublishFirmwareStatusNotification,
)
from citrine_py.modules.job_progress import REMOTE_START
from citrine_py.modules.job_reports import OnNotifyCustomerInformation
from citrine_py.modules.job_sweep import JobSweep
from citrine_py.modules.log_uploads import JobUploads, UploadTargets
from citrine_py.modules.monitoring import MonitorRequests, OnNotifyMonitoringReport
from citrine_py.modules.requests import Sender
from citrine_py.modules.station_jobs import JobRequests, senders
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.ports import NewId
from citrine_py.ports_files import LogFiles


@dataclass(frozen=True, slots=True)
class JobNeeds:
    """What jobs need besides what everybody does. `public_url`: how stations reach the API,
    None if they cannot; `days`: how long jobs and their files are kept."""

    files: LogFiles
    public_url: str | None = None
    days: int = 30


@dataclass(frozen=True, slots=True)
class StationJobs:
    """The rules of jobs. `start` asks a station to start a transaction."""

    start: Sender
    uploads: JobUploads
    sweep: JobSweep
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(common: Common, needs: JobNeeds, new_id: NewId, variables: VariableCalls) -> StationJobs:
    """Gives every rule of jobs, monitors and displays its needs."""
    records, stations, clock = common.records, common.stations, common.clock
    targets = UploadTargets(needs.public_url, new_id)
    jobs = JobRequests(records, stations, clock, new_id, targets)
    monitors = MonitorRequests(records, stations, clock, variables)
    displays = DisplayRequests(records, stations, clock, jobs.sender("GetDisplayMessages"))
    return StationJobs(
        jobs.sender(REMOTE_START),
        JobUploads(records, clock),
        JobSweep(records, needs.files, clock, needs.days),
        MappingProxyType(
            {
                "FirmwareStatusNotification": OnFirmwareStatusNotification(records),
                "LogStatusNotification": OnLogStatusNotification(records),
                "NotifyCustomerInformation": OnNotifyCustomerInformation(records),
                "NotifyDisplayMessages": OnNotifyDisplayMessages(records),
                "NotifyMonitoringReport": OnNotifyMonitoringReport(records),
                "PublishFirmwareStatusNotification": OnPublishFirmwareStatusNotification(records),
            }
        ),
        MappingProxyType(
            {
                **senders(jobs),
                "ClearDisplayMessage": displays.clear,
                "ClearVariableMonitoring": monitors.clear,
                "GetDisplayMessages": displays.get,
                "SetDisplayMessage": displays.set,
                "SetVariableMonitoring": monitors.set,
            }
        ),
    )
