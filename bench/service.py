"""Services under test, each a process of its own: ours, or something plainer beside it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.fleet import ROOT
from bench.rig import Rig
from citrine_py.stack.processes import Child, log_end
from tests.whole_stack import free_ports

_READY_WITHIN = 120.0  # seconds
_DRAINED_WITHIN = 180.0
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """Something that chargers connect to at `charger_url`."""

    charger_url: str
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds that it has computed so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        """Bytes that are its own."""
        return float(self.process.memory_full_info().uss)


@dataclass(frozen=True, slots=True)
class Service(Server):
    """A citrine-py that runs.

    Attributes:
        journal: the folder of its journal.
        started_in: seconds from its start until it said that it is ready.
    """

    api_url: str
    journal: Path
    log: Path
    started_in: float

    def metric(self, name: str) -> float:
        """A metric's value now; those with labels are added up."""
        with urllib.request.urlopen(f"{self.api_url}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, values))

    def written(self) -> int:
        """Bytes that it has had written to disk so far."""
        return int(self.process.io_counters().write_bytes)

    async def drained(self) -> float:
        """Waits until Directus has everything; the monotonic time at which that was seen."""
        async with asyncio.timeout(_DRAINED_WITHIN):
            while self.metric("citrine_journal_rows"):
                await asyncio.sleep(_LOOK_EVERY)
        return time.monotonic()


@contextmanager
def service(
    rig: Rig, name: str, program: str = "citrine_py", more: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """A service that runs as long as the block lasts. `name` is that of its journal's folder;
    `program` is a module that takes `serve` as citrine_py does."""
    api, chargers, other = free_ports(3)
    folder = rig.folder / name
    folder.mkdir(exist_ok=True)
    log = rig.folder / f"{name}.log"
    log.unlink(missing_ok=True)
    environment = {
        **inherited(),
        "CITRINE_DIRECTUS_URL": rig.directus_url,
        "CITRINE_DIRECTUS_TOKEN": rig.secrets.service_token,
        "CITRINE_API_PORT": str(api),
        "CITRINE_CHARGERS_OPEN_PORT": str(chargers),
        "CITRINE_CHARGERS_PASSWORD_PORT": str(other),
        "CITRINE_STORE_FOLDER": str(folder),
        "CITRINE_LOG_FORMAT": "json",
        "CITRINE_CALLS_RATE": "0",  # as fast as the service can
        **(more or {}),
    }
    command = (sys.executable, "-m", program, "serve")
    child = Child(name, command, environment, rig.folder, log)
    api_url = f"http://127.0.0.1:{api}"
    before = time.monotonic()
    with _running(child, lambda: _answers(f"{api_url}/health/ready")):
        yield Service(
            charger_url=f"ws://127.0.0.1:{chargers}",
            process=psutil.Process(child.pid),
            api_url=api_url,
            journal=folder,
            log=log,
            started_in=time.monotonic() - before,
        )


@contextmanager
def plain(rig: Rig, task: str) -> Iterator[Server]:
    """A `bench.plain` that does `task`, as long as the block lasts."""
    (port,) = free_ports(1)
    environment = {
        **inherited(),
        "BENCH_DIRECTUS_URL": rig.directus_url,
        "BENCH_DIRECTUS_TOKEN": rig.secrets.admin_token,
    }
    command = (sys.executable, "-m", "bench.plain", task, str(port))
    log = rig.folder / f"{task}.log"
    log.unlink(missing_ok=True)
    child = Child(f"plain {task}", command, environment, rig.folder, log)
    with _running(child, lambda: "ready" in log.read_text()):
        yield Server(f"ws://127.0.0.1:{port}", psutil.Process(child.pid))


def inherited() -> dict[str, str]:
    """The environment without settings of ours, and with the way to this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CITRINE_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


@contextmanager
def _running(child: Child, ready: Callable[[], bool]) -> Iterator[None]:
    """Runs a process as long as the block lasts, and shows what it said when that fails."""
    child.start()
    try:
        child.wait_ready(ready, _READY_WITHIN)
        yield
    except Exception:
        print(f"{child.name} said:\n{log_end(child.log)}", file=sys.stderr)
        raise
    finally:
        child.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
