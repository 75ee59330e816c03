"""K15-K17, K12, K13: a car that says what it needs, and an energy manager in the house.

No I/O. A CSMS that knows nothing of either answers with an error, and the car charges all
the same.
"""

from __future__ import annotations

from datetime import timedelta

from citrine_py.model.times import iso
from citrine_py.simulator.core import Core
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.meter import AC_VOLTAGE, DC_VOLTAGE
from citrine_py.simulator.outlet import Outlet
from citrine_py.simulator.smart_charging import SmartCharging

STAYS = timedelta(hours=8)
"""Until the driver wants to leave, as the car says."""
SCHEDULE_AFTER = 10.0
"""Seconds that a car waits for the CSMS' profile before it tells its own schedule."""
LOCAL_LIMIT = 4600.0
"""W that the energy manager leaves to the station."""
LIMIT_AFTER, LIMIT_FOR = 120.0, 600.0


class TalkingCars:
    """What cars with ISO 15118 say."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def permitted(self, outlet: Outlet) -> None:
        """The car may charge: it says what it needs (K15)."""
        car = outlet.supply.car
        if car is None or not car.model.talks:
            return
        energy, most = round(car.missing()), car.model.power * 1000
        needs: Payload = {"departureTime": iso(self._core.clock.now() + STAYS)}
        if car.direct_current:
            needs["requestedEnergyTransfer"] = "DC"
            needs["dcChargingParameters"] = {
                "evMaxCurrent": round(most / DC_VOLTAGE),
                "evMaxVoltage": round(DC_VOLTAGE),
                "energyAmount": energy,
                "evMaxPower": round(most),
                "stateOfCharge": int(car.soc),
                "evEnergyCapacity": round(car.model.battery * 1000),
                "fullSoC": 100,
                "bulkSoC": 80,
            }
        else:
            phases = "three" if car.model.phases == 3 else "single"
            needs["requestedEnergyTransfer"] = f"AC_{phases}_phase"
            needs["acChargingParameters"] = {
                "energyAmount": energy,
                "evMinCurrent": 6,
                "evMaxCurrent": round(most / AC_VOLTAGE / car.model.phases),
                "evMaxVoltage": round(AC_VOLTAGE),
            }
        told = {"evseId": outlet.number, "chargingNeeds": needs}
        self._core.tell("NotifyEVChargingNeeds", told, lambda it: self._told(outlet, it))

    def _told(self, outlet: Outlet, answer: Payload | None) -> None:
        status = None if answer is None else answer["status"]
        self._core.log.info("car.needs_told", evse=outlet.number, status=status or "no answer")
        if status in {"Accepted", "Processing"}:
            self._core.clock.after(SCHEDULE_AFTER, lambda: self._schedule(outlet))

    def _schedule(self, outlet: Outlet) -> None:
        """The car says how it will charge (K17)."""
        car, limit = outlet.supply.car, outlet.supply.limit.watts
        if car is None or outlet.transaction is None:
            return
        watts = car.wants() if limit is None else min(limit, car.wants())
        schedule = {
            "id": self._core.number(),
            "duration": int(STAYS.total_seconds()),
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": round(watts, 1)}],
        }
        told = {
            "timeBase": self._core.now(),
            "evseId": outlet.number,
            "chargingSchedule": schedule,
        }
        self._core.tell("NotifyEVChargingSchedule", told)


class EnergyManager:
    """A box in the house that leaves little to the station for a while."""

    def __init__(self, core: Core, smart: SmartCharging) -> None:
        self._core = core
        self._smart = smart
        self._limits = False

    def began(self) -> None:
        """A transaction has begun."""
        if self._core.config.habits.local_limit and not self._limits:
            self._limits = True
            self._core.clock.after(LIMIT_AFTER, self._set)

    def _set(self) -> None:
        schedule = {
            "id": 1,
            "startSchedule": self._core.now(),
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": LOCAL_LIMIT}],
        }
        profile = {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "ChargingStationExternalConstraints",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        self._smart.install(profile, 0, "EMS")
        limit = {"chargingLimitSource": "EMS", "isGridCritical": False}
        told = {"chargingLimit": limit, "chargingSchedule": [schedule]}
        self._core.tell("NotifyChargingLimit", told)
        self._core.clock.after(LIMIT_FOR, self._clear)

    def _clear(self) -> None:
        self._limits = False
        self._smart.remove("EMS")
        self._core.tell("ClearedChargingLimit", {"chargingLimitSource": "EMS"})
