"""B05, B06: sets and gets variables in messages that the station can take.

A station limits how many entries and bytes a message may have (ItemsPerMessage
and BytesPerMessage of its DeviceDataCtrlr), and an entry may stand in a message
only once. Batch after batch is sent, never two at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import structlog

from citrine_py.errors import DirectusError, StationError, StationSilent
from citrine_py.model.stations import VARIABLE_ATTRIBUTE
from citrine_py.modules.device_model import get_results, identity, row_key, set_results
from citrine_py.modules.passwords import PasswordBook, is_password
from citrine_py.ports import Clock, Payload, Records, Stations

log = structlog.get_logger()

_UNKNOWN_ITEMS = 20
"""Entries in a message to a station whose limit we do not know: every known one takes these."""
_FRAME_BYTES = 200  # what a message has around its entries


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may have; bytes None for no limit."""

    items: int
    bytes: int | None = None


class BadSetting(ValueError):
    """An entry of pendingBootSetVariables that cannot be sent; the text says why."""


def setting(row: Mapping[str, Any]) -> Payload:
    """OCPP's SetVariableData out of a row of `Boot.pendingBootSetVariables`: either that
    itself, or flat, as Directus' form makes it: component, componentInstance, evseId,
    connectorId, variable, variableInstance, attributeType, value.

    Raises:
        BadSetting: a name or the value is missing, or it is a password.
    """
    entry = dict(row) if isinstance(row.get("component"), dict) else _from_flat(row)
    component, variable = entry.get("component"), entry.get("variable")
    if not isinstance(component, dict) or not isinstance(variable, dict):
        raise BadSetting("component or variable is missing")
    if not component.get("name") or not variable.get("name"):
        raise BadSetting("component or variable is missing")
    where = f"{component['name']}.{variable['name']}"
    if is_password(str(component["name"]), str(variable["name"])):
        raise BadSetting(f"{where}: set a password by the flow or the API, not here")
    if entry.get("attributeValue") is None:
        raise BadSetting(f"{where}: its value is missing")
    return {**entry, "attributeValue": str(entry["attributeValue"])}


def _from_flat(row: Mapping[str, Any]) -> Payload:
    def named(name: Any, instance: Any) -> Payload:
        return {"name": name, **({"instance": instance} if instance else {})}

    component = named(row.get("component"), row.get("componentInstance"))
    if row.get("evseId") is not None:
        evse: Payload = {"id": row["evseId"]}
        if row.get("connectorId") is not None:
            evse["connectorId"] = row["connectorId"]
        component["evse"] = evse
    entry: Payload = {
        "component": component,
        "variable": named(row.get("variable"), row.get("variableInstance")),
        "attributeValue": row.get("value", row.get("attributeValue")),
    }
    if row.get("attributeType"):
        entry["attributeType"] = row["attributeType"]
    return entry


def batches(station: str, data: Sequence[Payload], limits: Limits) -> list[list[Payload]]:
    """Splits entries in order: no batch over the limits, none with an entry twice. A single
    entry over the byte limit goes alone; the station will say so."""
    found: list[list[Payload]] = []
    keys: set[str] = set()
    size = 0
    for entry in data:
        names = identity(entry["component"], entry["variable"])
        key = row_key(station, names, entry.get("attributeType", "Actual"))
        weight = len(orjson.dumps(entry)) + 1
        full = (
            not found
            or len(found[-1]) >= limits.items
            or key in keys
            or (limits.bytes is not None and size + weight > limits.bytes)
        )
        if full:
            found.append([])
            keys, size = set(), _FRAME_BYTES
        found[-1].append(entry)
        keys.add(key)
        size += weight
    return found


@dataclass(frozen=True, slots=True)
class Variables:
    """Sends SetVariables and GetVariables, and records what came of them."""

    records: Records
    stations: Stations
    passwords: PasswordBook
    clock: Clock

    async def set(
        self, station: str, data: Sequence[Payload], *, seconds: float | None = None
    ) -> list[Payload]:
        """Sets variables; the station's results, in the order of `data` (B05).

        A BasicAuthPassword among them follows A01: it is valid from the moment it is sent.

        Raises:
            BadRequest: a password that breaks the rules.
            StationError: as Stations.call; what earlier batches did is recorded.
        """
        results: list[Payload] = []
        for batch in batches(station, data, await self.limits(station, "SetVariables")):
            answered = await self._set_batch(station, batch, seconds)
            await self.records.write(*set_results(station, batch, answered, self.clock))
            results += answered
        return results

    async def _set_batch(
        self, station: str, batch: list[Payload], seconds: float | None
    ) -> list[Payload]:
        secret = next((entry for entry in batch if _is_secret(entry)), None)
        if secret is not None:
            await self.passwords.proposed(station, secret["attributeValue"])
        try:
            reply = await self.stations.call(
                station, "SetVariables", {"setVariableData": batch}, seconds=seconds
            )
        except StationSilent:
            raise  # whether a password took effect is not known: both stay valid
        except StationError:
            if secret is not None:
                await self.passwords.settled(station, None)
            raise
        answered: list[Payload] = reply["setVariableResult"]
        if secret is not None:
            told = next((each["attributeStatus"] for each in answered if _is_secret(each)), None)
            await self.passwords.settled(station, told)
        return answered

    async def get(
        self, station: str, data: Sequence[Payload], *, seconds: float | None = None
    ) -> list[Payload]:
        """Gets variables; the station's results (B06). Raises as Stations.call."""
        results: list[Payload] = []
        for batch in batches(station, data, await self.limits(station, "GetVariables")):
            reply = await self.stations.call(
                station, "GetVariables", {"getVariableData": batch}, seconds=seconds
            )
            answered: list[Payload] = reply["getVariableResult"]
            await self.records.write(*get_results(station, answered, self.clock))
            results += answered
        return results

    async def limits(
        self, station: str, message: Literal["SetVariables", "GetVariables"]
    ) -> Limits:
        """What the station's device model says, or cautious values."""
        where = {"station": station, "component": "DeviceDataCtrlr", "variableInstance": message}
        try:
            rows = await self.records.find(VARIABLE_ATTRIBUTE, where)
        except DirectusError as error:
            log.warning("variables.limits_unknown", station=station, reason=str(error))
            rows = []
        told = {row.variable: row.value for row in rows if row.type in {None, "Actual"}}
        return Limits(
            _positive(told.get("ItemsPerMessage")) or _UNKNOWN_ITEMS,
            _positive(told.get("BytesPerMessage")),
        )


def _is_secret(entry: Payload) -> bool:
    return is_password(entry["component"]["name"], entry["variable"]["name"])


def _positive(text: str | None) -> int | None:
    return (
        int(text) if text is not None and text.isascii() and text.isdigit() and int(text) else None
    )
