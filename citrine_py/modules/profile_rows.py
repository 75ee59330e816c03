"""K01: OCPP's charging profiles and our records of them: pure conversions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.model.charging_profiles import (
    CHARGING_PROFILE,
    ON_STATION,
    OURS,
    ChargingProfile,
)
from citrine_py.model.times import iso, parse
from citrine_py.ocpp.catalogue import numbered_profile
from citrine_py.ports import Payload, Records

WISHED = (
    "station",
    "evseId",
    "chargingProfilePurpose",
    "transactionId",
    "stackLevel",
    "chargingProfileKind",
    "recurrencyKind",
    "validFrom",
    "validTo",
    "chargingRateUnit",
    "limit",
    "chargingSchedulePeriod",
    "startSchedule",
    "duration",
    "minChargingRate",
    "moreSchedules",
)
"""The fields that make the message; another value of one of them is another wish."""
DEFAULT_UNIT = "A"
BUTTONS = 1_000_000
"""Ids from here on are not ours to choose: the buttons in Directus use them (citrine-operation)."""


def wish(row: ChargingProfile | None) -> tuple[Any, ...]:
    """What a row asks of its station."""
    return () if row is None else tuple(getattr(row, name) for name in WISHED)


def profile_fields(profile: Payload) -> dict[str, Any]:
    """The fields of a record of an OCPP ChargingProfileType."""
    first, *more = profile["chargingSchedule"]
    return {
        "chargingProfileId": profile["id"],
        "chargingProfilePurpose": profile["chargingProfilePurpose"],
        "transactionId": profile.get("transactionId"),
        "stackLevel": profile["stackLevel"],
        "chargingProfileKind": profile["chargingProfileKind"],
        "recurrencyKind": profile.get("recurrencyKind"),
        "validFrom": _moment(profile.get("validFrom")),
        "validTo": _moment(profile.get("validTo")),
        **schedule_fields(first),
        "moreSchedules": more or None,
    }


def schedule_fields(schedule: Payload) -> dict[str, Any]:
    """The fields of an OCPP ChargingScheduleType."""
    periods = schedule["chargingSchedulePeriod"]
    return {
        "chargingRateUnit": schedule["chargingRateUnit"],
        "limit": float(periods[0]["limit"]),
        "chargingSchedulePeriod": None if _plain(periods) else periods,
        "startSchedule": _moment(schedule.get("startSchedule")),
        "duration": schedule.get("duration"),
        "minChargingRate": schedule.get("minChargingRate"),
    }


def _plain(periods: list[Payload]) -> bool:
    """Whether `limit` says all of them, so that people can change it there."""
    return len(periods) == 1 and periods[0].keys() == {"startPeriod", "limit"}


def defaults(row: ChargingProfile, now: datetime) -> dict[str, Any]:
    """What the row leaves open and the message must say, but for its stack level."""
    whole_station = not row.evseId
    kind = row.chargingProfileKind or "Absolute"
    told: dict[str, Any] = {
        "evseId": 0 if row.evseId is None else row.evseId,
        "chargingProfilePurpose": row.chargingProfilePurpose
        or _purpose(row, whole_station=whole_station),
        "chargingProfileKind": kind,
        "chargingRateUnit": row.chargingRateUnit or DEFAULT_UNIT,
        "startSchedule": row.startSchedule,
    }
    if row.startSchedule is None and kind != "Relative":
        told["startSchedule"] = row.validFrom or parse(iso(now))  # as exact as it is kept
    return {name: value for name, value in told.items() if getattr(row, name) != value}


def _purpose(row: ChargingProfile, *, whole_station: bool) -> str:
    if row.transactionId:
        return "TxProfile"
    return "ChargingStationMaxProfile" if whole_station else "TxDefaultProfile"


def request(row: ChargingProfile, number: int) -> Payload:
    """The SetChargingProfile of a row without gaps (`defaults`), under OCPP's id `number`.

    Raises:
        BadRequest: it says no limit.
    """
    periods = row.chargingSchedulePeriod
    if not periods and row.limit is None:
        raise BadRequest("limit: say a limit, or periods with theirs")
    schedule = _told(
        chargingRateUnit=row.chargingRateUnit,
        chargingSchedulePeriod=periods or [{"startPeriod": 0, "limit": row.limit}],
        startSchedule=_text(row.startSchedule),
        duration=row.duration,
        minChargingRate=row.minChargingRate,
    )
    profile = _told(
        stackLevel=row.stackLevel,
        chargingProfilePurpose=row.chargingProfilePurpose,
        chargingProfileKind=row.chargingProfileKind,
        recurrencyKind=row.recurrencyKind,
        validFrom=_text(row.validFrom),
        validTo=_text(row.validTo),
        transactionId=row.transactionId or None,
        chargingSchedule=[schedule, *(row.moreSchedules or ())],
    )
    return {"evseId": row.evseId or 0, "chargingProfile": numbered_profile(profile, number)}


def fresh_number(records: Records, station: str) -> int:
    """An id that no profile of the station has had, as far as is known (K01: unique there)."""
    used = (row.chargingProfileId for row in records.select(CHARGING_PROFILE, station=station))
    return max((each for each in used if each is not None and each < BUTTONS), default=0) + 1


def numbered(records: Records, station: str, number: int) -> ChargingProfile | None:
    """The record of the station's profile of this id."""
    found = records.select(CHARGING_PROFILE, station=station, chargingProfileId=number)
    return next(iter(sorted(found, key=lambda row: (row.status not in ON_STATION, row.id))), None)


def free_level(rows: Iterable[ChargingProfile], row: ChargingProfile) -> int:
    """The lowest stack level at which no other of the same kind and place stands."""
    taken = {
        each.stackLevel
        for each in rows
        if each.id != row.id
        and each.chargingProfilePurpose == row.chargingProfilePurpose
        and each.transactionId == row.transactionId
        and (each.evseId or 0) == (row.evseId or 0)
        and each.status in ("Wanted", *ON_STATION)
        and each.source in OURS
    }
    return next(level for level in range(len(taken) + 1) if level not in taken)


def _told(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse(text)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def schedule_of(row: ChargingProfile) -> Mapping[str, Any]:
    """The first schedule of a record, as far as limits go: its unit and its periods."""
    periods = row.chargingSchedulePeriod or [{"startPeriod": 0, "limit": row.limit or 0.0}]
    return {
        "chargingRateUnit": row.chargingRateUnit or DEFAULT_UNIT,
        "chargingSchedulePeriod": periods,
    }
