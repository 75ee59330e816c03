"""`up`: starts everything in order, keeps it running, stops it in reverse."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citrine_py import files, log
from citrine_py.settings import Settings
from citrine_py.stack import directus, ports
from citrine_py.stack.backend import start_backend
from citrine_py.stack.info import Addresses, addresses, table
from citrine_py.stack.install import default_cache, ensure_installed
from citrine_py.stack.processes import Child, stop_with_parent
from citrine_py.stack.progress import Progress
from citrine_py.stack.running import Running
from citrine_py.stack.state import Secrets, State

_SERVICE_WITHIN = 60.0  # seconds
_NOT_THE_SERVICES = {"CITRINE_DIRECTUS_ADMIN_TOKEN"}


class _Stopped(BaseException):
    """SIGTERM, Ctrl-C or a closed terminal; a BaseException, so that nothing on the way up
    takes it for a failure.
    """


def up(settings: Settings) -> int:
    """Runs the whole system until Ctrl-C or SIGTERM; the exit code.

    Raises:
        CitrineError: it cannot start, or a part of it died too often.
    """
    state, progress = State(settings.stack.folder), Progress()
    if settings.stack.stop_with_parent:
        stop_with_parent()
    state.create()
    with state.hold():
        running = Running(state, progress)
        try:
            with _signals_end_it(), (state.logs / "up.log").open("a") as own_log:
                log.set_up(settings.log.level, settings.log.format, own_log)
                _run(settings, running)
        except _Stopped:
            progress.say("")
        finally:
            with _signals_ignored():
                state.note_stopping()
                running.stop()
                state.forget_run()
    return 0


def _run(settings: Settings, running: Running) -> None:
    state, progress = running.state, running.progress
    started = time.monotonic()
    for name in state.end_orphans():
        progress.say(f"  ended {name}, left over from a killed run")
    secrets = state.secrets(_given(settings))
    done = state.bootstrapped()
    told = addresses(settings, done.admin_email if done else None)
    state.note_starting(told.as_dict())
    ports.check(ports.wanted(settings))
    _start(settings, running, told, secrets)
    state.note_running()
    progress.say(f"\nReady after {time.monotonic() - started:.1f} s.\n")
    progress.say(table(told, secrets))
    progress.say(f"\nLogs: {state.logs}. Ctrl-C stops everything.")
    running.keep_alive()


def _start(settings: Settings, running: Running, told: Addresses, secrets: Secrets) -> None:
    definition = files.directus_folder()
    cache = (settings.stack.cache or default_cache()).expanduser().absolute()
    plan = directus.DirectusPlan(
        installed=ensure_installed(definition, cache, running.progress),
        host=settings.stack.directus_host,
        port=settings.stack.directus_port,
        url=told.directus_url,
        admin_email=told.admin_email,
        extensions=definition / "extensions",
        api_url=told.api_url,
    )
    start_backend(running, plan, secrets)
    with running.progress.step("provisioning Directus"):
        _provision(told, secrets)
    with running.progress.step("starting the service"):
        running.start(
            _service(settings, running.state, told, secrets),
            lambda: directus.answers(f"{told.api_url}/health/ready"),
            _SERVICE_WITHIN,
        )


def _given(settings: Settings) -> dict[str, str]:
    """The secrets that the operator set; they stand before those generated."""
    given = {
        "admin_token": settings.directus.admin_token,
        "service_token": settings.directus.token,
        "api_token": settings.api.token,
        "secrets_key": settings.secrets.key,
    }
    return {name: value.get_secret_value() for name, value in given.items() if value is not None}


def _provision(told: Addresses, secrets: Secrets) -> None:
    from citrine_py.provision.run import provision

    asyncio.run(provision(told.directus_url, secrets.admin_token, secrets.service_token))


def service_folder(settings: Settings, state: State) -> Path:
    """Where the service's journal is: in the state folder, unless the operator says otherwise."""
    if "folder" in settings.store.model_fields_set:
        return settings.store.folder.expanduser().absolute()
    return state.service


def _service(settings: Settings, state: State, told: Addresses, secrets: Secrets) -> Child:
    variables = {
        **{name: value for name, value in os.environ.items() if name not in _NOT_THE_SERVICES},
        "CITRINE_DIRECTUS_URL": told.directus_url,
        "CITRINE_DIRECTUS_TOKEN": secrets.service_token,
        "CITRINE_API_TOKEN": secrets.api_token,
        "CITRINE_SECRETS_KEY": secrets.secrets_key,
        "CITRINE_STORE_FOLDER": str(service_folder(settings, state)),
    }
    command = (sys.executable, "-m", "citrine_py", "serve")
    return Child("the service", command, variables, Path.cwd(), state.logs / "service.log")


_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """The first of these signals raises _Stopped; the rest are ignored, so that stopping is
    finished.
    """

    def stop(_number: int, _frame: object) -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    with _handled(stop):
        yield


@contextmanager
def _signals_ignored() -> Iterator[None]:
    with _handled(signal.SIG_IGN):
        yield


@contextmanager
def _handled(handler: signal.Handlers | object) -> Iterator[None]:
    before = [signal.signal(number, handler) for number in _ENDING]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, old in zip(_ENDING, before, strict=True):
            signal.signal(number, old)
