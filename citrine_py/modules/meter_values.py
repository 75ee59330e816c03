"""J01, J02: what a station's meter values say, in plain units.

Pure functions over OCPP's MeterValueType. Registers are whole milliwatt-hours, so that
sums and differences are exact. The register of a transaction is
Energy.Active.Import.Register at the Outlet: the value without a phase, or else the sum
of the phases. Where a station only tells Energy.Active.Import.Interval, those are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from citrine_py.ports import Payload

REGISTER = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"

Kind: TypeAlias = Literal["B", "", "E"]
"""Of a reading: taken at the transaction's begin, in between, at its end."""

_KINDS: Mapping[str, Kind] = MappingProxyType({"Transaction.Begin": "B", "Transaction.End": "E"})
_POWERS = MappingProxyType({"": 0, "k": 3, "m": 6})
_PHASES = ("L1", "L2", "L3")
_MOST = 10**15
"""Milliwatt-hours, a terawatt-hour: no meter of a charger counts so far."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A register reading, or the energy of an interval, in mWh; `at` in milliseconds."""

    at: int
    energy: int
    kind: Kind = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What meter values tell of energy; `odd` are those that cannot be used, in words."""

    readings: tuple[Reading, ...] = ()
    intervals: tuple[Reading, ...] = ()
    odd: tuple[str, ...] = ()


def energy_told(meter_values: Iterable[tuple[int, Payload]]) -> Told:
    """The registers and intervals of meter values, each with its time in milliseconds."""
    readings: list[Reading] = []
    intervals: list[Reading] = []
    odd: list[str] = []
    for at, meter_value in meter_values:
        for context, samples in _by_context(meter_value).items():
            kind = _KINDS.get(context, "")
            register = _energy(samples, REGISTER, odd)
            if register is not None:
                readings.append(Reading(at, register, kind))
            interval = _energy(samples, INTERVAL, odd)
            if interval is not None:
                intervals.append(Reading(at, interval))
    return Told(tuple(readings), tuple(intervals), tuple(dict.fromkeys(odd)))


def columns(meter_value: Payload) -> dict[str, Any]:
    """The usual measurands of a set of values in plain units, as fields of MeterValue."""
    samples = meter_value["sampledValue"]
    found: dict[str, Any] = {
        "context": next((each["context"] for each in samples if "context" in each), None),
        "energyImport": _sum(samples, REGISTER, "wh"),
        "energyExport": _sum(samples, "Energy.Active.Export.Register", "wh"),
        "powerImport": _sum(samples, "Power.Active.Import", "w"),
        "powerOffered": _sum(samples, "Power.Offered", "w"),
        "currentImport": _highest(samples, "Current.Import", "a"),
        "currentOffered": _highest(samples, "Current.Offered", "a"),
        "voltage": _mean(samples, "Voltage", "v"),
        "soc": _highest(samples, "SoC", None),
    }
    return found


def signed(meter_value: Payload) -> list[Payload]:
    """The signed values among it (OCPP SignedMeterValueType)."""
    return [
        each["signedMeterValue"]
        for each in meter_value["sampledValue"]
        if "signedMeterValue" in each
    ]


# ---- one measurand -----------------------------------------------------------------------


def _by_context(meter_value: Payload) -> dict[str, list[Payload]]:
    found: dict[str, list[Payload]] = {}
    for sample in meter_value["sampledValue"]:
        found.setdefault(sample.get("context", "Sample.Periodic"), []).append(sample)
    return found


def _energy(samples: Iterable[Payload], measurand: str, odd: list[str]) -> int | None:
    chosen = _of(samples, measurand, outlet=True)
    total = chosen.get(None)
    if total is not None:
        return _milli(total, odd)
    parts = [_milli(chosen[phase], odd) for phase in _phases(chosen)]
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _phases(chosen: Mapping[str | None, Payload]) -> list[str]:
    """The phases to add up, by whichever of OCPP's names the station uses."""
    plain = [phase for phase in _PHASES if phase in chosen]
    return plain or [f"{phase}-N" for phase in _PHASES if f"{phase}-N" in chosen]


def _of(
    samples: Iterable[Payload], measurand: str, *, outlet: bool = False
) -> dict[str | None, Payload]:
    """The samples of a measurand by phase; of two for the same phase the first."""
    found: dict[str | None, Payload] = {}
    for sample in samples:
        if sample.get("measurand", REGISTER) != measurand:
            continue
        if outlet and sample.get("location", "Outlet") != "Outlet":
            continue
        found.setdefault(sample.get("phase"), sample)
    return found


def _milli(sample: Payload, odd: list[str]) -> int | None:
    value = _plain(sample, "wh")
    if value is None:
        unit = sample.get("unitOfMeasure", {}).get("unit", "Wh")
        odd.append(f"a reading in {str(unit)[:20]!r} cannot be used")
        return None
    milli = int((value * 1000).to_integral_value())
    if abs(milli) > _MOST:
        odd.append("a reading beyond a terawatt-hour cannot be used")
        return None
    return milli


def _plain(sample: Payload, unit: str | None) -> Decimal | None:
    """The value in `unit` (None: whatever it is in); None if it is in no multiple of it."""
    told = sample.get("unitOfMeasure", {})
    name = str(told.get("unit", unit or "")).casefold()
    prefix = name.removesuffix(unit) if unit and name.endswith(unit) else None
    if unit is not None and prefix not in _POWERS:
        return None
    power = int(told.get("multiplier", 0)) + (_POWERS[prefix] if prefix else 0)
    if abs(power) > 30:
        return None
    try:
        value = Decimal(repr(sample["value"])).scaleb(power)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _values(samples: Iterable[Payload], measurand: str, unit: str | None) -> list[Decimal]:
    chosen = _of(samples, measurand)
    total = chosen.get(None)
    named: list[str | None] = [*_phases(chosen)] or [*chosen]
    parts = [total] if total is not None else [chosen[phase] for phase in named]
    return [value for part in parts if (value := _plain(part, unit)) is not None]


def _sum(samples: Iterable[Payload], measurand: str, unit: str | None) -> float | None:
    found = _values(samples, measurand, unit)
    return float(sum(found)) if found else None


def _highest(samples: Iterable[Payload], measurand: str, unit: str | None) -> float | None:
    found = _values(samples, measurand, unit)
    return float(max(found)) if found else None


def _mean(samples: Iterable[Payload], measurand: str, unit: str | None) -> float | None:
    found = _values(samples, measurand, unit)
    return float(sum(found) / len(found)) if found else None
