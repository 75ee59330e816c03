"""Rows of OCPP's variables, and batches of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.model.keys import password_key
from citrine_py.modules.variables import (
    batches,
    identity,
    is_password,
    is_secret,
    places,
    put_places,
    put_report,
    setting,
)
from citrine_py.ports import Payload
from tests.fakes import T0
from tests.modules.world import STATION, data
from tests.modules.world import setting as ocpp_setting

PASSWORD: Payload = {
    "component": {"name": "securityCTRLR"},
    "variable": {"name": "basicauthpassword"},
    "variableAttribute": [{"type": "Actual", "value": "secret-secret-secret"}],
}


def test_there_is_one_row_for_each_attribute_with_its_characteristics() -> None:
    """B07.FR.08: all of a variable, its characteristics with it."""
    told: Payload = {
        "component": {"name": "EVSE", "instance": "a", "evse": {"id": 1, "connectorId": 2}},
        "variable": {"name": "Power", "instance": "b"},
        "variableAttribute": [
            {"value": "11", "mutability": "ReadOnly", "persistent": True, "constant": True},
            {"type": "MaxSet", "value": "22"},
        ],
        "variableCharacteristics": {
            "unit": "kW",
            "dataType": "decimal",
            "minLimit": 0,
            "maxLimit": 22.5,
            "valuesList": "1,2",
            "supportsMonitoring": True,
        },
    }
    actual, most = put_report(STATION, [told], T0)
    assert actual.key != most.key
    assert actual.fields == {
        "station": STATION,
        "component": "EVSE",
        "componentInstance": "a",
        "evseId": 1,
        "connectorId": 2,
        "variable": "Power",
        "variableInstance": "b",
        "type": "Actual",
        "value": "11",
        "mutability": "ReadOnly",
        "persistent": True,
        "constant": True,
        "dataType": "decimal",
        "unit": "kW",
        "minLimit": 0,
        "maxLimit": 22.5,
        "valuesList": "1,2",
        "supportsMonitoring": True,
        "generatedAt": T0,
    }
    assert (most.fields["type"], most.fields["value"]) == ("MaxSet", "22")
    assert (most.fields["mutability"], most.fields["persistent"]) == ("ReadWrite", False)


def test_a_password_has_no_value_and_its_row_is_the_one_of_the_credential() -> None:
    assert is_password(PASSWORD)
    (put,) = put_report(STATION, [PASSWORD], T0)
    assert put.key == password_key(STATION)
    assert put.fields["value"] is None


@pytest.mark.parametrize(
    ("variable", "secret"),
    [("BasicAuthPassword", True), ("SharedSecret", True), ("Enabled", False), ("Identity", False)],
)
def test_secrets_are_told_by_their_names(variable: str, secret: bool) -> None:
    assert is_secret(data("C", variable)) is secret


def test_evse_and_connector_rows_are_made_of_components_places() -> None:
    def at(evse_id: int, connector_id: int | None = None) -> Payload:
        evse = {"id": evse_id} | ({} if connector_id is None else {"connectorId": connector_id})
        return data("C", "v", evse=evse)

    found = places([at(1, 1), at(1), at(2), at(0), at(1, 0), data("D", "v"), at(1, 1)])
    assert found == [(1, 1), (1, None), (2, None), (0, None), (1, 0)]
    names = [(p.collection.name, p.fields.get("connectorId")) for p in put_places("s", found)]
    assert names == [("Evse", None), ("Connector", 1), ("Evse", None)]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (5, "5"), (1.5, "1.5"), ("x", "x")]
)
def test_a_forms_value_becomes_ocpps_text(value: object, text: str) -> None:
    row = {"component": "C", "variable": "v", "value": value, "componentInstance": ""}
    assert setting(row) == ocpp_setting("C", "v", text)


settings = st.builds(
    ocpp_setting, st.sampled_from("AaB"), st.sampled_from("xyz"), st.text("0", max_size=30)
)


@given(st.lists(settings), st.integers(1, 5), st.none() | st.integers(1, 60))
def test_batches_keep_order_and_limits_and_repeat_nothing(
    items: list[Payload], most: int, bytes_most: int | None
) -> None:
    """B05, B06: ItemsPerMessage, BytesPerMessage, a variable at most once per message."""

    def size(item: Payload) -> int:
        return len(item["attributeValue"])

    found = batches(items, most=most, bytes_most=bytes_most, size=size, same=identity)
    assert [item for batch in found for item in batch] == items
    for batch in found:
        assert 1 <= len(batch) <= most
        assert len({identity(item) for item in batch}) == len(batch)
        assert bytes_most is None or len(batch) == 1 or sum(map(size, batch)) <= bytes_most
