"""Ends remote starts that nothing came of, removes jobs that have had their time, and files
whose job is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.model.jobs import JOB
from citrine_py.modules.job_progress import entered
from citrine_py.modules.remote_starts import forgotten
from citrine_py.ports import Clock, Delete, Put, Records
from citrine_py.ports_files import LogFiles

log = structlog.get_logger()

SWEEP_EVERY = 3600.0
"""Seconds between looks."""
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class JobSweep:
    """`days`: the age, since anything was heard of it, at which a job goes. What is still
    wanted stays."""

    records: Records
    files: LogFiles
    clock: Clock
    days: int

    async def run(self) -> None:
        """Looks every hour, for ever."""
        while True:
            await self.clock.sleep(SWEEP_EVERY)
            try:
                await self.sweep()
            except StoreUnavailable as error:
                log.info("job.sweep_failed", reason=str(error))

    async def sweep(self) -> int:
        """Ends and removes what is too old now; how many jobs are gone.

        Raises:
            StoreUnavailable: the journal takes nothing now.
        """
        now = self.clock.now()
        over = entered("Failed", now, "no transaction came of it")
        await self.records.write(*(Put(JOB, key, over) for key in forgotten(self.records, now)))
        before = now - timedelta(days=self.days)
        old = [
            job.id
            for job in self.records.select(JOB)
            if job.status not in {"Wanted", None}
            and job.timestamp is not None
            and job.timestamp < before
        ]
        for start in range(0, len(old), _AT_ONCE):
            await self.records.write(*(Delete(JOB, key) for key in old[start : start + _AT_ONCE]))
        for name in self.files.names():
            if self.records.get(JOB, name) is None:
                self.files.remove(name)
        return len(old)
