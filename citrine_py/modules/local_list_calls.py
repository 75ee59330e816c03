"""D01, D02: SendLocalList and GetLocalListVersion, in as many messages as the station needs.

What a station takes at once, and whether it has a list at all, is in its device model
(LocalAuthListCtrlr). What is to stand in the list is `local_list`'s to say, when it is sent
`local_lists`'. Every answer is noted on the station's record.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from citrine_py.errors import DirectusError
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.modules.variables import batches
from citrine_py.ports import Payload, Put, Records, Stations

log = structlog.get_logger()

DEFAULT_ITEMS = 20
"""Tokens in a message to a station whose ItemsPerMessage is not known."""

_CONTROLLER = "LocalAuthListCtrlr"
_FRAME_BYTES = 150  # of a CALL around its tokens


@dataclass(frozen=True, slots=True)
class Limits:
    """What a station takes. `refusal` is why it takes no list at all, if it says so."""

    items: int = DEFAULT_ITEMS
    size: int | None = None  # bytes
    entries: int | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class LocalListCalls:
    """Sends lists."""

    records: Records
    stations: Stations

    async def limits(self, station: str) -> Limits:
        """What the station has told of its list."""
        where = {"station": station, "component": _CONTROLLER, "type": "Actual"}
        try:
            rows = await self.records.find(VARIABLE_ATTRIBUTE, where)
        except DirectusError as error:
            log.warning("locallist.limits_unknown", station=station, reason=str(error))
            return Limits()
        told = {(row.variable or "").casefold(): row for row in rows}
        for name in ("Available", "Enabled"):
            if (_value(told, name) or "").casefold() == "false":
                return Limits(refusal=f"{_CONTROLLER}.{name} is false")
        entries = told.get("entries")
        most = entries.maxLimit if entries is not None else None
        return Limits(
            items=_number(told, "ItemsPerMessage") or DEFAULT_ITEMS,
            size=_number(told, "BytesPerMessage"),
            entries=None if most is None else int(most),
        )

    async def version(self, station: str, seconds: float | None = None) -> int:
        """Asks for the version that the station has, and notes it (D02).

        Raises:
            StationError: as `ports.Stations.call`.
        """
        reply = await self.stations.call(station, "GetLocalListVersion", {}, seconds=seconds)
        version: int = reply["versionNumber"]
        await self.note(station, localListVersion=version)
        return version

    async def send(
        self,
        station: str,
        entries: Sequence[Payload],
        limits: Limits,
        *,
        whole: bool,
        seconds: float | None = None,
    ) -> Payload:
        """Sends tokens as the whole list or as a change of it, batch after batch, each under
        a version of its own, and returns the first answer that is not Accepted, else the last.

        Raises:
            StationError: as `ports.Stations.call`; batches before are in the list.
        """
        found = _batches(entries, limits)
        if whole and not found:
            found = [[]]
        version = self._version(station)
        await self.note(
            station,
            localListStatus="Sending",
            localListInfo=None,
            localListWantedVersion=version + len(found),
            localListDigest=None,  # until all of it is there
        )
        reply: Payload = {"status": "Accepted"}
        for number, batch in enumerate(found):
            payload: Payload = {
                "versionNumber": version + number + 1,
                "updateType": "Full" if whole and number == 0 else "Differential",
            }
            if batch:
                payload["localAuthorizationList"] = batch
            reply = await self.stations.call(station, "SendLocalList", payload, seconds=seconds)
            if reply["status"] != "Accepted":
                break
            await self.note(station, localListVersion=payload["versionNumber"])
        return reply

    async def note(self, station: str, **fields: Any) -> None:
        """Writes fields of the station's record, if it is still there."""
        if self.records.get(CHARGING_STATION, station) is not None:
            await self.records.write(Put(CHARGING_STATION, station, fields))

    def _version(self, station: str) -> int:
        record = self.records.get(CHARGING_STATION, station)
        version = record.localListVersion if record is not None else None
        return max(version or 0, 0)


def _batches(entries: Sequence[Payload], limits: Limits) -> list[list[Payload]]:
    room = None if limits.size is None else max(limits.size - _FRAME_BYTES, 1)
    return batches(entries, most=limits.items, bytes_most=room, size=_bytes, same=id)


def _bytes(item: Payload) -> int:
    """Bytes of an item in a frame, with the comma behind it."""
    return len(json.dumps(item, separators=(",", ":"), ensure_ascii=False).encode()) + 1


def _value(told: dict[str, VariableAttribute], name: str) -> str | None:
    row = told.get(name.casefold())
    return row.value if row is not None else None


def _number(told: dict[str, VariableAttribute], name: str) -> int | None:
    value = _value(told, name)
    if value is None or not value.isascii() or not value.isdigit() or int(value) < 1:
        return None
    return int(value)
