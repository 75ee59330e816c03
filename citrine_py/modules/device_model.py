"""B05-B08: the device model as rows, one for each attribute of each variable.

Turns OCPP's ReportData and set and get results into changes of records. A
BasicAuthPassword is never among the values: it is the matter of `passwords`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.model.keys import connector_key, evse_key, variable_attribute_key
from citrine_py.model.stations import (
    CHARGING_STATION,
    CONNECTOR,
    EVSE,
    VARIABLE_ATTRIBUTE,
    VariableAttribute,
)
from citrine_py.model.times import iso, parse
from citrine_py.modules.passwords import PasswordBook, is_password
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Change, Clock, Payload, Put, Records

MOST_CONNECTORS = 250
"""Connectors, and EVSEs, that one station may bring with it: no sane one has more, and an
absurd report must not fill the memory."""

_APPLIED = {"Accepted", "RebootRequired"}


def identity(component: Mapping[str, Any], variable: Mapping[str, Any]) -> dict[str, Any]:
    """The natural key of a variable, as fields of a row."""
    evse = component.get("evse") or {}
    return {
        "component": component["name"],
        "componentInstance": component.get("instance"),
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "variable": variable["name"],
        "variableInstance": variable.get("instance"),
    }


def row_key(station: str, names: Mapping[str, Any], attribute_type: str) -> str:
    """The key of the row with these names (as `identity` gives them)."""
    return variable_attribute_key(
        station,
        names["component"],
        names["variable"],
        component_instance=names["componentInstance"],
        evse_id=names["evseId"],
        connector_id=names["connectorId"],
        variable_instance=names["variableInstance"],
        attribute_type=attribute_type,
    )


def attribute_puts(station: str, report_data: Payload, generated_at: str) -> list[Put]:
    """The rows that one ReportData makes: one for each variableAttribute."""
    names = identity(report_data["component"], report_data["variable"])
    characteristics = report_data.get("variableCharacteristics") or {}
    described = {
        name: characteristics.get(name)
        for name in ("dataType", "unit", "minLimit", "maxLimit", "valuesList", "supportsMonitoring")
    }
    puts = []
    for attribute in report_data["variableAttribute"]:
        attribute_type = attribute.get("type", "Actual")
        fields: dict[str, Any] = {
            "station": station,
            **names,
            **described,
            "type": attribute_type,
            "mutability": attribute.get("mutability", "ReadWrite"),
            "persistent": attribute.get("persistent", False),
            "constant": attribute.get("constant", False),
            "generatedAt": parse(generated_at),
        }
        if not is_password(names["component"], names["variable"]):
            fields["value"] = attribute.get("value")
        puts.append(Put(VARIABLE_ATTRIBUTE, row_key(station, names, attribute_type), fields))
    return puts


def equipment_puts(records: Records, station: str, rows: Iterable[Payload]) -> list[Change]:
    """The EVSEs and connectors that reported components name and that we do not know yet."""
    wanted: dict[tuple[int, int | None], None] = {}
    for report_data in rows:
        evse = report_data["component"].get("evse")
        if evse is not None:
            wanted[evse["id"], evse.get("connectorId")] = None
    changes: list[Change] = []
    for evse_id, connector_id in wanted:
        changes += evse_and_connector(records, station, evse_id, connector_id)
    return list({(each.collection.name, each.key): each for each in changes}.values())


def evse_and_connector(
    records: Records, station: str, evse_id: int, connector_id: int | None
) -> list[Change]:
    """Changes that make the EVSE and connector, where they are not known yet."""
    changes: list[Change] = []
    evse = evse_key(station, evse_id)
    if records.get(EVSE, evse) is None:
        if len(records.select(EVSE, station=station)) >= MOST_CONNECTORS:
            return []
        changes.append(Put(EVSE, evse, {"station": station, "evseId": evse_id}))
    if connector_id is None:
        return changes
    connector = connector_key(station, evse_id, connector_id)
    if records.get(CONNECTOR, connector) is None:
        if len(records.select(CONNECTOR, station=station)) >= MOST_CONNECTORS:
            return changes
        fields = {
            "station": station,
            "evse": evse,
            "evseId": evse_id,
            "connectorId": connector_id,
        }
        changes.append(Put(CONNECTOR, connector, fields))
    return changes


def set_results(
    station: str, data: Sequence[Payload], results: Sequence[Payload], clock: Clock
) -> list[Change]:
    """What became of each variable that was to be set; its value where it was applied."""
    values = {_set_key(station, each): each["attributeValue"] for each in data}
    changes: list[Change] = []
    for result in results:
        key = _set_key(station, result)
        names = identity(result["component"], result["variable"])
        status = result["attributeStatus"]
        fields: dict[str, Any] = {
            "station": station,
            **names,
            "type": result.get("attributeType", "Actual"),
            "status": status,
            "statusInfo": result.get("attributeStatusInfo"),
            "setAt": clock.now(),
        }
        secret = is_password(names["component"], names["variable"])
        if status in _APPLIED and key in values and not secret:
            fields["value"] = values[key]
        changes.append(Put(VARIABLE_ATTRIBUTE, key, fields))
    return changes


def get_results(station: str, results: Sequence[Payload], clock: Clock) -> list[Change]:
    """The values that a station told."""
    changes: list[Change] = []
    for result in results:
        names = identity(result["component"], result["variable"])
        if result["attributeStatus"] != "Accepted":
            continue
        fields: dict[str, Any] = {
            "station": station,
            **names,
            "type": result.get("attributeType", "Actual"),
            "generatedAt": clock.now(),
        }
        if not is_password(names["component"], names["variable"]):
            fields["value"] = result.get("attributeValue")
        changes.append(Put(VARIABLE_ATTRIBUTE, _set_key(station, result), fields))
    return changes


def _set_key(station: str, entry: Payload) -> str:
    names = identity(entry["component"], entry["variable"])
    return row_key(station, names, entry.get("attributeType", "Actual"))


@dataclass(frozen=True, slots=True)
class StoredDeviceModel:
    """Implements ports.DeviceModel."""

    records: Records
    schemas: Schemas
    passwords: PasswordBook
    clock: Clock

    async def put_report_data(
        self, station: str, report_data: Payload, *, set_on_charger: bool
    ) -> Sequence[VariableAttribute]:
        """See ports.DeviceModel."""
        now = self.clock.now()
        report = {"requestId": 0, "generatedAt": iso(now), "seqNo": 0, "reportData": [report_data]}
        try:
            self.schemas.check_request("2.0.1", "NotifyReport", report)
        except CallError as error:
            raise BadRequest(error.description.removeprefix("reportData[0].")) from None
        changes: list[Change] = []
        if self.records.get(CHARGING_STATION, station) is None:
            changes.append(Put(CHARGING_STATION, station, {}))
        changes += equipment_puts(self.records, station, [report_data])
        puts = attribute_puts(station, report_data, iso(now))
        if set_on_charger:
            settled = {"status": "Accepted", "setAt": now}
            puts = [Put(put.collection, put.key, {**put.fields, **settled}) for put in puts]
        names = identity(report_data["component"], report_data["variable"])
        if is_password(names["component"], names["variable"]):
            changes += await self._password_changes(station, report_data)
        await self.records.write(*changes, *puts)
        return [VariableAttribute.model_validate({**put.fields, "id": put.key}) for put in puts]

    async def _password_changes(self, station: str, report_data: Payload) -> list[Change]:
        for attribute in report_data["variableAttribute"]:
            if attribute.get("type", "Actual") == "Actual" and attribute.get("value"):
                return await self.passwords.replaced(station, attribute["value"])
        return []
