"""K01: what a charging profile must keep to, before it is sent to a station."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from citrine_py.errors import BadRequest
from citrine_py.model.charging_profiles import IN_FORCE, ChargingProfile
from citrine_py.model.keys import transaction_key
from citrine_py.model.times import parse
from citrine_py.model.transactions import LIVE_TRANSACTION, Transaction
from citrine_py.ports import Payload, Records


@dataclass(frozen=True, slots=True)
class StationLimits:
    """What a station's SmartChargingCtrlr says that it takes; None: it has not said.

    Attributes:
        units: the rate units that it knows, of "A" and "W"; empty: not said.
        level: the highest stack level.
        periods: the most periods of a schedule.
        phase_switching: whether it can be told which phase to use.
    """

    units: frozenset[str] = frozenset()
    level: int | None = None
    periods: int | None = None
    phase_switching: bool | None = None

    def unit(self, wanted: str = "A") -> str:
        """The unit in which to speak to the station."""
        return wanted if not self.units or wanted in self.units else min(self.units)


def check(
    payload: Payload,
    limits: StationLimits,
    others: Iterable[ChargingProfile],
    transaction: Transaction | None,
    now: datetime,
) -> None:
    """A SetChargingProfile follows OCPP's rules for a CSMS.

    Args:
        others: the station's other records, without the one that this is to replace.
        transaction: the running one that the profile names.

    Raises:
        BadRequest: it does not; all reasons are told.
    """
    problems = [
        *_purpose(payload, transaction),
        *_schedules(payload["chargingProfile"], limits, transaction, others),
        *_place(payload, others, now),
    ]
    if problems:
        raise BadRequest("SetChargingProfile: " + "; ".join(problems))


def running(records: Records, station: str, payload: Payload) -> Transaction | None:
    """The running transaction that a SetChargingProfile names, on its EVSE."""
    transaction_id = payload["chargingProfile"].get("transactionId")
    if transaction_id is None:
        return None
    found = records.get(LIVE_TRANSACTION, transaction_key(station, transaction_id))
    if found is None or not found.isActive or found.evseId not in (None, payload["evseId"]):
        return None
    return found


def _purpose(payload: Payload, transaction: Transaction | None) -> Iterator[str]:
    profile, evse_id = payload["chargingProfile"], payload["evseId"]
    purpose, kind = profile["chargingProfilePurpose"], profile["chargingProfileKind"]
    named = "transactionId" in profile
    if purpose == "ChargingStationExternalConstraints":
        yield "ChargingStationExternalConstraints are for others to set (K01.FR.22)"
    if purpose == "ChargingStationMaxProfile":
        if evse_id != 0:
            yield "a ChargingStationMaxProfile is for evseId 0"
        if kind == "Relative":
            yield "a ChargingStationMaxProfile cannot be Relative (K01.FR.38)"
    if purpose != "TxProfile":
        if named:
            yield "only a TxProfile has a transactionId"
        return
    if evse_id <= 0:
        yield "a TxProfile is for one EVSE, evseId > 0 (K01.FR.16)"
    if not named:
        yield "a TxProfile needs the transactionId (K01.FR.03)"
    elif transaction is None:
        yield f"no such transaction runs on EVSE {evse_id} (K01.FR.09)"


def _schedules(
    profile: Payload,
    limits: StationLimits,
    transaction: Transaction | None,
    others: Iterable[ChargingProfile],
) -> Iterator[str]:
    kind, schedules = profile["chargingProfileKind"], profile["chargingSchedule"]
    if kind == "Recurring" and "recurrencyKind" not in profile:
        yield "a Recurring profile needs a recurrencyKind"
    if limits.level is not None and profile["stackLevel"] > limits.level:
        yield f"the station takes stack levels up to {limits.level}"
    if len(schedules) > 1 and not _asked_for_several(transaction, others):
        yield "several schedules only for a car that told its needs (K01.FR.34)"
    for schedule in schedules:
        yield from _schedule(schedule, kind, limits)


def _asked_for_several(transaction: Transaction | None, others: Iterable[ChargingProfile]) -> bool:
    return transaction is not None and any(
        each.chargingNeeds is not None and each.transactionId == transaction.transactionId
        for each in others
    )


def _schedule(schedule: Payload, kind: str, limits: StationLimits) -> Iterator[str]:
    unit, periods = schedule["chargingRateUnit"], schedule["chargingSchedulePeriod"]
    starts = [each["startPeriod"] for each in periods]
    if kind == "Relative" and "startSchedule" in schedule:
        yield "a Relative profile has no startSchedule (K01.FR.41)"
    if kind != "Relative" and "startSchedule" not in schedule:
        yield f"{kind} profiles need a startSchedule (K01.FR.40)"
    if starts[0] != 0:
        yield "the first startPeriod must be 0 (K01.FR.31)"
    if any(one >= next_ for one, next_ in pairwise(starts)):
        yield "periods must be in the order of their startPeriod (K01.FR.35)"
    if limits.units and unit not in limits.units:
        yield f"the station takes limits in {' or '.join(sorted(limits.units))} (K01.FR.26)"
    if limits.periods is not None and len(periods) > limits.periods:
        yield f"the station takes {limits.periods} periods at most"
    if any("phaseToUse" in each and each.get("numberPhases") != 1 for each in periods):
        yield "phaseToUse only with numberPhases 1 (K01.FR.19)"
    if limits.phase_switching is not True and any("phaseToUse" in each for each in periods):
        yield "the station does not say that it can switch phases (K01.FR.20)"
    if any(each["limit"] < 0 for each in periods):
        yield "a limit cannot be negative"


def _place(payload: Payload, others: Iterable[ChargingProfile], now: datetime) -> Iterator[str]:
    profile = payload["chargingProfile"]
    starts, ends = _span(profile)
    if ends is not None and ends <= now:
        yield "validTo is over already (K01.FR.37)"
    if starts is not None and ends is not None and ends <= starts:
        yield "validTo comes before validFrom"
    for each in others:
        if each.status in IN_FORCE and _same_place(payload, each) and _overlap(profile, each):
            rule = "39" if each.chargingProfilePurpose == "TxProfile" else "06"
            yield (
                f"profile {each.chargingProfileId} has the same purpose, stack level and time: "
                f"two cannot hold at once (K01.FR.{rule})"
            )


def _same_place(payload: Payload, other: ChargingProfile) -> bool:
    profile = payload["chargingProfile"]
    if profile["stackLevel"] != other.stackLevel:
        return False
    if profile["chargingProfilePurpose"] != other.chargingProfilePurpose:
        return False
    if other.chargingProfilePurpose == "TxProfile":
        return bool(profile.get("transactionId") == other.transactionId)
    return bool(payload["evseId"] == (other.evseId or 0))


def _overlap(profile: Payload, other: ChargingProfile) -> bool:
    starts, ends = _span(profile)
    before = ends is not None and other.validFrom is not None and ends <= other.validFrom
    after = starts is not None and other.validTo is not None and other.validTo <= starts
    return not before and not after


def _span(profile: Payload) -> tuple[datetime | None, datetime | None]:
    starts, ends = profile.get("validFrom"), profile.get("validTo")
    return (
        None if starts is None else parse(starts),
        None if ends is None else parse(ends),
    )
