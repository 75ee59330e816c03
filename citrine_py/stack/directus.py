"""How Directus is told what it is: one environment, for `up` and (by a test) for compose."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from citrine_py.stack.install import Installation
from citrine_py.stack.postgres import DATABASE, PORT, USER, Postgres
from citrine_py.stack.processes import Child
from citrine_py.stack.state import Secrets, State

BEHAVIOUR: Mapping[str, str] = {
    "WEBSOCKETS_ENABLED": "true",  # the service learns of edits by realtime
    "MAX_PAYLOAD_SIZE": "32mb",  # the default of 1mb refuses our batches
    "IMPORT_IP_DENY_LIST": "169.254.169.254",  # the default denies flows the service next door
    "FLOWS_ENV_ALLOW_LIST": "CITRINE_API_URL,CITRINE_API_TOKEN",
    "CACHE_ENABLED": "false",
    "EXTENSIONS_AUTO_RELOAD": "false",
    "TELEMETRY": "false",
    "LOG_STYLE": "raw",
    "EMAIL_VERIFY_SETUP": "false",
}
"""What Directus must be set to for the product to work, wherever it runs."""

_MAIL_NOWHERE: Mapping[str, str] = {
    "EMAIL_TRANSPORT": "sendmail",  # any other transport, unreachable, makes Directus unhealthy
    "EMAIL_SENDMAIL_PATH": "false",  # the program: mails fail instead of leaving the machine
}
_INHERITED = (
    "PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip


# What the package's own cli.js starts, after asking a registry for a newer version of itself.
_PROGRAM = "node_modules/@directus/api/dist/cli/run.js"


@dataclass(frozen=True, slots=True)
class DirectusPlan:
    """Where Directus runs and what it is given."""

    installed: Installation
    host: str
    port: int
    url: str
    admin_email: str
    extensions: Path
    api_url: str


def environment(plan: DirectusPlan, state: State, secrets: Secrets, db: Postgres) -> dict[str, str]:
    """The whole environment of a Directus of `up`; few names are inherited, since any variable
    of the user's could mean something to Directus.
    """
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        **BEHAVIOUR,
        **_MAIL_NOWHERE,
        "NODE_ENV": "production",
        "LOG_LEVEL": "warn",
        "HOST": plan.host,
        "PORT": str(plan.port),
        "PUBLIC_URL": plan.url,
        "SECRET": secrets.directus_secret,
        "ADMIN_EMAIL": plan.admin_email,
        "ADMIN_PASSWORD": secrets.admin_password,
        "ADMIN_TOKEN": secrets.admin_token,
        "DB_CLIENT": "pg",
        "DB_HOST": str(db.socket_folder),
        "DB_PORT": PORT,
        "DB_DATABASE": DATABASE,
        "DB_USER": USER,
        "DB_PASSWORD": "",
        "STORAGE_LOCATIONS": "local",
        "STORAGE_LOCAL_ROOT": str(state.uploads),
        "TEMP_PATH": str(state.directus / "temporary"),
        "EXTENSIONS_PATH": str(plan.extensions),
        "PACKAGE_FILE_LOCATION": str(plan.installed.folder),  # without it no extension is loaded
        "CITRINE_API_URL": plan.api_url,
        "CITRINE_API_TOKEN": secrets.api_token,
    }


def bootstrap(plan: DirectusPlan, variables: Mapping[str, str], state: State) -> Child:
    """The job that makes or migrates Directus' tables and its first admin; where all is done it
    does nothing.
    """
    return _program("Directus' bootstrap", "bootstrap", plan.installed, variables, state)


def server(plan: DirectusPlan, variables: Mapping[str, str], state: State) -> Child:
    """The Directus server, not started yet."""
    return _program("Directus", "start", plan.installed, variables, state)


def answers(url: str) -> bool:
    """Whether an HTTP server at `url` says 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _program(
    name: str, command: str, installed: Installation, variables: Mapping[str, str], state: State
) -> Child:
    program = (installed.node.binary, installed.folder / _PROGRAM, command)
    return Child(name, program, variables, state.directus, state.logs / "directus.log")
