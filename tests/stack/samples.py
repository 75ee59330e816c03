"""Values that the tests of `stack` build from."""

from __future__ import annotations

from pathlib import Path

from citrine_py.stack.directus import DirectusPlan
from citrine_py.stack.install import Installation, Node
from citrine_py.stack.postgres import Postgres
from citrine_py.stack.state import Secrets, State


def secrets() -> Secrets:
    return Secrets(*(f"secret-{number}" for number in range(6)))


def state(folder: Path) -> State:
    return State(folder / "state")


def plan(folder: Path) -> DirectusPlan:
    return DirectusPlan(
        installed=Installation(folder / "installed", Node(folder / "node", "22.0.0")),
        host="127.0.0.1",
        port=8055,
        url="http://127.0.0.1:8055",
        admin_email="admin@example.com",
        extensions=folder / "extensions",
        api_url="http://127.0.0.1:8080",
    )


def database(folder: Path) -> Postgres:
    return Postgres(folder / "postgres", folder / "run", folder / "log", folder / "bin", None)
