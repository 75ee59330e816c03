"""A real Postgres and Directus, without provisioning and without our service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from citrine_py.files import directus_folder
from citrine_py.stack.backend import start_backend
from citrine_py.stack.directus import DirectusPlan
from citrine_py.stack.install import default_cache, ensure_installed
from citrine_py.stack.progress import Progress
from citrine_py.stack.running import Running
from citrine_py.stack.state import Secrets, State
from tests.whole_stack import free_ports

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Backend:
    url: str
    secrets: Secrets
    state: State

    def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secrets.admin_token}"}
        return httpx.get(f"{self.url}{path}", headers=headers)

    def log(self) -> str:
        return (self.state.logs / "directus.log").read_text()


@pytest.fixture(scope="module")
def backend(module_path: Path) -> Iterator[Backend]:
    state, progress = State(module_path / "state"), Progress()
    state.create()
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    plan = DirectusPlan(
        installed=ensure_installed(directus_folder(), default_cache(), progress),
        host="127.0.0.1",
        port=port,
        url=url,
        admin_email="first@example.com",
        extensions=directus_folder() / "extensions",
        api_url="http://127.0.0.1:9",
    )
    running = Running(state, progress)
    try:
        start_backend(
            running,
            plan,
            state.secrets(),
        )
        yield Backend(url, state.secrets(), state)
    finally:
        running.stop()


def test_directus_is_healthy_and_knows_its_first_admin(backend: Backend) -> None:
    assert backend.get("/server/health").json()["status"] == "ok"
    assert backend.get("/users/me").json()["data"]["email"] == "first@example.com"


def test_directus_is_set_up_as_told(backend: Backend) -> None:
    told = backend.get("/server/info").json()["data"]
    assert told["version"] == "11.17.4"
    assert told["websocket"]["rest"]["path"] == "/websocket"
    assert told["rateLimit"] is False


def test_our_extensions_are_loaded(backend: Backend) -> None:
    loaded = backend.get("/extensions").json()["data"]
    names = {each["schema"]["name"] for each in loaded if each["schema"]}
    folders = {each.name for each in (directus_folder() / "extensions").iterdir() if each.is_dir()}
    assert len(names) >= len(folders) > 0
    assert "Couldn't" not in backend.log()


def test_directus_asks_nobody_for_newer_versions(backend: Backend) -> None:
    assert "Update available" not in backend.log()


def test_the_tables_are_remembered_as_made(backend: Backend) -> None:
    done = backend.state.bootstrapped()
    assert done is not None
    assert not done.unfinished
    assert done.admin_email == "first@example.com"
