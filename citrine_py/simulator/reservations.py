"""H: reservations of one EVSE or of any.

No I/O. A reservation without an EVSE keeps one free; which, is found when one is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.model.times import parse
from citrine_py.simulator.availability import Availability
from citrine_py.simulator.clock import Alarm
from citrine_py.simulator.core import OK, Answers, Core, rejected
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.tokens import same


@dataclass(slots=True)
class Reservation:
    """`evse` is None where any will do."""

    id: int
    evse: int | None
    token: Payload
    group: Payload | None
    expiry: Alarm


class Reservations:
    """The reservations of one station."""

    def __init__(self, core: Core, availability: Availability) -> None:
        self._core = core
        self._availability = availability
        self._held: dict[int, Reservation] = {}

    @property
    def answers(self) -> Answers:
        return {"ReserveNow": self._reserve, "CancelReservation": self._cancel}

    def of(self, evse: int, token: Payload, group: Payload | None) -> Reservation | None:
        """The reservation that this token has for this EVSE."""
        for each in self._held.values():
            mine = same(each.token, token) or (
                group is not None and each.group is not None and same(each.group, group)
            )
            if mine and each.evse in {None, evse}:
                return each
        return None

    def keeps_out(self, evse: int, token: Payload, group: Payload | None) -> bool:
        """Whether the EVSE is kept for somebody else."""
        if self.of(evse, token, group) is not None:
            return False
        if evse in self._availability.reserved:
            return True
        anywhere = sum(each.evse is None for each in self._held.values())
        free = sum(self._availability.free(each) for each in self._core.evses if each != evse)
        return anywhere > 0 and free < anywhere

    def used(self, reservation: Reservation) -> None:
        """It has served its purpose (H03)."""
        self._drop(reservation.id)

    def _reserve(self, asked: Payload) -> Payload:
        """H01, H02. The same id again replaces the reservation."""
        evse = asked.get("evseId")
        wait = (parse(asked["expiryDateTime"]) - self._core.clock.now()).total_seconds()
        if evse not in {None, *self._core.evses} or wait <= 0:
            return rejected("InvalidValue")
        refusal = self._refusal(asked["id"], evse)
        if refusal is not None:
            return {"status": refusal}
        self._drop(asked["id"])
        expiry = self._core.clock.after(wait, lambda: self._expired(asked["id"]))
        self._held[asked["id"]] = Reservation(
            asked["id"], evse, asked["idToken"], asked.get("groupIdToken"), expiry
        )
        if evse is not None:
            self._availability.reserved.add(evse)
            self._availability.review(evse)
        return dict(OK)

    def _refusal(self, number: int, evse: int | None) -> str | None:
        mine = self._held.get(number)
        own = mine.evse if mine is not None else None
        if evse is None:
            others = sum(it.evse is None and it.id != number for it in self._held.values())
            free = [it for it in self._core.evses if self._availability.free(it) or it == own]
            return None if len(free) > others else "Occupied"
        if not self._availability.operative(evse):
            return "Unavailable"
        taken = self._availability.plugged | self._availability.reserved - {own}
        return "Occupied" if evse in taken else None

    def _cancel(self, asked: Payload) -> Payload:
        if asked["reservationId"] not in self._held:
            return {"status": "Rejected"}
        self._drop(asked["reservationId"])
        return dict(OK)

    def _expired(self, number: int) -> None:
        self._drop(number)
        told = {"reservationId": number, "reservationUpdateStatus": "Expired"}
        self._core.keep("ReservationStatusUpdate", told)

    def _drop(self, number: int) -> None:
        held = self._held.pop(number, None)
        if held is None:
            return
        held.expiry.cancel()
        if held.evse is not None:
            self._availability.reserved.discard(held.evse)
            self._availability.review(held.evse)
