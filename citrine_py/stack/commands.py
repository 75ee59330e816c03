"""up, down, reset and info, as the command line calls them. Each returns an exit code."""

from __future__ import annotations

import json
import shutil
import sys

import psutil

from citrine_py.errors import CitrineError
from citrine_py.settings import Settings
from citrine_py.stack.info import addresses, table
from citrine_py.stack.state import State

_STOPPED_WITHIN = 90.0  # seconds


def up(settings: Settings) -> int:
    """Starts everything and stays until it is stopped."""
    from citrine_py.stack.up import up as run

    return run(settings)


def down(settings: Settings) -> int:
    """Stops the `up` of this state folder and waits for it."""
    state = State(settings.stack.folder)
    process = state.running_up()
    if process is None:
        left = state.end_orphans() if state.exists else []
        _stop_database(state)
        print(f"stopped {', '.join(left)}" if left else "not running")
        return 0
    process.terminate()
    try:
        process.wait(_STOPPED_WITHIN)
    except psutil.TimeoutExpired:
        raise CitrineError(f"process {process.pid} has not stopped; look at {state.logs}") from None
    print("stopped")
    return 0


def reset(settings: Settings, yes: bool) -> int:
    """Drops the state folder: database, secrets, logs, the service's journal."""
    state = State(settings.stack.folder)
    if not state.exists:
        print(f"nothing to drop in {state.folder}")
        return 0
    if not yes and not _agreed(f"Drop all data and secrets in {state.folder}? [y/N] "):
        print("nothing was dropped")
        return 1
    down(settings)
    with state.hold():
        shutil.rmtree(state.folder)
    print(f"dropped {state.folder}")
    return 0


def info(settings: Settings, as_json: bool) -> int:
    """Tells where everything is; exit code 1 when it does not run."""
    state = State(settings.stack.folder)
    if not state.exists:
        raise CitrineError(f"nothing was started on {state.folder} yet: run `make up`")
    told = addresses(settings, state.secrets())
    running = state.running_up() is not None
    if as_json:
        print(
            json.dumps(
                {"running": running, **told.as_dict(), "folder": str(state.folder)}, indent=2
            )
        )
    else:
        print(table(told))
        if not running:
            print("\nnot running: `make up` starts it")
    return 0 if running else 1


def _stop_database(state: State) -> None:
    """Stops a Postgres that a killed `up` left running."""
    if not (state.database / "postmaster.pid").exists():
        return
    from citrine_py.stack import postgres

    postgres.start(state.database).stop()


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CitrineError("not a terminal to ask on: add --yes to drop the state")
    return input(question).strip().lower() in {"y", "yes"}
