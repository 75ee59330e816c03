"""The near end of the pipe to a process of `chargers`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import orjson

from bench.chargers import Crew, Round, Told

ROOT = Path(__file__).parents[1]
_LINE = 256 * 1024 * 1024  # bytes; a round's answer is one line
_LEAVE_WITHIN = 30.0  # seconds


class Fleet:
    """Connected chargers that wait for a round."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout

    async def ready(self) -> None:
        """Waits until all are connected and booted."""
        if await self._out.readline() != b"ready\n":
            raise RuntimeError("the chargers were not let in; what they said is above")

    async def perform(self, task: Round) -> Told:
        """A round; every message must have its answer."""
        self._in.write(orjson.dumps(asdict(task)) + b"\n")
        await self._in.drain()
        line = await self._out.readline()
        if not line:
            raise RuntimeError("the chargers ended; what they said is above")
        told = Told(**orjson.loads(line))
        if told.refused:
            raise RuntimeError(f"{told.refused} of {len(told.waits)} messages were refused")
        return told


@asynccontextmanager
async def fleet(crew: Crew) -> AsyncIterator[Fleet]:
    """Chargers that are connected as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.chargers", orjson.dumps(asdict(crew)).decode(),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
    )  # fmt: skip
    try:
        crewed = Fleet(process)
        await crewed.ready()
        yield crewed
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _LEAVE_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
