"""`make soak`: the experiments of `tests/faults` at length, with a report.

python -m tests.soak [NAME ...] [--seed N] [--short] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from citrine_py import log
from tests.faults.catalogue import EXPERIMENTS
from tests.faults.lab import Lab, running_lab
from tests.faults.result import Experiment, Result

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "soak-reports"  # git ignores it


@dataclass(frozen=True, slots=True)
class Done:
    """An experiment that was carried out."""

    experiment: Experiment
    result: Result
    seconds: float

    @property
    def verdict(self) -> str:
        return "FAILED" if self.result.failures else "passed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is asked for, writes the report and prints it; 1 if anything failed."""
    asked = _asked(arguments)
    folder: Path = asked.folder / datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    folder.mkdir(parents=True)
    chosen = [each for each in EXPERIMENTS if not asked.name or each.name in asked.name]
    with (
        tempfile.TemporaryDirectory(prefix="citrine-soak-") as place,
        (folder / "stores.log").open("w") as stores,
    ):
        log.set_up("info", "json", stores)
        with running_lab(Path(place)) as lab:
            done = [_carried_out(lab, each, asked, folder) for each in chosen]
    text = report(done, asked.seed, short=asked.short)
    (folder / "report.md").write_text(text)
    print(f"\n{text}\nwritten to {folder / 'report.md'}")
    return any(each.result.failures for each in done)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [each.name for each in EXPERIMENTS]
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"which, else all: {', '.join(names)}")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of chance")
    parser.add_argument("--short", action="store_true", help="as `make test` runs them")
    parser.add_argument("--folder", type=Path, default=REPORTS, help="of the reports")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.name) - set(names):
        parser.error(f"no experiment {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return asked


def _carried_out(lab: Lab, experiment: Experiment, asked: argparse.Namespace, folder: Path) -> Done:
    """One that breaks off is one that failed; the next finds all running again."""
    print(f"{experiment.name} ... ", end="", flush=True)
    began = time.monotonic()
    size = experiment.short if asked.short else experiment.soak
    try:
        result = asyncio.run(experiment.run(lab, size, asked.seed))
    except Exception:  # noqa: BLE001 - whatever it is, it belongs into the report
        result = Result(failures=[traceback.format_exc()])
        asyncio.run(lab.backend.revive())
    done = Done(experiment, result, time.monotonic() - began)
    print(f"{done.verdict} after {done.seconds:.0f} s", flush=True)
    if result.failures:
        print(result.told(), flush=True)
        for file in lab.folder.glob("service-*/service.log"):
            shutil.copy(file, folder / f"{experiment.name}-{file.parent.name}.log")
    return done


# ---- the report ------------------------------------------------------------------------


def report(done: Sequence[Done], seed: int, *, short: bool) -> str:
    """The report in Markdown."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    lines = [
        "# Soak report",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}, seed {seed}.",
        f"{'Short' if short else 'Full'} length, {os.cpu_count()} CPUs, load average {load}.",
        "",
        "| Experiment | Verdict | Seconds |",
        "|---|---|---|",
        *(f"| {e.experiment.title} | {e.verdict} | {e.seconds:.0f} |" for e in done),
    ]
    for each in done:
        lines += ["", f"## {each.experiment.title}", ""]
        lines += [f"`{each.experiment.name}`: {each.verdict}.", ""]
        lines += _section(each.result)
    return "\n".join(lines) + "\n"


def _section(result: Result) -> list[str]:
    lines = ["| Figure | Value |", "|---|---|"] if result.figures else []
    lines += [f"| {name} | {value} |" for name, value in result.figures.items()]
    if result.latencies:
        lines += ["", "Milliseconds from a station's call to its answer:", ""]
        lines += [
            "| Phase | Answers | p50 | p99 | Worst | Other ends |",
            "|---|---|---|---|---|---|",
        ]
        lines += [f"| {' | '.join(row)} |" for row in result.latency_table()]
    if result.failures:
        lines += ["", "Not as promised:", "", "```", result.told(), "```"]
    return lines


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
