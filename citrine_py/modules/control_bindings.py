"""Availability and reservations put together, for `bindings`: their rules, handlers and
senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.change_availability import AvailabilityWishes
from citrine_py.modules.requests import Sender
from citrine_py.modules.reservations import (
    OnReservationStatusUpdate,
    ReservationRequests,
    ReservationSweep,
)


@dataclass(frozen=True, slots=True)
class Control:
    """The rules of availability and reservations."""

    availability: AvailabilityWishes
    sweep: ReservationSweep
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]


def build(common: Common) -> Control:
    """Gives every rule of availability and reservations its needs."""
    records, stations, clock = common.records, common.stations, common.clock
    availability = AvailabilityWishes(records, stations, common.jobs)
    reservations = ReservationRequests(records, stations, clock)
    return Control(
        availability,
        ReservationSweep(records, clock),
        MappingProxyType({"ReservationStatusUpdate": OnReservationStatusUpdate(records)}),
        MappingProxyType(
            {
                "CancelReservation": reservations.cancel,
                "ChangeAvailability": availability.send,
                "ReserveNow": reservations.reserve,
            }
        ),
    )
