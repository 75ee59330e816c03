"""What a Directus of `up` is told, and that nothing else reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.stack.directus import answers, bootstrap, environment, server
from tests.stack.samples import database, plan, secrets, state
from tests.whole_stack import free_ports


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    return environment(plan(tmp_path), state(tmp_path), secrets(), database(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "127.0.0.1"),
        ("WEBSOCKETS_ENABLED", "true"),
        ("MAX_PAYLOAD_SIZE", "32mb"),
        ("IMPORT_IP_DENY_LIST", "169.254.169.254"),
        ("FLOWS_ENV_ALLOW_LIST", "CITRINE_API_URL,CITRINE_API_TOKEN"),
        ("CITRINE_API_URL", "http://127.0.0.1:8080"),
        ("CITRINE_API_TOKEN", "secret-3"),
        ("TELEMETRY", "false"),
        ("EMAIL_SENDMAIL_PATH", "false"),
    ],
)
def test_it_is_told(told: dict[str, str], name: str, value: str) -> None:
    assert told[name] == value


def test_limits_that_would_bite_are_left_unset(told: dict[str, str]) -> None:
    assert not {name for name in told if name.startswith(("QUERY_LIMIT", "RATE_LIMITER"))}


def test_the_users_own_variables_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DB_SSL", "RATE_LIMITER_ENABLED", "CITRINE_DIRECTUS_TOKEN", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "mine")
    told = environment(plan(tmp_path), state(tmp_path), secrets(), database(tmp_path))
    assert "mine" not in told.values()


def test_everything_it_writes_is_in_the_state_folder(told: dict[str, str], tmp_path: Path) -> None:
    for name in ("STORAGE_LOCAL_ROOT", "TEMP_PATH"):
        assert Path(told[name]).is_relative_to(tmp_path / "state")
    child = server(plan(tmp_path), told, state(tmp_path))
    assert child.folder.is_relative_to(tmp_path / "state")
    assert child.log.is_relative_to(tmp_path / "state")


def test_it_is_started_without_a_look_for_newer_versions(
    told: dict[str, str], tmp_path: Path
) -> None:
    """The package's cli.js asks a registry first, however far away."""
    for job in (bootstrap, server):
        command = [str(part) for part in job(plan(tmp_path), told, state(tmp_path)).command]
        assert command[1].endswith("@directus/api/dist/cli/run.js")


def test_nobody_there_is_no_answer() -> None:
    (port,) = free_ports(1)
    assert not answers(f"http://127.0.0.1:{port}/server/health")
