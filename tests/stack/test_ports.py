"""A port that cannot be used is told in one line, with the variable that changes it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from citrine_py.errors import CitrineError
from citrine_py.settings import Settings
from citrine_py.stack.ports import Wanted, check, wanted
from tests.whole_stack import free_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def settings(**groups: object) -> Settings:
    return Settings(_env_file=None, **groups)  # type: ignore[arg-type]


def test_all_ports_that_up_opens_are_tried() -> None:
    assert [(each.port, each.variable) for each in wanted(settings())] == [
        (8055, "CITRINE_STACK_DIRECTUS_PORT"),
        (8080, "CITRINE_API_PORT"),
        (8081, "CITRINE_CHARGERS_OPEN_PORT"),
        (8082, "CITRINE_CHARGERS_PASSWORD_PORT"),
    ]


def test_own_listeners_are_changed_where_they_are_listed() -> None:
    own = settings(listeners=({"id": "hall", "port": 9000},))
    assert wanted(own)[-1] == Wanted(
        "chargers (listener hall)", "127.0.0.1", 9000, "CITRINE_LISTENERS"
    )


def test_free_ports_pass() -> None:
    check([Wanted("the API", "127.0.0.1", port, "X") for port in free_ports(3)])


def test_a_taken_port_is_named_with_its_variable(taken: int) -> None:
    with pytest.raises(CitrineError) as told:
        check([Wanted("Directus", "127.0.0.1", taken, "CITRINE_STACK_DIRECTUS_PORT")])
    assert str(told.value) == (
        f"port {taken} on 127.0.0.1, for Directus, is taken by another program: "
        "set CITRINE_STACK_DIRECTUS_PORT to another"
    )


def test_a_port_taken_on_all_addresses_counts() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        with pytest.raises(CitrineError, match="is taken"):
            check([Wanted("Directus", "127.0.0.1", other.getsockname()[1], "X")])


def test_one_port_for_two_is_told() -> None:
    (port,) = free_ports(1)
    both = [Wanted("Directus", "127.0.0.1", port, "A"), Wanted("the API", "127.0.0.1", port, "B")]
    with pytest.raises(CitrineError, match="both Directus and the API: set B to another"):
        check(both)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CitrineError, match="address that this machine does not have"):
        check([Wanted("Directus", "192.0.2.1", 8055, "X")])


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(CitrineError, match="cannot be used"):
        check([Wanted("Directus", "no-such-host.invalid", 8055, "X")])
