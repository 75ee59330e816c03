"""B05: values that operators want variables to have, sent when the station is there.

A wish stands on the VariableAttribute row that it is about, and what became of it beside it. One
whose answer was lost is sent again. What the station tells later is compared with it by
`wished_values`. Implements ports_wishes.WishedVariables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from citrine_py.errors import (
    BadRequest,
    DirectusError,
    NotFound,
    StationBusy,
    StationError,
    StationOffline,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.model.wishes import OPEN, VARIABLE_WISH, VariableWish
from citrine_py.modules.rounds import Rounds
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variables import attribute_key, identity, is_secret, natural_fields
from citrine_py.modules.wished_values import LONGEST, drift, named, noted, problem, same, setting
from citrine_py.ports import Jobs, Payload, Put, Records, Stations

log = structlog.get_logger()

_WISH = ("wantedValue", "wantedProgress", "wantedInfo")
_PENDING = (*OPEN, "RebootRequired")
_DONE = frozenset({"Accepted", "RebootRequired"})
_AFTER_BOOT = "taken; in force after the station's next boot"


class VariableWishes:
    """Brings variables to what is wanted."""

    def __init__(
        self, records: Records, stations: Stations, jobs: Jobs, variables: VariableCalls
    ) -> None:
        self._records = records
        self._stations = stations
        self._variables = variables
        self._rounds = Rounds(jobs, "wished variables", self._catch_up)
        self._edited: set[str] = set()

    # ---- what happens ------------------------------------------------------------------

    def changed(self, key: str, before: VariableWish | None, after: VariableWish | None) -> None:
        """An operator has edited a wish."""
        if after is None or after.station is None or before == after:
            return
        anew = before is not None and before.wantedValue != after.wantedValue
        if after.wantedValue is not None and (anew or after.wantedProgress in OPEN):
            self._edited.add(key)  # what stands there may be of the value before
        self._rounds.begin(after.station)

    def arrived(self, station: str) -> None:
        """The station is here and accepted, or its boot is."""
        if any(wish.wantedProgress in _PENDING for wish in self._of(station)):
            self._rounds.begin(station)

    async def want(self, station: str, report_data: Payload) -> Sequence[VariableAttribute]:
        """See ports_wishes.WishedVariables."""
        if self._records.get(CHARGING_STATION, station) is None:
            raise NotFound(f"there is no station {station}")
        if is_secret(report_data):
            raise BadRequest(
                "a secret is not kept as wanted here; for a password there is POST "
                "/data/configuration/password with whenOnline"
            )
        rows = [
            await self._wanted_row(station, report_data, attribute)
            for attribute in report_data["variableAttribute"]
        ]
        await self._records.write(*(_put(row) for row in rows))
        self._rounds.begin(station)
        return rows

    async def _wanted_row(
        self, station: str, report_data: Payload, attribute: Payload
    ) -> VariableAttribute:
        """The row of an attribute, with its wish."""
        kind = attribute.get("type", "Actual")
        key = attribute_key(station, report_data, kind)
        row = await self._known(key)
        if row is None:
            row = VariableAttribute(id=key, **natural_fields(station, report_data, kind))
        value = attribute.get("value")
        if value is None:
            return row.model_copy(update=dict.fromkeys(_WISH))
        name = f"{row.component}.{row.variable}"
        if row.mutability == "ReadOnly":
            raise BadRequest(f"{name} is ReadOnly: the station does not let it be set")
        if len(value) > LONGEST:
            raise BadRequest(f"{name}: a value has at most {LONGEST} characters")
        wish = {"wantedValue": value, "wantedProgress": "Wanted", "wantedInfo": None}
        return row.model_copy(update=wish)

    async def _known(self, key: str) -> VariableAttribute | None:
        try:
            found = await self._records.find(VARIABLE_ATTRIBUTE, {"id": key}, limit=1)
        except DirectusError as error:  # the station will say whether it may be set
            log.warning("wish.row_unknown", key=key, reason=str(error))
            return None
        return found[0] if found else None

    # ---- one station -------------------------------------------------------------------

    def _of(self, station: str) -> list[VariableWish]:
        found = self._records.select(VARIABLE_WISH, station=station)
        return [wish for wish in found if wish.wantedValue is not None]

    async def _catch_up(self, station: str) -> bool:
        over = [
            wish for wish in self._records.select(VARIABLE_WISH, station=station) if _over(wish)
        ]
        await self._note(over, wantedProgress=None, wantedInfo=None)
        wishes = self._of(station)
        edited = [wish for wish in wishes if wish.id in self._edited]
        if edited:
            await self._note(edited, wantedProgress="Wanted", wantedInfo=None)
            self._edited.difference_update(wish.id for wish in edited)
            wishes = self._of(station)
        record = self._records.get(CHARGING_STATION, station)
        here = self._stations.session(station) is not None
        if record is None or record.registrationStatus != "Accepted" or not here:
            return True
        booted = record.lastBootTime if record.lastBootReason != "Triggered" else None
        restarted = [
            wish
            for wish in wishes
            if wish.wantedProgress == "RebootRequired"
            and booted is not None
            and (wish.setAt is None or wish.setAt < booted)
        ]
        looked = await self._look(station, restarted)
        return await self._send(station, [w for w in wishes if w.wantedProgress in OPEN]) and looked

    async def _send(self, station: str, wishes: Sequence[VariableWish]) -> bool:
        by_identity: dict[object, VariableWish] = {}
        for wish in wishes:
            why = problem(wish)
            if why is None and by_identity.setdefault(identity(named(wish)), wish) is not wish:
                why = "another row is about the same attribute"
            if why is not None:
                await self._refuse(wish, why)
        data = [setting(wish) for wish in by_identity.values()]
        for batch in self._variables.batched(station, "SetVariables", data, same=identity):
            if not await self._send_batch(station, [by_identity[identity(each)] for each in batch]):
                return False
        return True

    async def _send_batch(self, station: str, wishes: Sequence[VariableWish]) -> bool:
        """Whether the station has answered."""
        await self._note(wishes, wantedProgress="Sent")
        try:
            results = await self._variables.set(station, [setting(wish) for wish in wishes])
        except (StationOffline, StationBusy, StationSilent) as error:
            await self._note(self._still(wishes), wantedProgress="Wanted", wantedInfo=str(error))
            return False
        except (StationError, BadRequest) as error:
            if len(wishes) == 1:
                for wish in self._still(wishes):
                    await self._refuse(wish, str(error))
                return True
            # one of them the station cannot bear; the others it may
            return all([await self._send_batch(station, [wish]) for wish in wishes])
        told = {identity(each): each for each in results}
        for wish in self._still(wishes):
            await self._settle(wish, told.get(identity(named(wish))))
        return True

    def _still(self, wishes: Sequence[VariableWish]) -> list[VariableWish]:
        """Those that are wanted as they were sent: another value meanwhile is another wish."""
        now = {wish.id: wish for wish in wishes}
        found = (self._records.get(VARIABLE_WISH, key) for key in now)
        return [
            wish
            for wish in found
            if wish is not None
            and wish.wantedValue == now[wish.id].wantedValue
            and wish.id not in self._edited
        ]

    async def _settle(self, wish: VariableWish, result: Payload | None) -> None:
        if result is None:
            await self._refuse(wish, "the station's answer does not name it")
            return
        status = result["attributeStatus"]
        if status not in _DONE:
            info = result.get("attributeStatusInfo", {})
            more = (info.get("reasonCode"), info.get("additionalInfo"))
            why = ": ".join(part for part in (status, *more) if part)
            await self._refuse(wish, why)
            return
        accepted = status == "Accepted"
        log.info("wish.taken", station=wish.station, variable=wish.variable, status=status)
        progress = "Confirmed" if accepted else "RebootRequired"
        await self._note(
            [wish], wantedProgress=progress, wantedInfo=None if accepted else _AFTER_BOOT
        )

    async def _refuse(self, wish: VariableWish, why: str) -> None:
        log.info("wish.refused", station=wish.station, variable=wish.variable)
        fields = {"wantedValue": None} if is_secret(named(wish)) else {}
        await self._note([wish], wantedProgress="Refused", wantedInfo=why, **fields)

    async def _look(self, station: str, wishes: Sequence[VariableWish]) -> bool:
        """What became of values that needed a boot, now that there was one."""
        readable = [wish for wish in wishes if wish.mutability != "WriteOnly"]
        try:
            results = await self._variables.get(station, [named(wish) for wish in readable])
        except (StationOffline, StationBusy, StationSilent):
            return False
        except (StationError, BadRequest) as error:
            log.info("wish.unread", station=station, reason=str(error))
            results = []
        told = {identity(each): each for each in results}
        for wish in self._still(wishes):
            value = told.get(identity(named(wish)), {}).get("attributeValue")
            fields: dict[str, Any] = {"wantedProgress": "Confirmed", "wantedInfo": None}
            if value is None:
                fields["wantedInfo"] = "the station has booted since; it does not tell the value"
            elif not same(wish, value):
                fields = {"wantedProgress": "Drifted", "wantedInfo": drift(value)}
            await self._note([wish], **fields)
        return True

    async def _note(self, wishes: Sequence[VariableWish], **fields: Any) -> None:
        try:
            await self._records.write(*(noted(wish, **fields) for wish in wishes))
        except StoreUnavailable as error:
            log.warning("wish.unrecorded", reason=str(error))


def _over(wish: VariableWish) -> bool:
    """Whether nothing is wanted any more, and what was said of it stands there yet."""
    return wish.wantedValue is None and wish.wantedInfo is not None


def _put(row: VariableAttribute) -> Put:
    """Writes a row's wish, and what the wish's view has of the row."""
    told = row.model_dump(include=set(VARIABLE_WISH.fields()) - {VARIABLE_WISH.key, "setAt"})
    return Put(VARIABLE_WISH, row.id, told)
