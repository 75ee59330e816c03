"""The addresses, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citrine_py.settings import Settings
from citrine_py.stack.info import Addresses, addresses, as_json, table
from tests.stack.samples import secrets


def settings(**groups: object) -> Settings:
    return Settings(_env_file=None, **groups)  # type: ignore[arg-type]


def test_the_defaults() -> None:
    assert addresses(settings()) == Addresses(
        directus_url="http://127.0.0.1:8055",
        admin_email="admin@example.com",
        api_url="http://127.0.0.1:8080",
        docs_url="http://127.0.0.1:8080/docs",
        websocket_urls=("ws://127.0.0.1:8081", "ws://127.0.0.1:8082"),
    )


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")],
)
def test_an_address_can_be_called_from_here(host: str, shown: str) -> None:
    told = addresses(settings(stack={"directus_host": host}, chargers={"host": host}))
    assert told.directus_url == f"http://{shown}:8055"
    assert told.websocket_urls[0] == f"ws://{shown}:8081"


def test_a_listener_with_tls_is_wss() -> None:
    tls = {"security_profile": 2, "tls_certificate": "c.pem", "tls_key": "k.pem"}
    told = addresses(settings(listeners=({"id": "tls", "port": 8443, **tls},)))
    assert told.websocket_urls == ("wss://127.0.0.1:8443",)


def test_the_first_admin_keeps_its_e_mail() -> None:
    later = settings(stack={"admin_email": "new@example.com"})
    assert addresses(later, "first@example.com").admin_email == "first@example.com"


def test_the_table_has_all_and_ends_with_the_two_lines_of_a_first_charger() -> None:
    text = table(addresses(settings()), secrets())
    for shown in (
        "http://127.0.0.1:8055",
        "admin@example.com",
        "secret-0",
        "http://127.0.0.1:8080/docs",
        "ws://127.0.0.1:8081",
        "ws://127.0.0.1:8082",
    ):
        assert shown in text
    connect, show = text.splitlines()[-2:]
    assert connect.strip().endswith("citrine-py simulate --station cp001 --url ws://127.0.0.1:8081")
    assert show.strip() == "http://127.0.0.1:8055/admin/content/ChargingStation/cp001"


def test_the_command_that_the_table_names_is_valid() -> None:
    from citrine_py.cli import _parser

    connect = table(addresses(settings()), secrets()).splitlines()[-2].split()
    assert _parser().parse_args(connect[1:]).station == "cp001"


def test_scripts_get_what_they_need() -> None:
    told = addresses(settings())
    data = json.loads(json.dumps(as_json(told, secrets(), Path("/state"), running=True)))
    assert {
        "running", "directus_url", "admin_email", "admin_password", "admin_token", "api_url",
        "api_token", "docs_url", "websocket_urls", "folder",
    } == set(data)  # fmt: skip
    assert data["websocket_urls"] == ["ws://127.0.0.1:8081", "ws://127.0.0.1:8082"]


def test_addresses_pass_through_json() -> None:
    told = addresses(settings())
    assert Addresses.of(json.loads(json.dumps(told.as_dict()))) == told
