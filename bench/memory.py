"""What the service needs of memory, and its journal of the disk.

For connections: the bytes that connected chargers add, of stations whose records
are there already, beside those of a `websockets` server without rules. For
changes: Directus is stopped, so that they queue up.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from bench.chargers import Crew, Round
from bench.figures import Row, Section
from bench.fleet import Fleet, fleet
from bench.rig import Rig
from bench.run import REPEATS, main
from bench.service import Server, Service, plain, service

CONNECTIONS = 500
CHARGERS, EACH = 50, 100  # whose messages queue up
SETTLE = 1.0  # seconds


async def measure(rig: Rig) -> Section:
    """Connections without and with compression, then queued changes."""
    stations = Crew("", "memory-", CONNECTIONS).ids()
    await rig.admin.make("ChargingStation", [{"id": each} for each in stations])
    rows: list[Row] = []
    for compression in (False, True):
        ours: list[float] = []
        other: list[float] = []
        for _ in range(REPEATS):
            with plain(rig, "answer") as bare:
                other.append(await connected(bare, compression))
            with service(rig, "memory") as csms:
                ours.append(await connected(csms, compression))
        what = f"an idle connection{', compression offered' if compression else ''}"
        rows.append(Row(f"{what}: memory", ours, "KiB", other, "bare `websockets`"))
    return Section("Memory and disk", [*rows, *await queued(rig)])


async def connected(server: Server, compression: bool) -> float:
    """KiB that each of many connections takes."""
    before = server.memory()
    crew = Crew(server.charger_url, "memory-", CONNECTIONS, boots=False, compression=compression)
    async with fleet(crew):
        if isinstance(server, Service):
            await server.drained()
        await asyncio.sleep(SETTLE)
        return (server.memory() - before) / CONNECTIONS / 1024


async def queued(rig: Rig) -> list[Row]:
    """What changes take that Directus has not got yet."""
    found: list[Queued] = []
    for number in range(REPEATS):
        with service(rig, f"queued{number}") as csms:
            async with fleet(Crew(csms.charger_url, "queued-", CHARGERS)) as chargers:
                await chargers.perform(Round("NotifyEvent", count=1))
                await csms.drained()
                await asyncio.sleep(SETTLE)
                with silent(rig):
                    found.append(await filled(csms, chargers))
    what = "a change that waits for Directus"
    return [
        Row(f"{what}: memory", [each.memory for each in found], "bytes"),
        Row(f"{what}: the journal's files", [each.files for each in found], "bytes"),
        Row(f"{what}: written to disk", [each.written for each in found], "bytes"),
    ]


@dataclass(frozen=True, slots=True)
class Queued:
    """Bytes for each change."""

    memory: float
    files: float
    written: float


async def filled(csms: Service, chargers: Fleet) -> Queued:
    """Has changes queue up."""
    memory, files, written = csms.memory(), size(csms), csms.written()
    before = csms.metric("citrine_journal_rows")
    await chargers.perform(Round("NotifyEvent", count=EACH))
    changes = csms.metric("citrine_journal_rows") - before
    return Queued(
        (csms.memory() - memory) / changes,
        (size(csms) - files) / changes,
        (csms.written() - written) / changes,
    )


@contextmanager
def silent(rig: Rig) -> Iterator[None]:
    """Directus does not answer as long as the block lasts."""
    directus = psutil.Process(rig.directus_pid)
    directus.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        directus.send_signal(signal.SIGCONT)


def size(csms: Service) -> int:
    """Bytes of the journal's files."""
    return sum(path.stat().st_size for path in csms.journal.iterdir())


if __name__ == "__main__":
    main(measure)
