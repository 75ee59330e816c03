"""Postgres and Directus as processes of the tests' own, to be killed and started again.

`up` would start them anew at once and give up after a few deaths; here the test
decides when they are there. The kernel ends a child together with the thread
that started it, so all is started from the main thread.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from citrine_py import files
from citrine_py.provision.run import provision
from citrine_py.stack import directus, postgres
from citrine_py.stack.install import default_cache, ensure_installed
from citrine_py.stack.processes import Child, run
from citrine_py.stack.progress import Progress
from citrine_py.stack.state import State

PATIENCE = 120.0  # seconds for a process to be ready, on a machine that does much else besides


class Backend:
    """One provisioned Directus on a Postgres of its own; both run once `create` is done.

    Attributes:
        url: of Directus.
        admin_token: of its admin.
        service_token: of the account that our service uses.
        api_port: where our service must listen for Directus' flows to find it.
    """

    def __init__(self, folder: Path) -> None:
        self._state = State(folder)
        self._state.create()
        self._secrets = self._state.secrets()
        port, self.api_port = quiet_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.admin_token = self._secrets.admin_token
        self.service_token = self._secrets.service_token
        self.api_token = self._secrets.api_token
        self._database = postgres.locate(self._state.folder, self._state.logs / "postgres.log")
        definition = files.directus_folder()
        self._plan = directus.DirectusPlan(
            installed=ensure_installed(definition, default_cache(), Progress()),
            host="127.0.0.1",
            port=port,
            url=self.url,
            admin_email="admin@example.com",
            extensions=definition / "extensions",
            api_url=f"http://127.0.0.1:{self.api_port}",
        )
        self._postgres: Child | None = None
        self._directus: Child | None = None

    def create(self) -> None:
        """Makes the database and its tables, starts both, provisions Directus."""
        self._start_postgres()
        self._wait(self._postgres, self._postgres_ready)
        variables = self._variables()
        run(directus.bootstrap(self._plan, variables, self._state))
        self._start_directus()
        self._wait(self._directus, self._directus_ready)
        asyncio.run(provision(self.url, self.admin_token, self.service_token))

    def close(self) -> None:
        """Stops what runs."""
        for child in (self._directus, self._postgres):
            if child is not None:
                child.stop()

    async def start_directus(self) -> None:
        """Starts it, and waits until it answers."""
        self._start_directus()
        await self._ready(self._directus, self._directus_ready)

    async def start_postgres(self) -> None:
        """Starts it, and waits until it takes connections."""
        self._start_postgres()
        await self._ready(self._postgres, self._postgres_ready)

    def kill_directus(self) -> None:
        """kill -9."""
        _kill(self._directus)

    def kill_postgres(self) -> None:
        """kill -9 of all its processes at once, as a machine that loses its power does it."""
        _kill(self._postgres)

    async def revive(self) -> None:
        """Starts what is not there, after an experiment that broke off."""
        if self._postgres is None or self._postgres.exit_code() is not None:
            await self.start_postgres()
        if not self.directus_runs:
            await self.start_directus()

    @property
    def directus_runs(self) -> bool:
        """Whether its process is there."""
        return self._directus is not None and self._directus.exit_code() is None

    # ---- inside --------------------------------------------------------------------------

    def _start_postgres(self) -> None:
        self._database.prepare(lambda _: None)
        self._postgres = self._database.child()
        self._postgres.start()

    def _start_directus(self) -> None:
        self._directus = directus.server(self._plan, self._variables(), self._state)
        self._directus.start()

    def _variables(self) -> dict[str, str]:
        return directus.environment(self._plan, self._state, self._secrets, self._database)

    def _postgres_ready(self) -> bool:
        return self._postgres is not None and self._database.ready(self._postgres.pid)

    def _directus_ready(self) -> bool:
        return directus.answers(f"{self.url}/server/health")

    @staticmethod
    def _wait(child: Child | None, ready: Callable[[], bool]) -> None:
        assert child is not None
        child.wait_ready(ready, PATIENCE)

    @staticmethod
    async def _ready(child: Child | None, ready: Callable[[], bool]) -> None:
        assert child is not None
        deadline = time.monotonic() + PATIENCE
        while not await asyncio.to_thread(ready):
            assert child.exit_code() is None, f"{child.name} ended; see {child.log}"
            assert time.monotonic() < deadline, f"{child.name} is not ready; see {child.log}"
            await asyncio.sleep(0.05)


def quiet_ports(count: int) -> list[int]:
    """Free ports below those that the kernel gives to outgoing connections: a station that
    knocks while nobody listens must not meet itself, nor take the port away."""
    found: list[int] = []
    for port in random.sample(range(15_000, 32_000), 500):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def _kill(child: Child | None) -> None:
    assert child is not None
    assert child.pid is not None
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(child.pid)
        end_all([process, *process.children(recursive=True)])
    child.stop()  # takes note that it has ended


def end_all(processes: Iterable[psutil.Process]) -> None:
    """kill -9, and waits until they are gone."""
    processes = list(processes)
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(processes, 10)
