"""Runs benchmarks on a rig of their own and prints their table."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from bench.figures import Section, table
from bench.rig import Rig, rig

Benchmark: TypeAlias = Callable[[Rig], Awaitable[Section]]

REPEATS = 3


def main(*benchmarks: Benchmark) -> None:
    """The table goes to stdout, what is going on to stderr."""
    print(table(asyncio.run(measured(benchmarks))))


async def measured(benchmarks: Sequence[Benchmark]) -> list[Section]:
    """One after the other, all on the same Directus."""
    begun = time.monotonic()
    sections = []
    async with rig() as stage:
        for benchmark in benchmarks:
            name = benchmark.__module__.rpartition(".")[2]
            print(f"  measuring {name}, {time.monotonic() - begun:.0f} s", file=sys.stderr)
            sections.append(await benchmark(stage))
    print(f"  done, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return sections
