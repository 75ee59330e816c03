"""The charger ports that the settings open, and what they say of certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from citrine_py.certificates import certificate_needs, client_cas
from citrine_py.errors import BadSettings
from citrine_py.ocpp.schemas import Schemas
from citrine_py.outside.client import Client
from citrine_py.runtime import SystemClock
from citrine_py.service_parts import csms_addresses, vault
from citrine_py.settings import Settings, load
from tests import pki

PAIR = {"tls_certificate": "c.pem", "tls_key": "k.pem"}


def settings(**groups: Any) -> Settings:
    return load(_env_file=None, **groups)


def ports(**groups: Any) -> list[tuple[str, int, int]]:
    return [
        (each.id, each.port, each.security_profile) for each in settings(**groups).charger_ports()
    ]


def test_tls_ports_open_where_there_are_certificates() -> None:
    plain = [("open", 8081, 0), ("password", 8082, 1)]
    assert ports() == plain
    assert ports(chargers=PAIR) == [*plain, ("tls", 8443, 2)]
    whole = [*plain, ("tls", 8443, 2), ("certificate", 8444, 3)]
    assert ports(chargers={**PAIR, "tls_client_ca": "ca.pem"}) == whole
    assert ports(chargers=PAIR, certificates={"authority": "development"}) == whole


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({"chargers": {"tls_certificate": "c.pem"}}, "go together"),
        ({"chargers": {"tls_second_certificate": "c.pem"}}, "stands beside a tls_certificate"),
        ({"chargers": {**PAIR, "tls_second_key": "k.pem"}}, "go together"),
        ({"certificates": {"authority": "files"}}, "needs ca_certificate and ca_key"),
        ({"certificates": {"v2g_ca_key": "k.pem"}}, "go together"),
        (
            {"listeners": [{"id": "x", "port": 1, "security_profile": 3, **PAIR}]},
            "security profile 3 needs tls_client_ca",
        ),
    ],
)
def test_what_does_not_go_together_is_one_clear_line(groups: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSettings, match=told):
        settings(**groups).charger_ports()


def needs(found: Settings) -> Any:
    return certificate_needs(found, Client(), Schemas(), SystemClock())


def test_by_default_nobody_signs(tmp_path: Path) -> None:
    found = settings(store={"folder": tmp_path})
    assert needs(found).authority is None
    assert client_cas(found, None) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_development_ca_is_made_and_trusted_besides_ones_own(tmp_path: Path) -> None:
    found = settings(store={"folder": tmp_path}, certificates={"authority": "development"})
    assert needs(found).authority is not None
    own = Path("own.pem")
    assert client_cas(found, own) == (own, tmp_path / "ca" / "stations.pem")
    assert (tmp_path / "ca" / "stations.pem").exists()


def test_a_ca_of_ones_own_signs_and_is_trusted(tmp_path: Path) -> None:
    certificate, key = pki.root().write(tmp_path, "ca")
    rules = {"authority": "files", "ca_certificate": certificate, "ca_key": key}
    found = settings(certificates=rules)
    assert needs(found).authority.signers.keys() == {"ChargingStationCertificate"}
    assert client_cas(found, None) == (certificate,)
    key.write_text("nothing")
    with pytest.raises(BadSettings, match="CITRINE_CERTIFICATES_AUTHORITY: the CA of"):
        needs(found)


def test_how_stations_reach_a_port_is_its_address_unless_it_is_said() -> None:
    def urls(**groups: Any) -> list[str | None]:
        return [each.url for each in csms_addresses(settings(**groups)).values()]

    assert urls() == ["ws://127.0.0.1:8081", "ws://127.0.0.1:8082"]
    assert urls(chargers={"host": "0.0.0.0"}) == [None, None]
    named = urls(chargers={**PAIR, "host": "0.0.0.0", "public_host": "csms.example"})
    assert named == [
        "ws://csms.example:8081",
        "ws://csms.example:8082",
        "wss://csms.example:8443",
    ]
    own = {"id": "x", "port": 1, "public_url": "wss://csms.example/ocpp"}
    assert urls(listeners=[own]) == ["wss://csms.example/ocpp"]
    with pytest.raises(BadSettings):
        settings(listeners=[{**own, "public_url": "https://csms.example"}])


def test_a_key_of_secrets_is_long_enough() -> None:
    assert vault(settings()) is None
    assert vault(settings(secrets={"key": "k" * 32})) is not None
    with pytest.raises(BadSettings):
        settings(secrets={"key": "short"})
