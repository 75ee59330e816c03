"""What the benchmarks run on: a Postgres and a Directus of their own, provisioned as by `up`.

Everything is on loopback, in a temporary folder, and gone when the block ends.
The services are started by `service`, since most benchmarks need several.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.directus import Admin
from citrine_py import files, log
from citrine_py.provision.run import provision
from citrine_py.stack import postgres
from citrine_py.stack.backend import start_backend
from citrine_py.stack.directus import DirectusPlan
from citrine_py.stack.install import default_cache, ensure_installed
from citrine_py.stack.progress import Progress
from citrine_py.stack.running import Running
from citrine_py.stack.state import Secrets, State
from tests.whole_stack import free_ports


class Murmur(Progress):
    """Tells its steps on stderr: stdout is for the table."""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def step(self, text: str, detail: Callable[[], str] = str) -> Iterator[None]:
        self.say(f"  {text}")
        yield


@dataclass(frozen=True, slots=True)
class Rig:
    """A Directus without a service. `directus_pid` is its process."""

    state: State
    secrets: Secrets
    directus_url: str
    directus_pid: int
    admin: Admin

    @property
    def folder(self) -> Path:
        """A folder for what a benchmark needs; it goes with the rig."""
        return self.state.folder

    def sql(self, statement: str) -> None:
        """Runs SQL behind Directus' back, to make many rows at once."""
        database = postgres.locate(self.folder, self.state.logs / "postgres.log")
        where = ("-h", str(database.socket_folder), "-U", postgres.USER, "-d", postgres.DATABASE)
        program = (str(database.binaries / "psql"), *where, "-q", "-v", "ON_ERROR_STOP=1")
        account = database.account
        subprocess.run(
            [*program, "-c", statement],
            check=True,
            stdout=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
        )


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    """A rig that stands as long as the block lasts."""
    log.set_up("error")
    with tempfile.TemporaryDirectory(prefix="citrine-bench-", ignore_cleanup_errors=True) as name:
        state = State(Path(name))
        state.create()
        secrets = state.secrets()
        api, directus = free_ports(2)
        plan = DirectusPlan(
            installed=ensure_installed(files.directus_folder(), default_cache(), Murmur()),
            host="127.0.0.1",
            port=directus,
            url=f"http://127.0.0.1:{directus}",
            admin_email="admin@example.com",
            extensions=files.directus_folder() / "extensions",
            api_url=f"http://127.0.0.1:{api}",
        )
        running = Running(state, Murmur())
        try:
            start_backend(running, plan, secrets)
            await provision(plan.url, secrets.admin_token, secrets.service_token)
            async with Admin(plan.url, secrets.admin_token) as admin:
                yield Rig(state, secrets, plan.url, _pid(state, "Directus"), admin)
        finally:
            running.stop()


def _pid(state: State, name: str) -> int:
    children = json.loads((state.folder / "run.json").read_text())["children"]
    return next(int(child["pid"]) for child in children if child["name"] == name)
