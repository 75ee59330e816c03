"""K: charging profiles as a station keeps, tells and obeys them.

No I/O. What they mean at a moment is `limits`' to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from citrine_py.model.times import iso, parse
from citrine_py.simulator import limits
from citrine_py.simulator.core import OK, Answers, Core, parts, rejected
from citrine_py.simulator.deeds import Payload
from citrine_py.simulator.limits import Installed, Load
from citrine_py.simulator.meter import AC_VOLTAGE
from citrine_py.simulator.outlet import Outlet
from citrine_py.simulator.supply import Limit
from citrine_py.simulator.transaction import Transaction

LOOK_AHEAD = timedelta(days=1)
PROFILES_PER_MESSAGE = 2


class SmartCharging:
    """The profiles of one station. `outlets` is filled once they are there."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.outlets: list[Outlet] = []
        self.installed: list[Installed] = []

    @property
    def answers(self) -> Answers:
        return {
            "SetChargingProfile": self._set,
            "GetChargingProfiles": self._get,
            "ClearChargingProfile": self._clear,
            "GetCompositeSchedule": self._composite,
        }

    # ---- what others ask -----------------------------------------------------------------

    def limit(self, outlet: Outlet) -> Limit:
        """What the outlet may give now, and how long that is known to hold."""
        load, now = self._load(outlet), self._core.clock.now()
        later = limits.changes(self.installed, load, now, now + LOOK_AHEAD)
        wait = (later[0] - now).total_seconds() if later else None
        return Limit(limits.limit(self.installed, load, now), wait)

    def wrong(self, profile: Payload, evse: int, transaction_id: str | None) -> str | None:
        """Why a profile cannot be taken; None if it can (K01)."""
        schedule = profile["chargingSchedule"]
        absolute = profile["chargingProfileKind"] != "Relative"
        purpose = profile["chargingProfilePurpose"]
        checks = {
            "UnknownEvse": evse not in {0, *self._core.evses},
            "InvalidProfile": purpose == "ChargingStationExternalConstraints"
            or (purpose == "ChargingStationMaxProfile" and evse != 0)
            or (purpose == "ChargingStationMaxProfile" and not absolute)
            or (profile["chargingProfileKind"] == "Recurring" and "recurrencyKind" not in profile),
            "TxNotFound": purpose == "TxProfile"
            and (transaction_id is None or profile.get("transactionId") != transaction_id),
            "InvalidSchedule": len(schedule) != 1 or not _is_schedule(profile, schedule[0]),
            "DuplicateProfile": any(_clash(each, profile, evse) for each in self.installed),
        }
        return next((reason for reason, holds in checks.items() if holds), None)

    def install(self, profile: Payload, evse: int, source: str = "CSO") -> None:
        """Takes a profile, instead of one with its id, and obeys it."""
        kept = [
            it for it in self.installed if (it.profile["id"], it.source) != (profile["id"], source)
        ]
        self.installed = [*kept, Installed(evse, profile, source)]
        self._obey()

    def take_over(self, outlet: Outlet) -> None:
        """The profile that came with a remote start holds for its transaction (F01, K05)."""
        permit, transaction = outlet.permit, outlet.transaction
        if permit is None or permit.profile is None or transaction is None:
            return
        profile, permit.profile = permit.profile, None
        self.install({**profile, "transactionId": transaction.id}, outlet.number)

    def remove(self, source: str) -> None:
        """Forgets the profiles of this source."""
        self.installed = [each for each in self.installed if each.source != source]
        self._obey()

    def ended(self, transaction: Transaction) -> None:
        """A TxProfile ends with its transaction."""
        self.installed = [
            it for it in self.installed if it.profile.get("transactionId") != transaction.id
        ]

    # ---- what it is asked ----------------------------------------------------------------

    def _set(self, asked: Payload) -> Payload:
        profile, evse = asked["chargingProfile"], asked["evseId"]
        running = self.outlets[evse - 1].transaction if self._core.has(evse) else None
        wrong = self.wrong(profile, evse, running.id if running is not None else None)
        if wrong is not None:
            return rejected(wrong)
        self.install(profile, evse)
        return dict(OK)

    def _get(self, asked: Payload) -> Payload:
        wanted = asked["chargingProfile"]
        found = [it for it in self.installed if _fits(it, wanted, asked.get("evseId"))]
        if not found:
            return {"status": "NoProfiles"}
        groups: dict[tuple[int, str], list[Payload]] = {}
        for each in found:
            groups.setdefault((each.evse, each.source), []).append(each.profile)
        told = [
            {"requestId": asked["requestId"], "chargingLimitSource": source, "evseId": evse,
             "chargingProfile": piece}
            for (evse, source), profiles in groups.items()
            for _, _, piece in parts(profiles, PROFILES_PER_MESSAGE)
        ]  # fmt: skip
        for number, message in enumerate(told):
            more = number < len(told) - 1
            self._core.tell("ReportChargingProfiles", {**message, "tbc": more})
        return dict(OK)

    def _clear(self, asked: Payload) -> Payload:
        """External constraints are not the CSMS' to clear (K10)."""
        criteria = asked.get("chargingProfileCriteria", {})
        number = asked.get("chargingProfileId")
        wanted = dict(criteria)
        if number is not None:
            wanted["chargingProfileId"] = [number]
        gone = [
            it
            for it in self.installed
            if it.source == "CSO" and _fits(it, wanted, criteria.get("evseId"))
        ]
        self.installed = [it for it in self.installed if it not in gone]
        self._obey()
        return {"status": "Accepted" if gone else "Unknown"}

    def _composite(self, asked: Payload) -> Payload:
        """K08. Without a limit, what the EVSE can give is the limit."""
        evse, unit = asked["evseId"], asked.get("chargingRateUnit", "W")
        if evse not in {0, *self._core.evses}:
            return rejected("UnknownEvse")
        now = self._core.clock.now()
        end = now + timedelta(seconds=asked["duration"])
        load = Load(0) if evse == 0 else self._load(self.outlets[evse - 1])
        periods: list[Payload] = []
        for at in (now, *limits.changes(self.installed, load, now, end)):
            limit = limits.limit(self.installed, load, at)
            watts = self._most(evse) if limit is None else min(limit, self._most(evse))
            value = watts if unit == "W" else watts / AC_VOLTAGE / load.phases
            step = {"startPeriod": int((at - now).total_seconds()), "limit": round(value, 1)}
            if not periods or periods[-1]["limit"] != step["limit"]:
                periods.append(step)
        schedule = {
            "evseId": evse,
            "duration": asked["duration"],
            "scheduleStart": iso(now),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }
        return {"status": "Accepted", "schedule": schedule}

    # ---- its parts -----------------------------------------------------------------------

    def _most(self, evse: int) -> float:
        numbers: Iterable[int] = self._core.evses if evse == 0 else [evse]
        return sum(self._core.variable("EVSE", "Power", each).most or 0 for each in numbers)

    def _load(self, outlet: Outlet) -> Load:
        running = outlet.transaction
        sharing = sum(each.supply.closed for each in self.outlets)
        return Load(
            outlet.number,
            running.id if running is not None else None,
            running.began if running is not None else None,
            outlet.supply.meter.phases,
            sharing,
        )

    def _obey(self) -> None:
        for outlet in self.outlets:
            outlet.review()


def _is_schedule(profile: Payload, schedule: Payload) -> bool:
    starts = [each["startPeriod"] for each in schedule["chargingSchedulePeriod"]]
    kind, start = profile["chargingProfileKind"], schedule.get("startSchedule")
    timed = (start is None) == (kind == "Relative") or (
        kind == "Absolute" and profile["chargingProfilePurpose"] == "TxProfile"
    )
    return timed and starts[0] == 0 and starts == sorted(set(starts))


def _clash(known: Installed, profile: Payload, evse: int) -> bool:
    """Whether two profiles of one stack level and purpose would hold at one time (K01)."""
    other = known.profile
    if other["id"] == profile["id"] or known.evse != evse or known.source != "CSO":
        return False
    names = ("stackLevel", "chargingProfilePurpose", "transactionId")
    if any(other.get(name) != profile.get(name) for name in names):
        return False
    first, last = "1970-01-01T00:00:00Z", "9000-01-01T00:00:00Z"
    return parse(other.get("validFrom", first)) < parse(profile.get("validTo", last)) and parse(
        profile.get("validFrom", first)
    ) < parse(other.get("validTo", last))


def _fits(known: Installed, wanted: Payload, evse: int | None) -> bool:
    profile = known.profile
    return (
        evse in {None, known.evse}
        and wanted.get("chargingProfilePurpose") in {None, known.purpose}
        and wanted.get("stackLevel") in {None, profile["stackLevel"]}
        and profile["id"] in wanted.get("chargingProfileId", [profile["id"]])
        and known.source in wanted.get("chargingLimitSource", [known.source])
    )
