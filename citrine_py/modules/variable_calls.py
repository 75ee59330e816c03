"""B05, B06: SetVariables and GetVariables in as many messages as the station needs.

Batch follows batch, each after the answer to the one before; what the station
answered is kept on the VariableAttribute rows. A password does not come this way:
`passwords` sends that, so that no mistake locks a station out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from citrine_py.model.keys import variable_attribute_key
from citrine_py.model.variables import MESSAGE_LIMIT
from citrine_py.modules.variables import Item, batches, identity, put_attribute
from citrine_py.modules.wished_values import compared
from citrine_py.ports import Clock, Payload, Put, Records, Stations

DEFAULT_ITEMS = 20
"""Items in a message to a station whose ItemsPerMessage is not known."""

_FRAME_BYTES = 100  # of a CALL around its items

_KEPT_STATUSES = frozenset({"Accepted", "RebootRequired", "Rejected"})
_SET_STATUSES = frozenset({"Accepted", "RebootRequired"})


@dataclass(frozen=True, slots=True)
class VariableCalls:
    """Sets and gets variables of connected stations."""

    records: Records
    stations: Stations
    clock: Clock

    async def set(
        self, station: str, data: Sequence[Payload], seconds: float | None = None
    ) -> list[Payload]:
        """Sends SetVariables and returns the SetVariableResults.

        Raises:
            StationError, BadRequest: as `ports.Stations.call`; batches before are in force.
        """
        results: list[Payload] = []
        for batch in self.batched(station, "SetVariables", data, same=identity):
            payload = {"setVariableData": batch}
            reply = await self.stations.call(station, "SetVariables", payload, seconds=seconds)
            rows = list(self._set_rows(station, batch, reply["setVariableResult"]))
            await self.records.write(*rows, *compared(self.records, rows))
            results += reply["setVariableResult"]
        return results

    async def get(
        self, station: str, data: Sequence[Payload], seconds: float | None = None
    ) -> list[Payload]:
        """Sends GetVariables and returns the GetVariableResults. Raises as `set`."""
        results: list[Payload] = []
        for batch in self.batched(station, "GetVariables", data, same=identity):
            payload = {"getVariableData": batch}
            reply = await self.stations.call(station, "GetVariables", payload, seconds=seconds)
            rows = list(self._get_rows(station, reply["getVariableResult"]))
            await self.records.write(*rows, *compared(self.records, rows))
            results += reply["getVariableResult"]
        return results

    def _set_rows(
        self, station: str, sent: Sequence[Payload], results: Sequence[Payload]
    ) -> Iterator[Put]:
        """An attribute that the station does not have gets no row."""
        now = self.clock.now()
        values = {identity(each): each["attributeValue"] for each in sent}
        for result in results:
            status = result["attributeStatus"]
            if status not in _KEPT_STATUSES:
                continue
            fields: dict[str, Any] = {
                "status": status,
                "statusInfo": result.get("attributeStatusInfo"),
                "setAt": now,
            }
            value = values.get(identity(result))
            if status in _SET_STATUSES and value is not None:
                fields["value"] = value
            yield put_attribute(station, result, result.get("attributeType", "Actual"), fields)

    def _get_rows(self, station: str, results: Sequence[Payload]) -> Iterator[Put]:
        """Some stations answer Accepted to whatever is asked and tell no value: that is none."""
        now = self.clock.now()
        for result in results:
            if result["attributeStatus"] != "Accepted" or "attributeValue" not in result:
                continue
            fields = {"value": result["attributeValue"], "generatedAt": now}
            yield put_attribute(station, result, result.get("attributeType", "Actual"), fields)

    def batched(
        self,
        station: str,
        action: str,
        data: Sequence[Item],
        *,
        same: Callable[[Item], object] | None = None,
    ) -> list[list[Item]]:
        """`data` in as many messages as the station's ItemsPerMessage and BytesPerMessage of
        `action` ask for. `same`: what may occur once in a message; anything if not said."""
        if len(data) <= 1:
            return [list(data)] if data else []
        items = self._limit(station, "ItemsPerMessage", action)
        size = self._limit(station, "BytesPerMessage", action)
        return batches(
            data,
            most=items or DEFAULT_ITEMS,
            bytes_most=None if size is None else max(size - _FRAME_BYTES, 1),
            size=_bytes,
            same=same or id,
        )

    def _limit(self, station: str, variable: str, action: str) -> int | None:
        """A limit that the station's DeviceDataCtrlr has told; None if it has not."""
        key = variable_attribute_key(station, "DeviceDataCtrlr", variable, variable_instance=action)
        limit = self.records.get(MESSAGE_LIMIT, key)
        value = limit.value if limit is not None else None
        if value is None or not value.isascii() or not value.isdigit() or int(value) < 1:
            return None
        return int(value)


def _bytes(item: object) -> int:
    """Bytes of an item in a frame, with the comma behind it."""
    return len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()) + 1
