"""K02: shares the limit of each location among the cars that charge at its stations.

Every few seconds each location with a limit is looked at. What a car may take is a TxProfile
that holds for a while and is sent again before it ends; each EVSE has a TxDefaultProfile with
an equal part of the limit. So whatever happens here, when nobody shares out any more stations
fall back to parts that add up to the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from citrine_py.errors import StoreUnavailable
from citrine_py.model.charging_profiles import CHARGING_PROFILE, IN_FORCE, ChargingProfile
from citrine_py.model.stations import LOCATION
from citrine_py.model.transactions import Transaction
from citrine_py.modules.draws import Draws
from citrine_py.modules.power_shares import Car
from citrine_py.modules.profile_sending import ProfileSending
from citrine_py.modules.profile_tidying import ProfileTidying
from citrine_py.modules.site_plan import Charging, plan
from citrine_py.modules.sites import (
    USUAL_CURRENT,
    Place,
    Site,
    needed_watts,
    places,
    profile_watts,
    share_fields,
    share_row,
    site_of,
    weight,
)
from citrine_py.ports import Change, Clock, Delete, Put, Records

log = structlog.get_logger()

HOLD = timedelta(minutes=30)
"""How long a share holds at its station; it is sent again when a third of it is left."""
_IDLE = frozenset({"SuspendedEV", "EVConnected", "Idle"})
_LIMITED = 0.9  # who draws this part of what it may would take more
_HEADROOM, _STEP = 1.2, 500.0  # of what a car draws; W
_ON_THE_WAY = ("Wanted", "Sent")


@dataclass(slots=True)
class _Held:
    """What the station has of a car's share for certain. `idle`: the car wanted nothing when it
    got nothing, which its station then tells as if it waited for power. `raised`: when the share
    last grew; what the car drew before says nothing of what it would draw now."""

    watts: float
    until: datetime
    idle: bool = False
    raised: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoadBalancing:
    """Looks after the locations.

    Attributes:
        interval: seconds between two rounds.
        held: by key of the ChargingProfile row, of cars only.
    """

    records: Records
    clock: Clock
    sending: ProfileSending
    draws: Draws
    tidying: ProfileTidying
    interval: float = 10
    held: dict[str, _Held] = field(default_factory=dict)

    async def run(self) -> None:
        """Rounds, for ever."""
        while True:
            await self.clock.sleep(self.interval)
            try:
                await self.round()
            except StoreUnavailable as error:
                log.info("location.not_shared", reason=str(error))

    async def round(self) -> None:
        """Looks at all locations once.

        Raises:
            StoreUnavailable: the journal takes nothing now.
        """
        await self.tidying.tidy()
        now, seen = self.clock.now(), set[str]()
        self.draws.forget(now)
        for location in self.records.select(LOCATION):
            site = site_of(location)
            if site is not None:
                found = places(self.records, location.id)
                seen |= {key for each in found for key in (each.idle_key, each.share_key) if key}
                await self._look_after(site, found, now)
        await self._give_up(seen, now)

    def allowed(self, site: Site, transaction: Transaction, most: float) -> float:
        """W that a car which has just told its needs may take at once."""
        found = places(self.records, site.location)
        reserved, charging = self._facts(site, found, self.clock.now())
        mine = next((each for each in charging if each.car.key == _key(transaction, found)), None)
        if mine is None:
            return 0.0
        others = sum(each.in_force for each in charging if each is not mine)
        return max(min(most, site.limit - reserved - others), 0.0)

    # ---- one location ------------------------------------------------------------------

    async def _look_after(self, site: Site, found: Sequence[Place], now: datetime) -> None:
        reserved, charging = self._facts(site, found, now)
        by_key = {each.share_key: each for each in found if each.transaction is not None}
        changes: list[Change] = []
        stations: set[str] = set()
        for key, watts in plan(site.limit, reserved, charging).items():
            place = by_key[key]
            changes.append(await self._share(site, place, watts, now))
            stations.add(place.station)
            log.info(
                "location.share", location=site.location, station=place.station,
                evse=place.evse_id, watts=round(watts),
            )  # fmt: skip
        for place in found:
            default = await self._default(site, place, len(found), now)
            if default is not None:
                changes.append(default)
                stations.add(place.station)
        await self.records.write(*changes)
        for station in sorted(stations):
            self.sending.due(station)

    def _facts(
        self, site: Site, found: Sequence[Place], now: datetime
    ) -> tuple[float, list[Charging]]:
        """What is out of reach, in W, and the cars that can be told a share."""
        reserved, charging = 0.0, []
        for place in found:
            here = self.sending.here(place.station)
            if place.transaction is None:
                reserved += 0.0 if here else self._default_in_force(site, place) or 0.0
                continue
            row = share_row(self.records, place.share_key)
            each = self._charging(site, place, place.transaction, row, now)
            if here and (row is None or row.status != "Refused"):
                charging.append(each)
            elif here:  # it takes no share: what it draws, as far as that is known
                drawn = self.draws.of(place.transaction.id, now)
                reserved += each.in_force if drawn is None else min(drawn, each.in_force)
            else:
                reserved += each.in_force
        return reserved, charging

    def _charging(
        self,
        site: Site,
        place: Place,
        transaction: Transaction,
        row: ChargingProfile | None,
        now: datetime,
    ) -> Charging:
        key, phases = place.share_key or "", transaction.numberOfPhasesUsed
        busy = row is not None and row.status in _ON_THE_WAY
        if row is not None and row.status == "Confirmed" and row.source == "Location":
            self._hold(site, key, row, phases)
        held = self.held.get(key)
        certain = held is not None and held.until > now
        in_force = held.watts if held is not None and certain else self._unshared(site, place)
        if busy and row is not None:  # the station may have it, or may not
            in_force = max(in_force, profile_watts(site, row, phases) or 0.0)
        idle = self._idle(transaction, held)
        if held is not None:
            held.idle = idle
        car = Car(
            key=key,
            order=(float(idle), _begun(transaction)),
            minimum=site.minimum(phases),
            demand=site.minimum(phases) if idle else self._demand(transaction, held, in_force, now),
            most=needed_watts(site, row.chargingNeeds if row else None) or float("inf"),
            weight=weight(self.records, transaction),
        )
        due = held is not None and held.until - now < HOLD / 3
        return Charging(car, in_force, certain, due and certain, busy)

    def _hold(self, site: Site, key: str, row: ChargingProfile, phases: int | None) -> None:
        watts = profile_watts(site, row, phases)
        if watts is None or row.startSchedule is None:
            return
        until = row.startSchedule + timedelta(seconds=row.duration or 0)
        before = self.held.get(key)
        if before is None:
            self.held[key] = _Held(watts, until)
        elif (before.watts, before.until) != (watts, until):
            raised = row.timestamp if watts > before.watts else before.raised
            self.held[key] = _Held(watts, until, before.idle, raised)

    def _idle(self, transaction: Transaction, held: _Held | None) -> bool:
        if transaction.chargingState in _IDLE:
            return True
        stopped = held is not None and held.watts == 0 and held.idle
        return stopped and transaction.chargingState != "Charging"

    def _demand(
        self, transaction: Transaction, held: _Held | None, in_force: float, now: datetime
    ) -> float:
        """What the car would take, about; all that it may get, as long as that is not known."""
        drawn = self.draws.of(transaction.id, now)
        if drawn is None or transaction.chargingState != "Charging":
            return float("inf")
        if held is not None and not self.draws.since(transaction.id, held.raised):
            return in_force
        if drawn >= _LIMITED * in_force:
            return float("inf")
        return -(-drawn * _HEADROOM // _STEP) * _STEP + _STEP

    def _unshared(self, site: Site, place: Place) -> float:
        """What a car may take that has no share (any more)."""
        default = self._default_in_force(site, place)
        transaction = place.transaction
        phases = transaction.numberOfPhasesUsed if transaction is not None else None
        return site.watts(USUAL_CURRENT, phases) if default is None else default

    def _default_in_force(self, site: Site, place: Place) -> float | None:
        """The part of the EVSE, if its station has taken it."""
        row = self.records.get(CHARGING_PROFILE, place.idle_key)
        if row is None or row.status != "Confirmed":
            return None
        return profile_watts(site, row, None)

    # ---- rows --------------------------------------------------------------------------

    async def _share(self, site: Site, place: Place, watts: float, now: datetime) -> Change:
        transaction = place.transaction
        assert transaction is not None  # noqa: S101 - the plan is of those with one
        unit = await self._unit(place.station)
        fields = {
            **share_fields(site, watts, unit, transaction.numberOfPhasesUsed, now=now, hold=HOLD),
            **_whose(site, place),
            "chargingProfilePurpose": "TxProfile",
            "transactionId": transaction.transactionId,
            "status": "Wanted",
            "timestamp": now,
        }
        return Put(CHARGING_PROFILE, place.share_key or "", fields)

    async def _default(self, site: Site, place: Place, evses: int, now: datetime) -> Change | None:
        """The part of an EVSE, where the station does not have it or has another."""
        row = self.records.get(CHARGING_PROFILE, place.idle_key)
        unit = await self._unit(place.station)
        fields = share_fields(site, site.default(evses), unit, None, now=now)
        if row is not None and row.status in (*IN_FORCE, "Refused") and _same(row, fields):
            return None
        whole = {
            **fields,
            **_whose(site, place),
            "chargingProfilePurpose": "TxDefaultProfile",
            "status": "Wanted",
            "timestamp": now,
        }
        return Put(CHARGING_PROFILE, place.idle_key, whole)

    async def _unit(self, station: str) -> str:
        limits = await self.sending.limits.of(station)
        return limits.unit("W") if limits.units else "A"

    async def _give_up(self, seen: set[str], now: datetime) -> None:
        """Shares of locations that have no limit any more, or stations that have left them."""
        changes: list[Change] = []
        for row in self.records.select(CHARGING_PROFILE, source="Location"):
            if row.id in seen or row.status not in (*IN_FORCE, "Refused"):
                continue
            reached = row.chargingProfileId is not None and row.status != "Refused"
            changes.append(
                Put(CHARGING_PROFILE, row.id, {"status": "Removing", "timestamp": now})
                if reached
                else Delete(CHARGING_PROFILE, row.id)
            )
            self.sending.due(row.station or "")
        await self.records.write(*changes)
        for gone in self.held.keys() - seen:
            del self.held[gone]


def _whose(site: Site, place: Place) -> dict[str, Any]:
    return {
        "station": place.station,
        "evseId": place.evse_id,
        "source": "Location",
        "location": site.location,
        "statusInfo": None,
    }


def _key(transaction: Transaction, found: Sequence[Place]) -> str | None:
    return next(
        (
            each.share_key
            for each in found
            if each.transaction is not None and each.transaction.id == transaction.id
        ),
        None,
    )


def _same(row: ChargingProfile, fields: dict[str, Any]) -> bool:
    return (row.limit, row.chargingRateUnit) == (fields["limit"], fields["chargingRateUnit"])


def _begun(transaction: Transaction) -> str:
    begun = transaction.startedAt.isoformat() if transaction.startedAt is not None else ""
    return f"{begun} {transaction.id}"
