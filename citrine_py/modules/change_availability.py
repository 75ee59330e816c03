"""G03, G04: what stations, EVSEs and connectors may be used for, as operators want it.

A wish stands on the record of what it is about. It is sent when the station is there,
and what the station said stands beside it. A station that schedules the change has
made it once its connectors say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog

from citrine_py.errors import StationError, StationRefused, StoreUnavailable
from citrine_py.model.collection import Collection
from citrine_py.model.keys import connector_key, evse_key
from citrine_py.model.stations import (
    CHARGING_STATION,
    CONNECTOR,
    EVSE,
    ChargingStation,
    Connector,
    Evse,
)
from citrine_py.modules.variables import put_places
from citrine_py.ports import Change, Jobs, Payload, Put, Records, Stations

log = structlog.get_logger()

Target: TypeAlias = ChargingStation | Evse | Connector

_DONE = {"Accepted": "Done", "Scheduled": "Scheduled", "Rejected": "Refused"}


@dataclass(frozen=True, slots=True)
class AvailabilityWishes:
    """Sends what operators want, and is the sender of ChangeAvailability."""

    records: Records
    stations: Stations
    jobs: Jobs

    async def send(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """Sends the message now; from then on it is what is wanted of its target."""
        collection, key = _target(station, payload.get("evse"))
        before = self.records.get(collection, key)
        over = {"wantedAvailability": before.wantedAvailability if before is not None else None}
        reply = await self.stations.call(station, "ChangeAvailability", payload, seconds=seconds)
        told = {"wantedAvailability": payload["operationalStatus"], **_outcome(reply)}
        await self.records.write(
            *_places(self.records, station, payload.get("evse")),
            Put(collection, key, told, only_over=over),
        )
        return reply

    def changed(self, _key: str, before: Target | None, after: Target | None) -> None:
        """An operator has edited a station, an EVSE or a connector."""
        wanted = after.wantedAvailability if after is not None else None
        if after is None or wanted is None:
            return
        if before is None or before.wantedAvailability != wanted:
            self.arrived(_station(after), edited=after)

    def arrived(self, station: str, *, edited: Target | None = None) -> None:
        """The station is here and accepted, or what is wanted of it has changed."""
        key = f"availability {station}"
        self.jobs.start(key, lambda: self._catch_up(station, edited))

    async def _catch_up(self, station: str, edited: Target | None) -> None:
        if edited is not None:
            await self._note(edited, {"availabilityProgress": "Wanted", "availabilityInfo": None})
        record = self.records.get(CHARGING_STATION, station)
        here = self.stations.session(station) is not None
        if record is None or record.registrationStatus != "Accepted" or not here:
            return
        for target in list(targets(self.records, station)):
            if target.wantedAvailability is not None and target.availabilityProgress == "Wanted":
                await self._send(station, target)

    async def _send(self, station: str, target: Target) -> None:
        payload: Payload = {"operationalStatus": target.wantedAvailability}
        evse = _evse(target)
        if evse is not None:
            payload["evse"] = evse
        try:
            reply = await self.stations.call(station, "ChangeAvailability", payload)
        except StationRefused as error:
            told = {"availabilityProgress": "Refused", "availabilityInfo": str(error)}
        except StationError as error:  # it stays wanted
            told = {"availabilityInfo": str(error)}
        else:
            told = _outcome(reply)
        log.info("availability.asked", station=station, evse=evse, **told)
        await self._note(target, told)

    async def _note(self, target: Target, fields: dict[str, Any]) -> None:
        collection, key = _record_of(target)
        try:
            await self.records.write(Put(collection, key, fields))
        except StoreUnavailable as error:
            log.warning("availability.unrecorded", key=key, reason=str(error))


def settled(records: Records, station: str, told: dict[str, str]) -> list[Change]:
    """The scheduled wishes that connectors now fulfil. `told`: new statuses by Connector key."""
    return [
        Put(*_record_of(target), {"availabilityProgress": "Done", "availabilityInfo": None})
        for target in targets(records, station)
        if target.availabilityProgress == "Scheduled" and _fulfilled(records, target, told)
    ]


def targets(records: Records, station: str) -> Iterator[Target]:
    """The station, its EVSEs and its connectors, as far as they are on record."""
    record = records.get(CHARGING_STATION, station)
    if record is not None:
        yield record
    yield from records.select(EVSE, station=station)
    yield from records.select(CONNECTOR, station=station)


def _fulfilled(records: Records, target: Target, told: dict[str, str]) -> bool:
    station = _station(target)
    connectors = [
        each
        for each in records.select(CONNECTOR, station=station)
        if isinstance(target, ChargingStation)
        or each.id == target.id
        or (isinstance(target, Evse) and each.evseId == target.evseId)
    ]
    states = [told.get(each.id, each.connectorStatus) for each in connectors]
    out = target.wantedAvailability == "Inoperative"
    return bool(states) and all((state == "Unavailable") == out for state in states)


def _target(station: str, evse: Payload | None) -> tuple[Collection[Any], str]:
    if evse is None:
        return CHARGING_STATION, station
    connector = evse.get("connectorId")
    if connector is None:
        return EVSE, evse_key(station, evse["id"])
    return CONNECTOR, connector_key(station, evse["id"], connector)


def _places(records: Records, station: str, evse: Payload | None) -> list[Change]:
    """The records of the EVSE and connector, made where there are none."""
    if evse is None:
        return []
    puts = put_places(station, [(evse["id"], evse.get("connectorId"))])
    return [put for put in puts if records.get(put.collection, put.key) is None]


def _record_of(target: Target) -> tuple[Collection[Any], str]:
    if isinstance(target, ChargingStation):
        return CHARGING_STATION, target.id
    return (EVSE if isinstance(target, Evse) else CONNECTOR), target.id


def _station(target: Target) -> str:
    return target.id if isinstance(target, ChargingStation) else target.station or ""


def _evse(target: Target) -> Payload | None:
    if isinstance(target, ChargingStation):
        return None
    named = {"id": target.evseId}
    return {**named, "connectorId": target.connectorId} if isinstance(target, Connector) else named


def _outcome(reply: Payload) -> dict[str, Any]:
    info = reply.get("statusInfo", {})
    said = ": ".join(part for part in (info.get("reasonCode"), info.get("additionalInfo")) if part)
    return {"availabilityProgress": _DONE[reply["status"]], "availabilityInfo": said or None}
