"""The device model: reading, setting, reporting, in tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citrine_py.ocpp.schemas import Schemas
from citrine_py.simulator.device_model import DeviceModel, Variable, in_parts
from citrine_py.simulator.inventory import Plate, device_model

NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def model() -> DeviceModel:
    return device_model("cp001", Plate(), 2, None, 0)


def asked(component: str, variable: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


def status(model: DeviceModel, component: str, variable: str, value: str) -> str:
    result, _ = model.set(asked(component, variable, attributeValue=value))
    answer: str = result["attributeStatus"]
    return answer


@pytest.mark.parametrize(
    ("component", "variable", "value", "expected"),
    [
        ("OCPPCommCtrlr", "OfflineThreshold", "123", "Accepted"),
        ("ocppcommctrlr", "offlinethreshold", "0", "Accepted"),
        ("OCPPCommCtrlr", "OfflineThreshold", "-1", "Rejected"),
        ("OCPPCommCtrlr", "OfflineThreshold", "12.5", "Rejected"),
        ("OCPPCommCtrlr", "OfflineThreshold", "soon", "Rejected"),
        ("AuthCtrlr", "AuthorizeRemoteStart", "false", "Accepted"),
        ("AuthCtrlr", "AuthorizeRemoteStart", "no", "Rejected"),
        ("OCPPCommCtrlr", "NetworkConfigurationPriority", "2,1", "RebootRequired"),
        ("OCPPCommCtrlr", "NetworkConfigurationPriority", "2,2", "Rejected"),
        ("OCPPCommCtrlr", "NetworkConfigurationPriority", "9", "Rejected"),
        ("ChargingStation", "Model", "Better", "Rejected"),
        ("NoCtrlr", "Enabled", "true", "UnknownComponent"),
        ("AuthCtrlr", "NoSuch", "true", "UnknownVariable"),
        ("SecurityCtrlr", "BasicAuthPassword", "x" * 15, "Rejected"),
        ("SecurityCtrlr", "BasicAuthPassword", "x" * 16, "Accepted"),
        ("SecurityCtrlr", "BasicAuthPassword", "x" * 40, "Accepted"),
        ("SecurityCtrlr", "BasicAuthPassword", "x" * 41, "Rejected"),
        ("SecurityCtrlr", "BasicAuthPassword", "with spaces are not allowed", "Rejected"),
        ("SecurityCtrlr", "OrganizationName", "y" * 51, "Rejected"),
        ("EVSE", "Power", "1", "UnknownComponent"),
    ],
)
def test_b05_setting(
    model: DeviceModel, component: str, variable: str, value: str, expected: str
) -> None:
    assert status(model, component, variable, value) == expected


def test_b05_only_the_actual_attribute_is_set(model: DeviceModel) -> None:
    result, changed = model.set(
        asked("OCPPCommCtrlr", "OfflineThreshold", attributeValue="1", attributeType="Target")
    )
    assert result["attributeStatus"] == "NotSupportedAttributeType"
    assert changed is None


@pytest.mark.parametrize(
    ("component", "variable", "expected"),
    [
        ("OCPPCommCtrlr", "OfflineThreshold", {"attributeStatus": "Accepted",
                                               "attributeValue": "60"}),
        ("SecurityCtrlr", "BasicAuthPassword", {"attributeStatus": "Rejected"}),
        ("NoCtrlr", "Enabled", {"attributeStatus": "UnknownComponent"}),
        ("AuthCtrlr", "NoSuch", {"attributeStatus": "UnknownVariable"}),
    ],
)  # fmt: skip
def test_b06_reading(
    model: DeviceModel, component: str, variable: str, expected: dict[str, str]
) -> None:
    assert model.read(asked(component, variable)) == {**asked(component, variable), **expected}


def test_b06_other_attribute_types(model: DeviceModel) -> None:
    power = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
    }
    assert model.read({**power, "attributeType": "MaxSet"})["attributeValue"] == "22000"
    no = model.read({**power, "attributeType": "MinSet"})
    assert no["attributeStatus"] == "NotSupportedAttributeType"


def test_b07_no_report_ever_holds_the_password(model: DeviceModel) -> None:
    model.set(asked("SecurityCtrlr", "BasicAuthPassword", attributeValue="z" * 20))
    for base in ("FullInventory", "ConfigurationInventory"):
        assert "z" * 20 not in str(model.base_report(base))


def test_b07_configuration_is_what_can_be_set(model: DeviceModel) -> None:
    reports = model.base_report("ConfigurationInventory")
    assert 0 < len(reports) < len(model.base_report("FullInventory"))
    assert all(each["variableAttribute"][0]["mutability"] != "ReadOnly" for each in reports)


def test_b07_summary_is_about_availability(model: DeviceModel) -> None:
    names = {each["variable"]["name"] for each in model.base_report("SummaryInventory")}
    assert names == {"Available", "AvailabilityState", "Problem"}


def test_b08_by_component_variable(model: DeviceModel) -> None:
    wanted = [{"component": {"name": "Connector"}, "variable": {"name": "availabilitystate"}}]
    reports = model.custom_report([], wanted)
    assert [each["component"]["evse"]["id"] for each in reports] == [1, 2]


def test_b08_by_criteria() -> None:
    model = DeviceModel(
        [
            Variable("A", "Problem", "true"),
            Variable("A", "Other", "1"),
            Variable("B", "Problem", "false"),
            Variable("C", "Enabled", "false"),
        ]
    )

    def names(*criteria: str) -> list[str]:
        return [each["component"]["name"] for each in model.custom_report(criteria, [])]

    assert names("Problem") == ["A", "A"]
    assert names("Active") == []
    assert names("Enabled") == ["A", "A", "B"]
    assert names("Active", "Problem") == ["A", "A"]


@given(items=st.integers(1, 60), size=st.integers(0, 300))
def test_b07_parts_are_numbered_and_only_the_last_is_not_to_be_continued(
    items: int, size: int
) -> None:
    report = [{"n": number} for number in range(size)]
    parts = in_parts(report, items, 5, NOW)
    assert [each["seqNo"] for each in parts] == list(range(len(parts)))
    assert [each["tbc"] for each in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    assert [row for each in parts for row in each["reportData"]] == report


@pytest.mark.parametrize("variables", [None, 1, 160, 1000])
def test_the_inventory_has_the_size_asked_for_and_fits_ocpps_schema(variables: int | None) -> None:
    model = device_model("cp001", Plate(), 3, variables, 1)
    assert len(model) == max(variables or 0, len(device_model("cp001", Plate(), 3, None, 1)))
    schemas = Schemas()
    for part in in_parts(model.base_report("FullInventory"), 50, 1, NOW):
        schemas.check_request("2.0.1", "NotifyReport", part)


def test_every_value_of_the_inventory_fits_its_own_type(model: DeviceModel) -> None:
    wrong = [v.name for v in model if v.name != "BasicAuthPassword" and not v.accepts(v.value)]
    assert wrong == []
