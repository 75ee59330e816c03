"""The service as a process of the tests' own: `citrine-py serve`, killed and started at will."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil

from citrine_py.stack.processes import Child, log_end
from tests.faults.backend import PATIENCE, Backend, end_all, quiet_ports

DRAINED_WITHIN = 300.0  # seconds until Directus has all that the journal holds


class Service:
    """One service on a backend.

    Args:
        backend: whose Directus it uses.
        folder: of its log and, unless `journal` says otherwise, its journal.
        journal: folder of the journal.
        directus_url: where it believes Directus to be, such as a proxy.
        more: further variables of its environment.
    """

    def __init__(
        self,
        backend: Backend,
        folder: Path,
        *,
        journal: Path | None = None,
        directus_url: str | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        open_port, password_port = quiet_ports(2)
        self.journal = journal or folder / "journal"
        self.log = folder / "service.log"
        self.stations_url = f"ws://127.0.0.1:{open_port}"
        self.api_url = f"http://127.0.0.1:{backend.api_port}"
        self._token = backend.api_token
        variables = {
            **{name: v for name, v in os.environ.items() if not name.startswith("CITRINE_")},
            "CITRINE_DIRECTUS_URL": directus_url or backend.url,
            "CITRINE_DIRECTUS_TOKEN": backend.service_token,
            "CITRINE_API_TOKEN": backend.api_token,
            "CITRINE_API_PORT": str(backend.api_port),
            "CITRINE_CHARGERS_OPEN_PORT": str(open_port),
            "CITRINE_CHARGERS_PASSWORD_PORT": str(password_port),
            "CITRINE_STORE_FOLDER": str(self.journal),
            "CITRINE_STORE_TOUCH_INTERVAL": "1",
            "CITRINE_LOG_FORMAT": "json",
            **(more or {}),
        }
        command = (sys.executable, "-m", "citrine_py", "serve")
        self._child = Child("the service", command, variables, folder, self.log)

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._child.pid is not None
        return self._child.pid

    def start(self) -> None:
        """Starts the process, and does not wait."""
        self._child.start()

    async def ready(self) -> None:
        """Waits until stations and people can come."""
        deadline = time.monotonic() + PATIENCE
        while not await self._answers():
            code = self._child.exit_code()
            assert code is None, f"the service ended with {code}:\n{log_end(self.log)}"
            assert time.monotonic() < deadline, f"the service is not ready:\n{log_end(self.log)}"
            await asyncio.sleep(0.05)

    async def begin(self) -> None:
        """Starts it and waits until it is ready."""
        self.start()
        await self.ready()

    def kill(self) -> None:
        """kill -9, wherever it stands; nothing if it is gone."""
        if self._child.exit_code() is None:
            end_all([psutil.Process(self.pid)])
        self._child.stop()

    def stop(self) -> None:
        """Ends it as an operator does."""
        self._child.stop()

    async def metrics(self) -> dict[str, float]:
        """Its metrics without labels, those with labels summed up; none while it is away."""
        try:
            async with self._client() as client:
                answer = await client.get("/metrics")
        except httpx.HTTPError:
            return {}
        found: dict[str, float] = {}
        for line in answer.text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    async def rejected(self) -> int:
        """Changes that Directus refused for good."""
        metrics = await self.metrics()
        return int(sum(v for k, v in metrics.items() if k.startswith("citrine_records_rejected")))

    async def drained(self) -> float:
        """Waits until Directus has all; the seconds that it took."""
        started = time.monotonic()
        while True:
            metrics = await self.metrics()
            if metrics and metrics["citrine_journal_rows"] == 0:
                return time.monotonic() - started
            assert time.monotonic() - started < DRAINED_WITHIN, metrics
            await asyncio.sleep(0.1)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The lines of its log that tell one of these events."""
        found = []
        for line in self.log.read_bytes().splitlines():
            try:
                told = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(told, dict) and told.get("event") in names:
                found.append(told)
        return found

    async def _answers(self) -> bool:
        try:
            async with self._client() as client:
                return (await client.get("/health/ready")).status_code == 200
        except httpx.HTTPError:
            return False

    def _client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self._token}"}
        return httpx.AsyncClient(base_url=self.api_url, headers=headers, timeout=10)
