"""H01-H04: reservations, from the wish to their end.

What people and flows ask for is a Reservation record from the moment it is sent,
so that an operator sees it whatever the station answers. It ends by a transaction
that names it, by the station's word, by being cancelled, or when its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from citrine_py.errors import (
    BadRequest,
    DirectusError,
    StationError,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.model.keys import reservation_key
from citrine_py.model.reservations import RESERVATION, ReservationState
from citrine_py.model.times import parse
from citrine_py.modules.history import told
from citrine_py.ports import Call, Change, Clock, Payload, Put, Records, Stations

log = structlog.get_logger()

SWEEP_EVERY = 60.0
"""Seconds between looks for reservations whose time is over."""
GRACE = timedelta(minutes=5)
"""What the station has, after the expiry, to tell the end itself."""
_OPEN: tuple[ReservationState, ...] = ("Requested", "Active")


def ended(
    station: str,
    reservation_id: int,
    status: ReservationState,
    at: datetime,
    *,
    transaction_id: str | None = None,
) -> Change:
    """The change that ends a reservation; a transaction's handler writes it with its own."""
    fields = {
        "station": station,
        "reservationId": reservation_id,
        "status": status,
        "timestamp": at,
    }
    if transaction_id is not None:
        fields["transactionId"] = transaction_id
    return Put(RESERVATION, reservation_key(station, reservation_id), fields)


@dataclass(frozen=True, slots=True)
class ReservationRequests:
    """Senders of ReserveNow and CancelReservation."""

    records: Records
    stations: Stations
    clock: Clock

    async def reserve(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """H01. The record is written before the message leaves, with the answer after it.

        Raises:
            BadRequest: the expiry is over already.
        """
        now = self.clock.now()
        expiry = parse(payload["expiryDateTime"])
        if expiry <= now:
            raise BadRequest("ReserveNow: expiryDateTime is over already")
        token, group = payload["idToken"], payload.get("groupIdToken", {})
        key = reservation_key(station, payload["id"])
        wanted = {
            "station": station,
            "reservationId": payload["id"],
            "status": "Requested",
            "statusInfo": None,
            "idToken": token["idToken"],
            "idTokenType": token["type"],
            "groupIdToken": group.get("idToken"),
            "evseId": payload.get("evseId"),
            "connectorType": payload.get("connectorType"),
            "expiryDateTime": expiry,
            "transactionId": None,
            "timestamp": now,
        }

        await self.records.write(Put(RESERVATION, key, wanted))
        try:
            reply = await self.stations.call(station, "ReserveNow", payload, seconds=seconds)
        except StationSilent:
            raise  # it may have taken it: the record stays as asked for until the station tells
        except StationError as error:
            await self._note(key, "Refused", str(error))
            raise
        accepted = reply["status"] == "Accepted"
        await self._note(key, "Active" if accepted else "Refused", _said(reply))
        return reply

    async def cancel(self, station: str, payload: Payload, seconds: float | None) -> Payload:
        """H02. A station that refuses has no such reservation (any more)."""
        reply = await self.stations.call(station, "CancelReservation", payload, seconds=seconds)
        key = reservation_key(station, payload["reservationId"])
        known = await self.records.find(RESERVATION, {"id": key}, limit=1)
        if known and known[0].status in _OPEN:
            accepted = reply["status"] == "Accepted"
            await self._note(key, "Cancelled" if accepted else "Removed", _said(reply))
        return reply

    async def _note(self, key: str, status: ReservationState, info: str) -> None:
        fields = {"status": status, "statusInfo": info, "timestamp": self.clock.now()}
        await self.records.write(Put(RESERVATION, key, fields))


@dataclass(frozen=True, slots=True)
class OnReservationStatusUpdate:
    """H03, H04: the station tells that a reservation is over, by time or by itself."""

    records: Records

    async def __call__(self, call: Call) -> Payload:
        status = call.payload["reservationUpdateStatus"]
        change = ended(call.station, call.payload["reservationId"], status, call.received)
        await self.records.write(
            change,
            told(call, "Reservation", status, f"reservation {call.payload['reservationId']}"),
        )
        return {}


@dataclass(frozen=True, slots=True)
class ReservationSweep:
    """Ends reservations whose time is over where the station, away or forgetful, told nothing."""

    records: Records
    clock: Clock

    async def run(self) -> None:
        """Looks every minute, for ever."""
        while True:
            await self.clock.sleep(SWEEP_EVERY)
            try:
                await self.sweep()
            except (DirectusError, StoreUnavailable) as error:
                log.info("reservation.sweep_failed", reason=str(error))

    async def sweep(self) -> int:
        """Ends what is over; how many.

        Raises:
            DirectusError: they cannot be read now.
            StoreUnavailable: the journal takes nothing now.
        """
        now = self.clock.now()
        found = [
            each
            for status in _OPEN
            for each in await self.records.find(RESERVATION, {"status": status})
            if each.expiryDateTime is not None and each.expiryDateTime + GRACE < now
        ]
        over = {"status": "Expired", "statusInfo": "the station did not tell", "timestamp": now}
        await self.records.write(*(Put(RESERVATION, each.id, over) for each in found))
        return len(found)


def _said(reply: Payload) -> str:
    info = reply.get("statusInfo", {})
    more = ": ".join(part for part in (info.get("reasonCode"), info.get("additionalInfo")) if part)
    return f"{reply['status']} ({more})" if more else str(reply["status"])
