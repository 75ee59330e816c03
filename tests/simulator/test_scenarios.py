"""Station ids, addresses and scenario names."""

from __future__ import annotations

from pathlib import Path

import pytest

from citrine_py.errors import BadRequest
from citrine_py.simulator.scenarios import SCENARIOS, StationConfig, numbered


@pytest.mark.parametrize(
    ("first", "count", "ids"),
    [
        ("cp001", 3, ["cp001", "cp002", "cp003"]),
        ("cp099", 2, ["cp099", "cp100"]),
        ("berlin", 1, ["berlin"]),
        ("berlin", 2, ["berlin1", "berlin2"]),
        ("7", 2, ["7", "8"]),
    ],
)
def test_ids_are_counted_on(first: str, count: int, ids: list[str]) -> None:
    assert numbered(first, count) == ids


def test_the_id_is_the_last_segment_percent_encoded() -> None:
    config = StationConfig(id="cp 1/é", url="ws://127.0.0.1:1/base/")
    assert config.address == "ws://127.0.0.1:1/base/cp%201%2F%C3%A9"


def test_an_unknown_scenario_is_told_with_those_there_are() -> None:
    with pytest.raises(BadRequest, match="report-endless"):
        StationConfig(scenario="dance")


@pytest.mark.parametrize(
    ("url", "password", "profile"),
    [("ws://h", None, 0), ("ws://h", "p", 1), ("wss://h", "p", 2)],
)
def test_the_security_profile_follows_from_url_and_password(
    url: str, password: str | None, profile: int
) -> None:
    assert StationConfig(url=url, password=password).security_profile == profile


def test_every_scenario_is_in_the_document_in_its_own_words() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
    missing = [f"| `{n}` | {it.text} |" for n, it in SCENARIOS.items()]
    assert [row for row in missing if row not in text] == []


def test_the_password_is_not_in_the_repr() -> None:
    assert "geheim" not in repr(StationConfig(password="geheim"))
