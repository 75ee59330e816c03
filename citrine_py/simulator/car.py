"""An electric car: its battery and how much power it takes at which state of charge.

Pure arithmetic in W, Wh, seconds and percent.
"""

from __future__ import annotations

from dataclasses import dataclass

from citrine_py.errors import BadRequest

AC_EFFICIENCY = 0.92
DC_EFFICIENCY = 0.96
TAPER_FROM = 80.0
"""Percent of charge above which a DC car takes less and less."""
TAPER_TO = 0.1
"""The part of its power that is left when it is nearly full."""
FULL = 99.999
"""Percent; what is left to 100 is arithmetic's."""


@dataclass(frozen=True, slots=True)
class CarModel:
    """A car as it arrives: battery in kWh, state of charge in percent, power in kW.

    `talks`: it speaks ISO 15118 and tells what it needs.
    """

    battery: float = 58
    soc: float = 35
    power: float = 11
    phases: int = 3
    talks: bool = False

    def __post_init__(self) -> None:
        if not (self.battery > 0 and self.power > 0 and 0 <= self.soc <= 100):
            raise BadRequest("a car has a battery and power above 0, and a charge of 0 to 100 %")
        if self.phases not in {1, 3}:
            raise BadRequest("a car charges on 1 or 3 phases")


class Car:
    """One car at a connector."""

    def __init__(self, model: CarModel, *, direct_current: bool) -> None:
        self.model = model
        self.direct_current = direct_current
        self._capacity = model.battery * 1000
        self._stored = self._capacity * model.soc / 100
        self._efficiency = DC_EFFICIENCY if direct_current else AC_EFFICIENCY

    @property
    def soc(self) -> float:
        """Percent."""
        return 100 * self._stored / self._capacity

    @property
    def full(self) -> bool:
        return self.soc >= FULL

    def wants(self) -> float:
        """W that it would take now, if it got them."""
        if self.full:
            return 0
        most = self.model.power * 1000
        if not self.direct_current or self.soc <= TAPER_FROM:
            return most
        left = (100 - self.soc) / (100 - TAPER_FROM)
        return most * (TAPER_TO + (1 - TAPER_TO) * left)

    def missing(self) -> float:
        """Wh at the meter until it is full."""
        return max(0.0, self._capacity - self._stored) / self._efficiency

    def take(self, energy: float) -> None:
        """Takes `energy` Wh as the meter counts them."""
        self._stored = min(self._capacity, self._stored + energy * self._efficiency)
