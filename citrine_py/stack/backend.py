"""Postgres and Directus, without our service: the lower half of `up`."""

from __future__ import annotations

from citrine_py.stack import directus, postgres
from citrine_py.stack.directus import DirectusPlan
from citrine_py.stack.processes import run
from citrine_py.stack.running import Running
from citrine_py.stack.state import Bootstrapped, Secrets

_POSTGRES_WITHIN = 300.0  # seconds; after a crash it first reads its log
_DIRECTUS_WITHIN = 120.0


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
