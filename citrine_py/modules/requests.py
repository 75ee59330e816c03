"""What people and flows send to stations.

Any message of the catalogue can be sent; most need nothing but that. Those that do
have a sender in the file of their functional block: variables go in batches,
passwords go the way of A01, reports and triggered messages are expected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from citrine_py.errors import BadRequest, NotFound
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Payload, Records, Stations

log = structlog.get_logger()

DEFAULT_VERSION = "2.0.1"

Sender: TypeAlias = Callable[[str, Payload, float | None], Awaitable[Payload]]
"""Sends one action to a station: its id, the checked payload, seconds to wait for an answer."""


_WHEN_ACCEPTED = frozenset({"RequestStartTransaction", "RequestStopTransaction"})
"""Not for a station that is Pending or Rejected (B02, B03)."""


@dataclass(frozen=True, slots=True)
class StationRequests:
    """Implements ports.Requests.

    Attributes:
        senders: by action, for those that need more than to be sent.
        fresh_id: makes a requestId or its like.
    """

    records: Records
    stations: Stations
    schemas: Schemas
    senders: Mapping[str, Sender]
    fresh_id: Callable[[], int]

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        """See ports.Requests."""
        version = self._version(station)
        row = catalogue.find(version, action)
        if row is None or not row.sent:
            raise BadRequest(f"{action} is no message that OCPP {version} sends to stations")
        number = catalogue.NUMBERS.get(action)
        if number is not None and number not in payload:
            payload = {**payload, number: self.fresh_id()}
        self._check(station, version, action, payload)
        log.info("request.sent", station=station, action=action)
        sender = self.senders.get(action)
        if sender is not None:
            return await sender(station, payload, seconds)
        return await self.stations.call(station, action, payload, seconds=seconds)

    def _version(self, station: str) -> str:
        """OCPP's version that the station speaks.

        Raises:
            NotFound: no such station.
        """
        session = self.stations.session(station)
        if session is not None:
            return catalogue.VERSIONS.get(session.protocol, DEFAULT_VERSION)
        if self.records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station}")
        return DEFAULT_VERSION

    def _check(self, station: str, version: str, action: str, payload: Payload) -> None:
        try:
            self.schemas.check_request(version, action, catalogue.stood_in(action, payload))
        except CallError as error:
            raise BadRequest(f"{action}: {error.description}") from None
        record = self.records.get(CHARGING_STATION, station)
        status = record.registrationStatus if record is not None else None
        if action in _WHEN_ACCEPTED and status in {"Pending", "Rejected"}:
            raise BadRequest(f"{action}: the station is {status}; it must be Accepted first")
