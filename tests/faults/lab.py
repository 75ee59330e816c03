"""What the experiments share: a backend, services and fleets on it, and the full comparison."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.faults.backend import Backend
from tests.faults.comparison import Finding, Log, compare
from tests.faults.directus import admin, rows_of
from tests.faults.service import Service
from tests.faults.stations import Fleet


class Lab:
    """A place for experiments, one after the other.

    Args:
        backend: running.
        folder: for the services' logs and journals.
    """

    def __init__(self, backend: Backend, folder: Path) -> None:
        self.backend = backend
        self.folder = folder

    @asynccontextmanager
    async def service(self, **options: Any) -> AsyncIterator[Service]:
        """A running service with a journal of its own; ended with the block."""
        service = Service(self.backend, self.folder / f"service-{uuid4().hex[:8]}", **options)
        try:
            await service.begin()
            yield service
        finally:
            service.kill()

    def fleet(self, service: Service, count: int, *, seed: int, pace: float) -> Fleet:
        """Stations whose ids no other fleet has."""
        prefix = f"load-{uuid4().hex[:8]}"
        return Fleet(service.stations_url, prefix, count, seed=seed, pace=pace)

    async def findings(self, fleet: Fleet, log: Log) -> list[Finding]:
        """The full comparison of a fleet that has gone and a journal that is empty."""
        async with admin(self.backend) as client:
            rows = await rows_of(client, fleet.prefix)
        return [
            finding
            for each in fleet.stations
            for finding in compare(each.id, each.told, rows.get(each.id, {}), log)
        ]


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """A lab in `folder`, with a backend of its own that ends with the block."""
    backend = Backend(folder / "backend")
    try:
        backend.create()
        yield Lab(backend, folder)
    finally:
        backend.close()
