"""How Directus is told what it is: one environment, for `up` and (by a test) for compose."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from citrine_py.errors import CitrineError
from citrine_py.stack.install import Node
from citrine_py.stack.postgres import Postgres
from citrine_py.stack.processes import Child
from citrine_py.stack.state import Secrets, State

BEHAVIOUR: Mapping[str, str] = {
    "WEBSOCKETS_ENABLED": "true",  # the service learns of edits by realtime
    "MAX_PAYLOAD_SIZE": "32mb",  # the default of 1mb refuses our batches
    "IMPORT_IP_DENY_LIST": "169.254.169.254",  # the default denies flows the service next door
    "FLOWS_ENV_ALLOW_LIST": "CITRINE_API_URL,CITRINE_API_TOKEN",
    "TELEMETRY": "false",
    "CACHE_ENABLED": "false",
    "EXTENSIONS_AUTO_RELOAD": "false",
}
"""What Directus must be set to for the product to work, wherever it runs."""


@dataclass(frozen=True, slots=True)
class DirectusPlan:
    """Where Directus runs and what it is given."""

    host: str
    port: int
    admin_email: str
    extensions: Path
    api_url: str
    api_token: str


def environment(plan: DirectusPlan, state: State, secrets: Secrets, db: Postgres) -> dict[str, str]:
    """The environment of a Directus of `up`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CITRINE_")}
    return {
        **kept,
        **BEHAVIOUR,
        "HOST": plan.host,
        "PORT": str(plan.port),
        "PUBLIC_URL": f"http://{plan.host}:{plan.port}",
        "KEY": secrets.directus_key,
        "SECRET": secrets.directus_secret,
        "ADMIN_EMAIL": plan.admin_email,
        "ADMIN_PASSWORD": secrets.admin_password,
        "ADMIN_TOKEN": secrets.admin_token,
        "DB_CLIENT": "pg",
        "DB_HOST": str(db.socket_folder),
        "DB_PORT": "5432",
        "DB_DATABASE": db.database,
        "DB_USER": db.user,
        "DB_PASSWORD": "",
        "STORAGE_LOCATIONS": "local",
        "STORAGE_LOCAL_ROOT": str(state.uploads),
        "EXTENSIONS_PATH": str(plan.extensions),
        "CITRINE_API_URL": plan.api_url,
        "CITRINE_API_TOKEN": plan.api_token,
        "LOG_STYLE": "raw",
        "NODE_ENV": "production",
    }


def bootstrap(folder: Path, node: Node, variables: Mapping[str, str], log: Path) -> None:
    """Makes or migrates Directus' tables and its first admin; does nothing where all is done.

    Raises:
        CitrineError: with the end of its output.
    """
    with log.open("ab") as output:
        done = subprocess.run(
            [node.binary, "node_modules/directus/cli.js", "bootstrap"],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise CitrineError(f"Directus' bootstrap failed (exit code {done.returncode}):\n{end}")


def child(folder: Path, node: Node, variables: Mapping[str, str], log: Path) -> Child:
    """The Directus server as a child, not started yet."""
    command = (node.binary, "node_modules/directus/cli.js", "start")
    return Child("Directus", command, variables, folder, log)


def answers(url: str) -> bool:
    """Whether Directus at `url` is up."""
    try:
        return httpx.get(f"{url}/server/ping", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
