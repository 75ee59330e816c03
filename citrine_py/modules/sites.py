"""A location with a limit: who charges there, and what each may take. Reads memory only.

Stations speak of amperes or watts, phases and needs; here all is W. What stands on a
ChargingProfile row is in the station's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from citrine_py.model.authorizations import AUTHORIZATION
from citrine_py.model.charging_profiles import CHARGING_PROFILE, ChargingProfile
from citrine_py.model.keys import authorization_key, idle_share_key, share_key
from citrine_py.model.stations import CHARGING_STATION, EVSE, LOCATION, Location
from citrine_py.model.transactions import LIVE_TRANSACTION, Transaction
from citrine_py.ports import Payload, Records

VOLTAGE = 230.0
PHASES = 3
LEAST_CURRENT = 6.0
"""A per phase below which no car charges (IEC 61851-1)."""
USUAL_CURRENT = 32.0
"""A per phase that is reckoned with for a car that nobody limits and of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Site:
    """A location's limit in W, and how its installation converts amperes."""

    location: str
    limit: float
    voltage: float
    phases: int

    def watts(self, amperes: float, phases: int | None = None) -> float:
        """The power of a current on so many phases."""
        return amperes * self.voltage * (phases or self.phases)

    def minimum(self, phases: int | None = None) -> float:
        """With less, a car does not charge."""
        return self.watts(LEAST_CURRENT, phases)

    def default(self, evses: int) -> float:
        """What each of `evses` may take when nobody shares out: an equal part, or nothing where
        that is too little to charge with."""
        part = self.limit / max(evses, 1)
        return part if part >= self.minimum() else 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """An EVSE of a site, and the transaction that runs there; evseId 0 is a station of which no
    EVSE is known."""

    station: str
    evse_id: int
    transaction: Transaction | None = None

    @property
    def idle_key(self) -> str:
        return idle_share_key(self.station, self.evse_id)

    @property
    def share_key(self) -> str | None:
        known = self.transaction
        return None if known is None else share_key(self.station, known.transactionId or "")


def site_of(location: Location) -> Site | None:
    """The site of a location; None where it has no limit."""
    if location.powerLimit is None or location.powerLimit < 0:
        return None
    return Site(location.id, location.powerLimit * 1000, *_installation(location))


def _installation(location: Location) -> tuple[float, int]:
    voltage = location.voltage if location.voltage and location.voltage > 0 else VOLTAGE
    return voltage, location.phases if location.phases in (1, 2, 3) else PHASES


def places(records: Records, location: str) -> list[Place]:
    """All EVSEs of the location's stations, in a fixed order, each with what runs there. A
    second transaction on an EVSE, or one without EVSE, is a place of its own."""
    found: list[Place] = []
    for station in sorted(records.select(CHARGING_STATION, location=location), key=lambda s: s.id):
        running = sorted(
            records.select(LIVE_TRANSACTION, station=station.id, isActive=True),
            key=lambda each: each.id,
        )
        busy = {each.evseId for each in running}
        evses = {each.evseId for each in records.select(EVSE, station=station.id) if each.evseId}
        found += [Place(station.id, each.evseId or 0, each) for each in running]
        idle = sorted(each for each in evses - busy if each is not None)
        found += [Place(station.id, each) for each in idle]
        if not evses and not running:
            found.append(Place(station.id, 0))
    return found


def profile_watts(site: Site, row: ChargingProfile, phases: int | None) -> float | None:
    """The power of the first period of a row."""
    if row.limit is None:
        return None
    return row.limit if row.chargingRateUnit == "W" else site.watts(row.limit, phases)


def share_fields(
    site: Site,
    watts: float,
    unit: str,
    phases: int | None,
    *,
    now: datetime,
    hold: timedelta | None = None,
) -> dict[str, Any]:
    """The fields of a row that lets a car take `watts`, for the time of `hold`."""
    used = phases or site.phases
    limit = watts if unit == "W" else watts / (site.voltage * used)
    limit = int(limit * 10 + 1e-6) / 10  # never more than the share
    period: Payload = {"startPeriod": 0, "limit": limit}
    if unit == "A" and used != PHASES:  # what OCPP takes for granted
        period["numberPhases"] = used
    return {
        "chargingRateUnit": unit,
        "limit": limit,
        "chargingSchedulePeriod": [period] if "numberPhases" in period else None,
        "chargingProfileKind": "Absolute",
        "startSchedule": now,
        "duration": None if hold is None else int(hold.total_seconds()),
    }


_MODES: Mapping[str, int] = MappingProxyType(
    {"AC_single_phase": 1, "AC_two_phase": 2, "AC_three_phase": 3}
)


def needed_watts(site: Site, needs: Payload | None) -> float | None:
    """The most that a car says it can take (OCPP ChargingNeedsType); None if it does not say."""
    if needs is None:
        return None
    if needs.get("requestedEnergyTransfer") == "DC":
        told = needs.get("dcChargingParameters")
        if told is None:
            return None
        power = told.get("evMaxPower")
        return float(power or told["evMaxCurrent"] * told["evMaxVoltage"])
    told = needs.get("acChargingParameters")
    if told is None:
        return None
    mode = needs.get("requestedEnergyTransfer", "")
    return site.watts(float(told["evMaxCurrent"]), _MODES.get(mode))


def weight(records: Records, transaction: Transaction) -> float:
    """1 for a token without a chargingPriority, twice as much for each three more."""
    token, kind = transaction.idToken, transaction.idTokenType
    if token is None or kind is None:
        return 1.0
    row = records.get(AUTHORIZATION, authorization_key(token, kind))
    priority = row.chargingPriority if row is not None else None
    return float(2.0 ** (max(-9, min(priority or 0, 9)) / 3))


def share_row(records: Records, key: str | None) -> ChargingProfile | None:
    """The row of a share."""
    return None if key is None else records.get(CHARGING_PROFILE, key)


def station_site(records: Records, station: str) -> tuple[Site, bool]:
    """The site of a station, and whether it has a limit."""
    record = records.get(CHARGING_STATION, station)
    place = record.location if record is not None else None
    location = (None if place is None else records.get(LOCATION, place)) or Location(id="")
    limited = site_of(location)
    if limited is not None:
        return limited, True
    return Site(location.id, 0, *_installation(location)), False


def converted(site: Site, row: ChargingProfile, unit: str) -> dict[str, Any]:
    """The fields of a row in the other unit, by the site's voltage and phases."""

    def turned(limit: float, phases: int | None) -> float:
        by = site.watts(1.0, phases)
        return round(limit * by if unit == "W" else limit / by, 1)

    periods = [
        {**each, "limit": turned(each["limit"], each.get("numberPhases"))}
        for each in row.chargingSchedulePeriod or ()
    ]
    limit = periods[0]["limit"] if periods else turned(row.limit or 0.0, None)
    return {
        "chargingRateUnit": unit,
        "limit": limit,
        "chargingSchedulePeriod": periods or None,
    }
