"""What an experiment found: figures for the report, and what was not as promised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.faults.comparison import Finding
from tests.faults.lab import Lab
from tests.faults.stations import Fleet, Sample

SHOWN = 20  # failures that are told one by one


@dataclass
class Result:
    """Figures by name, in their order; latencies by phase; failures, which must be none."""

    figures: dict[str, object] = field(default_factory=dict)
    latencies: dict[str, list[Sample]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Notes a failure unless something holds."""
        if not holds:
            self.failures.append(otherwise)

    def found(self, findings: Sequence[Finding]) -> None:
        """Notes what the full comparison found."""
        self.figures["found by the comparison"] = len(findings) or "nothing"
        self.failures += [str(each) for each in findings]

    def told(self) -> str:
        """The first failures, for people."""
        more = len(self.failures) - SHOWN
        lines = [*self.failures[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return "\n".join(lines)

    def load(self, fleet: Fleet) -> None:
        """Notes what the stations did."""
        messages = list(fleet.told())
        self.figures |= {
            "stations": len(fleet.stations),
            "messages": len(messages),
            "answered": fleet.answers,
            "sent more than once": sum(each.attempts > 1 for each in messages),
            "CALLERRORs": fleet.refusals,
            "connections": sum(each.connections for each in fleet.stations),
        }
        self.expect(fleet.answers == len(messages), "some messages never got their answer")

    def latency_table(self) -> Iterable[tuple[str, ...]]:
        """A row for each phase: its name, answers, p50, p99 and worst in milliseconds, and
        attempts that ended otherwise."""
        for name, samples in self.latencies.items():
            times = sorted(1000 * each.seconds for each in samples if each.outcome == "result")
            shown = [f"{percentile(times, part):.1f}" for part in (0.5, 0.99, 1.0)]
            yield name, str(len(times)), *shown, str(len(samples) - len(times))


def percentile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of the values lies; 0 of none."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


Run: TypeAlias = Callable[[Lab, Any, int], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment in its two sizes: `short` among the tests, `soak` at length.

    `run` takes the lab, a size and a seed.
    """

    name: str
    title: str
    run: Run
    short: Any
    soak: Any
