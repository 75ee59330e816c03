"""up, down, reset and info, as the command line calls them. Each returns an exit code."""

from __future__ import annotations

import json
import sys

import psutil

from citrine_py.errors import CitrineError
from citrine_py.settings import Settings
from citrine_py.stack.info import Addresses, addresses, as_json, table
from citrine_py.stack.processes import wait_ended
from citrine_py.stack.progress import Progress
from citrine_py.stack.state import State

_STOPPED_WITHIN = 120.0  # seconds


def up(settings: Settings) -> int:
    """Starts everything and stays until it is stopped."""
    from citrine_py.stack.up import up as run

    return run(settings)


def down(settings: Settings) -> int:
    """Stops the `up` of this state folder, or what a killed one left, and waits for it."""
    state = State(settings.stack.folder)
    print("stopped" if _stop(state) else f"not running on {state.folder}")
    return 0


def reset(settings: Settings, yes: bool) -> int:
    """Drops what `up` made in the state folder: database, secrets, logs, the service's journal."""
    from citrine_py.stack.up import service_folder

    state = State(settings.stack.folder)
    if not state.exists:
        print(f"nothing to drop in {state.folder}")
        return 0
    if not yes and not _agreed(f"Drop all data and secrets in {state.folder}? [y/N] "):
        print("nothing was dropped")
        return 1
    _stop(state)
    with state.hold():
        state.drop()
    print(f"dropped {state.folder}")
    journal = service_folder(settings, state)
    if journal.exists():
        print(f"the service's journal is elsewhere and was left: remove {journal} yourself")
    return 0


def info(settings: Settings, as_data: bool) -> int:
    """Tells where everything is; exit code 1 when it does not run.

    Raises:
        CitrineError: there is nothing to tell yet.
    """
    state = State(settings.stack.folder)
    if not state.exists:
        raise CitrineError(f"nothing was started on {state.folder} yet: run `make up`")
    alive, secrets, done = state.running_up() is not None, state.secrets(), state.bootstrapped()
    told = (
        Addresses.of(state.told())
        if alive
        else addresses(settings, done.admin_email if done else None)
    )
    running = state.ready()
    if as_data:
        print(json.dumps(as_json(told, secrets, state.folder, running), indent=2))
    else:
        print(table(told, secrets))
        if not running:
            print("\nstill starting" if alive else "\nnot running: `make up` starts it")
    return 0 if running else 1


def _stop(state: State) -> bool:
    """Whether there was something to stop.

    Raises:
        CitrineError: it does not stop, or belongs to somebody else.
    """
    process = state.running_up()
    if process is None:
        return bool(state.end_orphans())
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        raise CitrineError(f"process {process.pid} belongs to another user") from None
    with Progress().step("stopping"):
        if not wait_ended(process, _STOPPED_WITHIN):
            raise CitrineError(f"process {process.pid} has not stopped; look at {state.logs}")
    return True


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CitrineError("no terminal to ask on: `citrine-py reset --yes` drops the state")
    return input(question).strip().lower() in {"y", "yes"}
