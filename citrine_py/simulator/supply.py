"""The power that an EVSE gives to a car: ramp, limits, the meter that counts it.

No I/O. The power is constant between two moments at which it is looked at anew, so that
the register is exactly what has flowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from citrine_py.simulator.car import Car
from citrine_py.simulator.clock import Alarm
from citrine_py.simulator.core import Core
from citrine_py.simulator.meter import AC_VOLTAGE, Meter

STEP = 10.0
"""Seconds after which the power is looked at anew at the latest."""
RAMP = 20.0
"""Seconds until full power, from a third of it."""
LEAST_CURRENT = 6
"""A that the pilot of an AC connector can offer at least."""
LEAST_DC = 500.0
LEAST_WAIT = 0.001


@dataclass(frozen=True, slots=True)
class Limit:
    """W that may be given (None: no limit), for so many seconds (None: for good)."""

    watts: float | None = None
    seconds: float | None = None


Limits: TypeAlias = Callable[[], Limit]


class Supply:
    """The power path of one EVSE.

    Attributes:
        closed: whether power may flow.
        limit: the one in force at the last look.
        stop_at: register in Wh at which no more is given, None for no such end.
        changed: is called when time has changed something.
    """

    def __init__(self, core: Core, evse: int, most: float, limits: Limits) -> None:
        self._core = core
        self._limits = limits
        self._most = most
        self._power = core.variable("EVSE", "Power", evse)
        self._since = core.clock.elapsed
        self._began = 0.0
        self._alarm: Alarm | None = None
        self.meter = Meter(100_000.0 * evse, phases=3, direct_current=core.config.direct_current)
        self.car: Car | None = None
        self.closed = False
        self.limit = Limit()
        self.stop_at: float | None = None
        self.changed: Callable[[], None] = lambda: None

    def connect(self, car: Car) -> None:
        self.settle()
        self.car = car
        self.meter.phases = car.model.phases

    def disconnect(self) -> None:
        self.open()
        self.car = None

    def close(self) -> None:
        if not self.closed:
            self.settle()
            self.closed = True
            self._began = self._core.clock.elapsed

    def open(self) -> None:
        self.settle()
        self.closed = False
        self.stop_at = None
        self._set(0)
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def exhausted(self) -> bool:
        """Whether all has flowed that may, by `stop_at`."""
        return self.stop_at is not None and self.meter.register >= self.stop_at - 1e-6

    @property
    def state(self) -> str:
        """The charging state of a closed power path."""
        if self.meter.power > 0:
            return "Charging"
        if self.car is not None and self.car.wants() == 0:
            return "SuspendedEV"
        return "SuspendedEVSE"

    def settle(self) -> None:
        """Counts what has flowed since the last look."""
        now = self._core.clock.elapsed
        energy = self.meter.advance(now - self._since)
        self._since = now
        if self.car is not None:
            self.car.take(energy)

    def review(self) -> None:
        """Finds the power anew and when to look again."""
        self.settle()
        if self._alarm is not None:
            self._alarm.cancel()
        if not self.closed or self.car is None:
            return
        self.limit = self._limits()
        self._set(self._right_power(self.car))
        self._alarm = self._core.clock.after(max(LEAST_WAIT, self._wait(self.car)), self._look)

    def _look(self) -> None:
        self.review()
        self.changed()

    def _right_power(self, car: Car) -> float:
        offered = self._most if self.limit.watts is None else min(self._most, self.limit.watts)
        least = LEAST_DC
        if not car.direct_current:
            offered = min(offered, self._most * car.model.phases / 3)
            least = LEAST_CURRENT * AC_VOLTAGE * car.model.phases
        if self.exhausted or offered < least:
            return 0
        target = min(car.wants(), offered)
        now = self._core.clock.elapsed
        if self.meter.power == 0:
            self._began = now
        return target * min(1, 1 / 3 + (now - self._began) / RAMP * 2 / 3)

    def _wait(self, car: Car) -> float:
        waits = [STEP]
        if self.limit.seconds is not None:
            waits.append(self.limit.seconds)
        if self.meter.power > 0:
            left = car.missing()
            if self.stop_at is not None:
                left = min(left, self.stop_at - self.meter.register)
            waits.append(left * 3600 / self.meter.power)
        return min(waits)

    def _set(self, power: float) -> None:
        self.meter.power = power
        self._core.write(self._power, f"{power:.1f}")
