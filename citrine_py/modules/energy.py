"""How much energy a transaction's readings prove: a guard between a meter and a bill.

A register only goes up, and no faster than a connector can deliver. Of all readings the
longest chain that keeps to that is believed; a first reading of 0 from a station that was
offline, a meter that jumps back, a last reading from another world stand outside the chain
and count for nothing. Pure functions over whole milliwatt-hours and milliseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from citrine_py.modules.meter_values import Reading

_LOOK_BACK = 60
"""Readings in a row that may be wrong before what follows them is taken for a new meter."""
_SLACK = 60_000
"""Milliseconds by which the times of two readings may be off."""
_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What is beyond belief. `power` in W, `energy` in Wh for one step without a reading."""

    power: int = 400_000
    energy: int = 500_000


@dataclass(frozen=True, slots=True)
class Chain:
    """The readings that are believed, in order, and those that are not."""

    believed: tuple[Reading, ...] = ()
    left_out: tuple[Reading, ...] = ()

    @property
    def total(self) -> int | None:
        """How many mWh from the first to the last; None where no reading is believed."""
        return self.believed[-1].energy - self.believed[0].energy if self.believed else None

    def until(self, at: int) -> int:
        """How many mWh flowed until the time `at`, in proportion between two readings."""
        if not self.believed or at <= self.believed[0].at:
            return 0
        after = bisect_right(self.believed, at, key=lambda each: each.at)
        here = self.believed[after - 1]
        done = here.energy - self.believed[0].energy
        if after == len(self.believed) or here.at == at:
            return done
        following = self.believed[after]
        step, span = following.energy - here.energy, following.at - here.at
        return done + step * (at - here.at) // span


def of_registers(readings: Sequence[Reading], limits: Limits) -> Chain:
    """The longest chain of register readings that can be true; of equal ones the later."""
    ordered = sorted(readings, key=_order)
    if all(_fits(a, b, limits) for a, b in pairwise(ordered)):
        return Chain(tuple(ordered))
    best: list[tuple[int, int]] = []  # length of the best chain that ends here, its step back
    for here, reading in enumerate(ordered):
        length, back = 1, -1
        for there in range(max(0, here - _LOOK_BACK), here):
            if best[there][0] + 1 >= length and _fits(ordered[there], reading, limits):
                length, back = best[there][0] + 1, there
        best.append((length, back))
    at = max(range(len(ordered)), key=lambda index: (best[index][0], index))
    chosen: set[int] = set()
    while at >= 0:
        chosen.add(at)
        at = best[at][1]
    return Chain(
        tuple(each for index, each in enumerate(ordered) if index in chosen),
        tuple(each for index, each in enumerate(ordered) if index not in chosen),
    )


def of_intervals(intervals: Sequence[Reading], since: int, limits: Limits) -> Chain:
    """A chain out of the energies of intervals, the first of which began at `since`."""
    counted, at = 0, since
    believed = [Reading(since, 0, "B")]
    left_out: list[Reading] = []
    for each in sorted(intervals, key=_order):
        step = Reading(max(at, each.at), counted + each.energy)
        if not _fits(Reading(at, counted), step, limits):
            left_out.append(each)
            continue
        at, counted = step.at, step.energy
        believed.append(step)
    return Chain(tuple(believed), tuple(left_out))


def _order(reading: Reading) -> tuple[int, int, int]:
    """By time; at the same time the begin first and the end last."""
    return reading.at, {"B": 0, "": 1, "E": 2}[reading.kind], reading.energy


def _fits(earlier: Reading, later: Reading, limits: Limits) -> bool:
    step = later.energy - earlier.energy
    if step < 0 or step > limits.energy * 1000:
        return False
    return step * _HOUR <= limits.power * 1000 * (later.at - earlier.at + _SLACK)
