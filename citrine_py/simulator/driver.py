"""What drivers do: come, plug in, show a token, wait, leave.

No I/O.
"""

from __future__ import annotations

from citrine_py.simulator.availability import Availability
from citrine_py.simulator.car import Car
from citrine_py.simulator.core import Core
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.outlet import Outlet
from citrine_py.simulator.scenarios import Drive

MOMENT = 5.0
"""Seconds between two things that a driver does."""


class Driver:
    """One driver with a car, who comes to one EVSE, once or now and then, or is there only for
    remote starts."""

    def __init__(
        self, core: Core, outlet: Outlet, availability: Availability, drive: Drive
    ) -> None:
        self._core = core
        self._outlet = outlet
        self._availability = availability
        self._drive = drive
        self._visit = 0
        self._started = False

    def start(self) -> None:
        """The station works: from now on the driver comes, as often as it is called."""
        comes = self._outlet.number <= self._drive.cars
        if comes and not self._started:
            self._started = True
            wait = self._drive.first + (self._outlet.number - 1) * MOMENT
            self._core.clock.after(wait, self._come)

    def permitted(self) -> None:
        """Somebody may charge here: with a remote start, the driver has a cable to plug in."""
        if not self._outlet.plugged:
            self._core.clock.after(MOMENT, self._plug)

    def ended(self) -> None:
        """The transaction is over: the driver comes for the car."""
        visit = self._visit
        self._core.clock.after(MOMENT, lambda: self._go(visit))

    def _token(self) -> Payload:
        return {"idToken": self._drive.token, "type": self._drive.token_type}

    def _come(self) -> None:
        if self._drive.every is not None:
            self._core.clock.after(self._drive.every * 60, self._come)
        outlet = self._outlet
        may = self._availability.operative(outlet.number) and not outlet.plugged
        if not may or outlet.permit is not None:
            return
        self._visit += 1
        outlet.arrive()
        if self._drive.token_first:
            self._present()
        else:
            self._plug()
            self._core.clock.after(MOMENT, self._present)

    def _plug(self) -> None:
        if not self._outlet.plugged:
            direct = self._core.config.direct_current
            self._outlet.plug(Car(self._drive.car, direct_current=direct))

    def _present(self) -> None:
        if self._outlet.permit is None:
            visit = self._visit
            self._outlet.present(self._token(), lambda good: self._decided(visit, good))

    def _decided(self, visit: int, good: bool) -> None:
        if not good:
            self._core.clock.after(MOMENT, lambda: self._go(visit))
        else:
            self._core.clock.after(self._drive.minutes * 60, lambda: self._enough(visit))

    def _enough(self, visit: int) -> None:
        """The driver is back: shows the token again, or pulls the cable."""
        if visit != self._visit or self._outlet.transaction is None:
            return
        permit = self._outlet.permit
        if self._drive.ends == "token" and permit is not None:
            self._outlet.present(permit.token, lambda _: None)
        else:
            self._go(visit)

    def _go(self, visit: int) -> None:
        """Cable out and away."""
        if visit != self._visit:
            return
        if self._outlet.plugged:
            self._outlet.unplug()
        self._outlet.leave()
