"""docker-compose.yml is valid, complete and closed to the world, as far as no engine is needed."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from citrine_py.env_example import (
    COMPOSE_ONLY,
    COMPOSE_OPTIONAL,
    COMPOSE_REQUIRED,
    env_example,
    groups,
)
from citrine_py.settings import Settings
from citrine_py.stack.directus import BEHAVIOUR, environment
from tests.stack.samples import database, plan, secrets, state

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"

# Settings that are fixed by the containers, or mean nothing in them.
FIXED = {
    "CITRINE_API_HOST",
    "CITRINE_API_PORT",
    "CITRINE_CHARGERS_HOST",
    "CITRINE_CHARGERS_OPEN_PORT",
    "CITRINE_CHARGERS_PASSWORD_PORT",
    "CITRINE_DIRECTUS_URL",
    "CITRINE_STORE_FOLDER",
}
NOT_THE_SERVICES = {"CITRINE_DIRECTUS_ADMIN_TOKEN"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


def test_it_fits_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    problems = jsonschema_rs.validator_for(json.loads(schema.read_text())).iter_errors(compose)
    assert [f"{list(each.instance_path)}: {each.message}" for each in problems] == []


def used() -> dict[str, set[str]]:
    """Every variable of the file with what follows its name: '', ':-default' or ':?message'."""
    found: dict[str, set[str]] = {}
    for name, rest in re.findall(r"\$\{(\w+)(:[-?][^${}]*)?", FILE.read_text()):
        found.setdefault(name, set()).add(rest)
    return found


def test_every_variable_is_in_the_example_and_known() -> None:
    example = set(re.findall(r"^#(\w+)=", env_example(), re.MULTILINE))
    settings = {variable.name for _, group in groups() for variable in group}
    others = {variable.name for variable in (*COMPOSE_ONLY, *COMPOSE_OPTIONAL)}
    assert set(used()) <= example
    assert set(used()) <= settings | others
    assert others <= set(used())


def test_what_has_no_default_must_be_set_and_says_so() -> None:
    required = {name for name, rests in used().items() if any(r.startswith(":?") for r in rests)}
    assert required == {*COMPOSE_REQUIRED, *(variable.name for variable in COMPOSE_ONLY)}
    for name, rests in used().items():
        assert all(rest.startswith(":?" if name in required else ":-") for rest in rests), name


def test_defaults_are_those_of_the_settings() -> None:
    defaults = {variable.name: variable.default for _, group in groups() for variable in group}
    for name, rests in used().items():
        for rest in rests:
            if rest.startswith(":-") and rest != ":-" and name in defaults:
                assert rest == f":-{defaults[name]}"


def test_the_service_gets_every_setting_of_its_own(compose: dict[str, Any]) -> None:
    given = compose["services"]["citrine"]["environment"]
    own = {
        variable.name
        for title, group in groups()
        if title != "stack"
        for variable in group
        if variable.name not in NOT_THE_SERVICES
    }
    assert set(given) == own
    for name in own - FIXED:
        assert given[name].startswith(f"${{{name}:"), name


def test_the_service_starts_with_what_it_gets(
    compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in compose["services"]["citrine"]["environment"].items():
        secret = re.sub(r"\$\{\w+:\?[^}]*\}", "s3cret", value)
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", secret))
    settings = Settings(_env_file=None)
    assert settings.api.port == 8080
    assert [port.port for port in settings.charger_ports()] == [8081, 8082]
    assert settings.boot == Settings.model_fields["boot"].default
    assert str(settings.store.folder) == "/data"


def test_admin_secrets_reach_only_whom_they_concern(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert "CITRINE_DIRECTUS_ADMIN_TOKEN" not in json.dumps(services["citrine"])
    assert "POSTGRES_PASSWORD" not in json.dumps([services["citrine"], services["provision"]])
    assert "env_file" not in json.dumps(services)


def test_directus_is_set_up_as_up_sets_it_up(compose: dict[str, Any], tmp_path: Path) -> None:
    given = compose["services"]["directus"]["environment"]
    assert {name: given.get(name) for name in BEHAVIOUR} == dict(BEHAVIOUR)
    local = set(environment(plan(tmp_path), state(tmp_path), secrets(), database(tmp_path)))
    machine = {"PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    only_local = {"EMAIL_TRANSPORT", "EMAIL_SENDMAIL_PATH", "LOG_LEVEL", "TEMP_PATH"}
    only_local |= {"PACKAGE_FILE_LOCATION", "NODE_EXTRA_CA_CERTS"}
    assert local - machine - only_local == set(given)


def test_directus_is_the_version_of_the_lock_file(compose: dict[str, Any]) -> None:
    pinned = json.loads((ROOT / "directus/package.json").read_text())["dependencies"]["directus"]
    assert compose["services"]["directus"]["image"] == f"directus/directus:{pinned}"


def test_only_the_charger_ports_are_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    open_ports = [
        (name, port.rpartition(":")[2])
        for name, service in compose["services"].items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    ]
    assert open_ports == [("citrine", "8081"), ("citrine", "8082")]
    assert "ports" not in compose["services"]["postgres"]
    assert not any("network_mode" in service for service in compose["services"].values())


def test_each_waits_until_what_it_needs_is_healthy(compose: dict[str, Any]) -> None:
    services = compose["services"]
    needs = {
        name: {on: how["condition"] for on, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert needs == {
        "postgres": {},
        "directus": {"postgres": "service_healthy"},
        "provision": {"directus": "service_healthy"},
        "citrine": {
            "directus": "service_healthy",
            "provision": "service_completed_successfully",
        },
    }
    for name in ("postgres", "directus", "citrine"):
        assert services[name]["healthcheck"]["test"], name
        assert services[name]["restart"] == "unless-stopped"
    assert services["provision"]["restart"] == "no"


def test_what_must_last_is_in_volumes(compose: dict[str, Any]) -> None:
    mounted = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert mounted == {*compose["volumes"], "./directus/extensions"}
    assert set(compose["volumes"]) == {"database", "uploads", "journal"}
