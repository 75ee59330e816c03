"""B05-B08: OCPP's variables and our rows of them: pure conversions.

One VariableAttribute row for each attribute of each variable, its characteristics
with it. The value of a secret (BasicAuthPassword and its like) never gets into a
row. Also what may go into one message. No port is used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from citrine_py.model.keys import connector_key, evse_key, variable_attribute_key
from citrine_py.model.stations import CONNECTOR, EVSE
from citrine_py.model.variables import VARIABLE_ATTRIBUTE
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Payload, Put

Item = TypeVar("Item")
Place: TypeAlias = tuple[int, int | None]
"""An EVSE's id and perhaps a connector's."""

SECURITY = "SecurityCtrlr"
PASSWORD = "BasicAuthPassword"  # noqa: S105 - the variable's name


def is_password(named: Mapping[str, Any]) -> bool:
    """Whether its `component` and `variable` name the station's Basic authentication password."""
    component, variable = _name(named.get("component")), _name(named.get("variable"))
    return component == SECURITY.casefold() and variable == PASSWORD.casefold()


def is_secret(named: Mapping[str, Any]) -> bool:
    """Whether the value of its `variable` may not be kept."""
    probe = {"variable": named.get("variable"), "value": "x"}
    return bool(redact(None, probe)["value"] != "x")


def _name(part: Any) -> str:
    name = part.get("name") if isinstance(part, dict) else None
    return name.casefold() if isinstance(name, str) else ""


# ---- rows ------------------------------------------------------------------------------


def attribute_key(station: str, named: Mapping[str, Any], attribute_type: str) -> str:
    """The key of the row of an attribute of OCPP's `component` and `variable`."""
    component, variable = named["component"], named["variable"]
    evse = component.get("evse", {})
    return variable_attribute_key(
        station,
        component["name"],
        variable["name"],
        component_instance=component.get("instance"),
        evse_id=evse.get("id"),
        connector_id=evse.get("connectorId"),
        variable_instance=variable.get("instance"),
        attribute_type=attribute_type,
    )


def natural_fields(station: str, named: Mapping[str, Any], attribute_type: str) -> dict[str, Any]:
    """The fields of the row that its key is made of."""
    component, variable = named["component"], named["variable"]
    evse = component.get("evse", {})
    return {
        "station": station,
        "component": component["name"],
        "componentInstance": component.get("instance"),
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "variable": variable["name"],
        "variableInstance": variable.get("instance"),
        "type": attribute_type,
    }


def put_attribute(
    station: str, named: Mapping[str, Any], attribute_type: str, fields: Mapping[str, Any]
) -> Put:
    """Writes fields of an attribute's row; the value of a secret is left out of it."""
    kept = {**natural_fields(station, named, attribute_type), **fields}
    if "value" in kept and is_secret(named):
        kept["value"] = None
    return Put(VARIABLE_ATTRIBUTE, attribute_key(station, named, attribute_type), kept)


def put_report(
    station: str, report_data: Iterable[Payload], generated_at: datetime
) -> Iterator[Put]:
    """The rows of OCPP's ReportData, each attribute with its variable's characteristics."""
    for data in report_data:
        told = data.get("variableCharacteristics", {})
        characteristics = {
            name: told.get(name)
            for name in (
                "dataType",
                "unit",
                "minLimit",
                "maxLimit",
                "valuesList",
                "supportsMonitoring",
            )
        }
        for attribute in data["variableAttribute"]:
            fields = {
                "value": attribute.get("value"),
                "mutability": attribute.get("mutability", "ReadWrite"),
                "persistent": attribute.get("persistent", False),
                "constant": attribute.get("constant", False),
                "generatedAt": generated_at,
                **characteristics,
            }
            yield put_attribute(station, data, attribute.get("type", "Actual"), fields)


def places(report_data: Iterable[Payload]) -> list[Place]:
    """The EVSEs and connectors that components stand at, each once, as they come."""
    found: dict[Place, None] = {}
    for data in report_data:
        evse = data["component"].get("evse")
        if evse is not None:
            found[evse["id"], evse.get("connectorId")] = None
    return list(found)


def put_places(station: str, wanted: Iterable[Place]) -> list[Put]:
    """The Evse and Connector rows of these places. Numbers below 1 stand for the whole
    station or EVSE in OCPP and get none."""
    puts: dict[str, Put] = {}
    for evse_id, connector_id in wanted:
        if evse_id < 1:
            continue
        evse = evse_key(station, evse_id)
        puts[evse] = Put(EVSE, evse, {"station": station, "evseId": evse_id})
        if connector_id is not None and connector_id >= 1:
            key = connector_key(station, evse_id, connector_id)
            fields = {
                "station": station,
                "evse": evse,
                "evseId": evse_id,
                "connectorId": connector_id,
            }
            puts[key] = Put(CONNECTOR, key, fields)
    return list(puts.values())


# ---- what people ask to set ------------------------------------------------------------


def setting(row: object) -> Payload:
    """OCPP's SetVariableData of a row of `pendingBootSetVariables`.

    The row has OCPP's own shape or the flat one of Directus' list form: component,
    componentInstance, evseId, connectorId, variable, variableInstance, attributeType, value.

    Raises:
        ValueError: it is neither; the message says what is wrong, without the value.
    """
    if not isinstance(row, dict):
        raise ValueError("not an object")  # noqa: TRY004 - an operator's value, not code's
    if isinstance(row.get("component"), dict):
        return dict(row)
    for name in ("component", "variable"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise ValueError(f"{name} is missing")
    value = row.get("value", row.get("attributeValue"))
    if value is None:
        raise ValueError(f"{row['component']}.{row['variable']}: value is missing")
    component = _without_none(name=row["component"], instance=row.get("componentInstance") or None)
    if row.get("evseId") is not None:
        component["evse"] = _without_none(id=row["evseId"], connectorId=row.get("connectorId"))
    variable = _without_none(name=row["variable"], instance=row.get("variableInstance") or None)
    return _without_none(
        component=component,
        variable=variable,
        attributeType=row.get("attributeType") or None,
        attributeValue=_text(value),
    )


def _without_none(**fields: Any) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: Any) -> str:
    """OCPP's text of a value that JSON has its own type for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# ---- batches ---------------------------------------------------------------------------


def identity(named: Mapping[str, Any]) -> tuple[Any, ...]:
    """What may occur once in a message: component, variable and attribute type (B05, B06)."""
    attribute_type = named.get("attributeType", "Actual")
    fields = natural_fields("", named, attribute_type)
    return tuple(value.casefold() if isinstance(value, str) else value for value in fields.values())


def batches(
    items: Sequence[Item],
    *,
    most: int,
    bytes_most: int | None,
    size: Callable[[Item], int],
    same: Callable[[Item], object],
) -> list[list[Item]]:
    """`items` in order, in batches of at most `most` and `bytes_most` bytes together.

    No batch has two items of which `same` says the same. An item that is too big goes alone.
    """
    found: list[list[Item]] = []
    room = 0
    seen: set[object] = set()
    for item in items:
        needed = size(item)
        too_big = bytes_most is not None and needed > room
        if not found or len(found[-1]) >= most or same(item) in seen or too_big:
            found.append([])
            seen = set()
            room = bytes_most or 0
        found[-1].append(item)
        seen.add(same(item))
        room -= needed
    return found
