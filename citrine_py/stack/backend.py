"""Postgres and Directus, without our service: the lower half of `up`, and of tests that need
no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from citrine_py import files
from citrine_py.stack import directus, postgres
from citrine_py.stack.directus import DirectusPlan
from citrine_py.stack.install import default_cache, ensure_installed
from citrine_py.stack.processes import run
from citrine_py.stack.progress import Progress
from citrine_py.stack.running import Running
from citrine_py.stack.state import Bootstrapped, Secrets, State

_POSTGRES_WITHIN = 300.0  # seconds; after a crash it first reads its log
_DIRECTUS_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Backend:
    """A running Directus."""

    url: str
    secrets: Secrets


def start_backend(running: Running, plan: DirectusPlan, secrets: Secrets) -> None:
    """Starts Postgres and Directus as children of `running`, and waits until both are ready.

    Raises:
        CitrineError: one of them does not start.
    """
    state, progress = running.state, running.progress
    database = postgres.locate(state.folder, state.logs / "postgres.log")
    with progress.step("starting Postgres"):
        done = state.bootstrapped()
        # Directus takes half of its tables for all of them, so they are made anew.
        if database.prepare(progress.say, anew=done is not None and done.unfinished):
            done = None
            state.note_bootstrapped(None)
        server = database.child()
        running.start(server, lambda: database.ready(server.pid), _POSTGRES_WITHIN)
    variables = directus.environment(plan, state, secrets, database)
    name = plan.installed.folder.name
    if done is None or done.installation != name:
        email = done.admin_email if done else plan.admin_email
        with progress.step("making Directus' tables"):
            if done is None:
                state.note_bootstrapped(Bootstrapped("", email))
            run(directus.bootstrap(plan, variables, state))
        state.note_bootstrapped(Bootstrapped(name, email))
    with progress.step("starting Directus"):
        running.start(
            directus.server(plan, variables, state),
            lambda: directus.answers(f"{plan.url}/server/health"),
            _DIRECTUS_WITHIN,
        )


@contextmanager
def running_backend(
    folder: Path,
    port: int,
    cache: Path | None = None,
    api_url: str = "http://127.0.0.1:8080",
    extensions: Callable[[], Path] = lambda: files.directus_folder() / "extensions",
) -> Iterator[Backend]:
    """A Directus on this port of the loopback, with state in `folder`, for as long as the block."""
    state, progress = State(folder), Progress()
    state.create()
    with state.hold():
        state.end_orphans()
        secrets = state.secrets()
        url = f"http://127.0.0.1:{port}"
        installed = ensure_installed(files.directus_folder(), cache or default_cache(), progress)
        plan = DirectusPlan(
            installed, "127.0.0.1", port, url, "admin@example.com", extensions(), api_url
        )
        running = Running(state, progress)
        try:
            start_backend(running, plan, secrets)
            yield Backend(url, secrets)
        finally:
            running.stop()
            state.forget_run()
