"""All experiments."""

from __future__ import annotations

from tests.faults.experiments import (
    bad_line,
    churn,
    full_disk,
    killed_service,
    outage,
    racing_edits,
    torn_journal,
)

EXPERIMENTS = (
    killed_service.EXPERIMENT,
    outage.EXPERIMENT,
    bad_line.EXPERIMENT,
    full_disk.EXPERIMENT,
    torn_journal.EXPERIMENT,
    racing_edits.EXPERIMENT,
    churn.EXPERIMENT,
)
