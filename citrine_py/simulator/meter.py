"""An EVSE's meter: a register that only grows, and what it shows of a moment.

Pure arithmetic in W, Wh and seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from citrine_py.simulator.deeds import Payload

AC_VOLTAGE = 230.0
DC_VOLTAGE = 400.0
MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
)


class Meter:
    """`register` is in Wh, `power` in W; the power holds until it is changed."""

    def __init__(self, register: float, *, phases: int, direct_current: bool) -> None:
        self.register = register
        self.power = 0.0
        self.phases = phases
        self.direct_current = direct_current
        self._shows: Mapping[str, Callable[[], list[Payload]]] = {
            "Energy.Active.Import.Register": self._energy,
            "Power.Active.Import": self._power,
            "Current.Import": self._current,
            "Voltage": self._voltage,
        }

    def advance(self, seconds: float) -> float:
        """Counts what has flowed; returns it, in Wh."""
        energy = self.power * seconds / 3600
        self.register += energy
        return energy

    def value(
        self, at: str, context: str, measurands: Iterable[str], soc: float | None = None
    ) -> Payload:
        """A MeterValue of these measurands; the register if none of them is known."""
        samples: list[Payload] = []
        for name in measurands:
            if name in self._shows:
                samples += self._shows[name]()
            elif name == "SoC" and soc is not None:
                samples.append(
                    {
                        "value": round(soc, 1),
                        "measurand": "SoC",
                        "location": "EV",
                        "unitOfMeasure": {"unit": "Percent"},
                    }
                )
        samples = samples or self._energy()
        return {
            "timestamp": at,
            "sampledValue": [{**sample, "context": context} for sample in samples],
        }

    def _energy(self) -> list[Payload]:
        return [_sample("Energy.Active.Import.Register", self.register, "Wh", digits=3)]

    def _power(self) -> list[Payload]:
        return [_sample("Power.Active.Import", self.power, "W")]

    def _current(self) -> list[Payload]:
        if self.direct_current:
            return [_sample("Current.Import", self.power / DC_VOLTAGE, "A")]
        current = self.power / AC_VOLTAGE / self.phases
        return [
            {**_sample("Current.Import", current if n <= self.phases else 0, "A"), "phase": f"L{n}"}
            for n in (1, 2, 3)
        ]

    def _voltage(self) -> list[Payload]:
        if self.direct_current:
            return [_sample("Voltage", DC_VOLTAGE, "V")]
        return [{**_sample("Voltage", AC_VOLTAGE, "V"), "phase": f"L{n}-N"} for n in (1, 2, 3)]


def _sample(measurand: str, value: float, unit: str, digits: int = 1) -> Payload:
    return {
        "value": round(value, digits),
        "measurand": measurand,
        "location": "Outlet",
        "unitOfMeasure": {"unit": unit},
    }
