"""`up`: starts everything in order, keeps it running, stops it in reverse."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from citrine_py import files
from citrine_py.errors import CitrineError
from citrine_py.settings import Settings
from citrine_py.stack import directus, postgres
from citrine_py.stack.info import Addresses, addresses, table
from citrine_py.stack.install import Node, default_cache, ensure_installed
from citrine_py.stack.processes import Child
from citrine_py.stack.progress import Progress
from citrine_py.stack.state import Secrets, State

_DIRECTUS_WITHIN = 120.0  # seconds
_SERVICE_WITHIN = 60.0


class _Stopped(Exception):
    """SIGTERM or Ctrl-C."""


@dataclass(slots=True)
class _Stack:
    """What runs."""

    state: State
    progress: Progress
    database: postgres.Postgres
    children: list[Child]

    def start(self, child: Child, ready: Callable[[], bool], seconds: float) -> None:
        self.children.append(child)
        child.start()
        self.note()
        child.wait_ready(ready, seconds)

    def note(self) -> None:
        self.state.record({child.name: child.pid for child in self.children if child.pid})

    def watch(self) -> None:
        """Keeps all alive until a signal ends it."""
        while True:
            time.sleep(0.3)
            if not self.database.running:
                self.progress.say("Postgres ended; starting it again")
                self.database = postgres.start(self.state.database)
            for child in self.children:
                if child.keep_alive(self.progress.say):
                    self.note()

    def stop(self) -> None:
        for child in reversed(self.children):
            with self.progress.step(f"stopping {child.name}"):
                child.stop()
        with self.progress.step("stopping Postgres"):
            self.database.stop()
        self.state.forget_processes()


def up(settings: Settings) -> int:
    """Runs the whole system until Ctrl-C or SIGTERM; the exit code.

    Raises:
        CitrineError: it cannot start, or a part of it died too often.
    """
    state = State(settings.stack.folder)
    state.create()
    progress = Progress()
    with state.hold(), _signals_end_it(), ExitStack() as last:
        for name in state.end_orphans():
            progress.say(f"ended {name}, left over from a killed run")
        _check_ports(settings)
        started = time.monotonic()
        try:
            stack = _start(settings, state, progress, last)
            told = addresses(settings, state.secrets())
            progress.say(f"\nready after {time.monotonic() - started:.1f} s\n")
            progress.say(table(told))
            progress.say("\nCtrl-C stops it all.")
            stack.watch()
        except _Stopped:
            progress.say("")
    return 0


def _start(settings: Settings, state: State, progress: Progress, last: ExitStack) -> _Stack:
    secrets = state.secrets()
    told = addresses(settings, secrets)
    node = Node.of_wheel()
    definition = files.directus_folder()
    folder = ensure_installed(definition, settings.stack.cache or default_cache(), node, progress)
    with progress.step("starting Postgres"):
        database = postgres.start(state.database)
    stack = _Stack(state, progress, database, [])
    last.callback(stack.stop)
    plan = directus.DirectusPlan(
        host=settings.stack.directus_host,
        port=settings.stack.directus_port,
        admin_email=settings.stack.admin_email,
        extensions=definition / "extensions",
        api_url=told.api_url,
        api_token=told.api_token,
    )
    variables = directus.environment(plan, state, secrets, database)
    log = state.logs / "directus.log"
    with progress.step("preparing Directus' tables"):
        directus.bootstrap(folder, node, variables, log)
    with progress.step("starting Directus"):
        stack.start(
            directus.child(folder, node, variables, log),
            lambda: directus.answers(told.directus_url),
            _DIRECTUS_WITHIN,
        )
    with progress.step("provisioning Directus"):
        _provision(told, secrets)
    with progress.step("starting the service"):
        service = _service(settings, state, told, secrets)
        stack.start(service, lambda: _ready(told.api_url), _SERVICE_WITHIN)
    return stack


def _provision(told: Addresses, secrets: Secrets) -> None:
    from citrine_py.provision.run import provision

    asyncio.run(provision(told.directus_url, secrets.admin_token, secrets.service_token))


def _service(settings: Settings, state: State, told: Addresses, secrets: Secrets) -> Child:
    folder = settings.store.folder
    if "folder" not in settings.store.model_fields_set:
        folder = state.service
    variables = {
        **os.environ,
        "CITRINE_DIRECTUS_URL": told.directus_url,
        "CITRINE_DIRECTUS_TOKEN": secrets.service_token,
        "CITRINE_API_TOKEN": told.api_token,
        "CITRINE_STORE_FOLDER": str(folder.resolve()),
    }
    command = (sys.executable, "-m", "citrine_py", "serve")
    return Child("the service", command, variables, Path.cwd(), state.logs / "service.log")


def _ready(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/health/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _check_ports(settings: Settings) -> None:
    """Says which port is taken before anything starts."""
    wanted = [
        ("Directus", settings.stack.directus_host, settings.stack.directus_port,
         "CITRINE_STACK_DIRECTUS_PORT"),
        ("the API", settings.api.host, settings.api.port, "CITRINE_API_PORT"),
    ]  # fmt: skip
    variables = {"open": "CITRINE_CHARGERS_OPEN_PORT", "password": "CITRINE_CHARGERS_PASSWORD_PORT"}
    for listener in settings.charger_ports():
        variable = "CITRINE_LISTENERS" if settings.listeners else variables[listener.id]
        name = f"the charger port {listener.id!r}"
        wanted.append((name, listener.host, listener.port, variable))
    for name, host, port, variable in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                why = (
                    "is taken by another program"
                    if error.errno == errno.EADDRINUSE
                    else (f"cannot be used: {error.strerror}")
                )
                raise CitrineError(
                    f"port {port} on {host}, for {name}, {why}; set {variable} to another"
                ) from None


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """SIGTERM, SIGINT and a closed terminal raise _Stopped; once, so that stopping is finished."""

    def stop(_number: int, _frame: object) -> None:
        for number in caught:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    caught = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, stop) for number in caught]
    try:
        yield
    finally:
        for number, handler in zip(caught, before, strict=True):
            signal.signal(number, handler)
