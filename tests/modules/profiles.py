"""Charging profiles and the stations that get them, for the tests of smart charging."""

from __future__ import annotations

from typing import Any

from citrine_py.model.charging_profiles import CHARGING_PROFILE, ChargingProfile
from citrine_py.model.keys import variable_attribute_key
from citrine_py.model.stations import CHARGING_STATION, LOCATION, Location
from citrine_py.model.variables import VARIABLE_ATTRIBUTE, VariableAttribute
from citrine_py.ports import Payload
from tests.modules.charging import event
from tests.modules.world import STATION, World

START = "2026-01-01T00:00:00Z"
PLACE = "6f1c3a52-8a4e-4a2e-9a55-2f6f0f1d9c11"


def schedule(*limits: float, unit: str = "A", **more: Any) -> Payload:
    """A schedule of hours; `more` are fields of it."""
    periods = [{"startPeriod": 3600 * hour, "limit": limit} for hour, limit in enumerate(limits)]
    return {"chargingRateUnit": unit, "chargingSchedulePeriod": periods, **more}


def profile(*limits: float, start: str | None = START, **more: Any) -> Payload:
    """An OCPP ChargingProfileType without ids."""
    told = {} if start is None else {"startSchedule": start}
    return {
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule(*(limits or (16,)), **told)],
        **more,
    }


async def world(answer: str = "Accepted") -> World:
    """A station that is accepted and answers messages about profiles."""
    made = World()
    await made.accepted()
    await made.jobs.settle()
    for action in (
        "SetChargingProfile",
        "ClearChargingProfile",
        "GetChargingProfiles",
        "RequestStartTransaction",
    ):
        made.stations.answers[action] = {"status": answer}
    return made


async def ask(
    made: World, evse_id: int = 1, *, given: Payload | None = None, **more: Any
) -> Payload:
    """SetChargingProfile by the API."""
    payload = {"evseId": evse_id, "chargingProfile": given or profile(**more)}
    return await made.rules.requests.send(STATION, "SetChargingProfile", payload)


def rows(made: World, **equal: Any) -> list[ChargingProfile]:
    """The records, in the order of their ids of OCPP."""
    found = made.records.select(CHARGING_PROFILE, **equal)
    return sorted(found, key=lambda row: (row.chargingProfileId or 0, row.id))


async def plug_in(made: World, transaction: str = "tx-1", evse_id: int = 1, **more: Any) -> None:
    """A car begins to charge."""
    told = event(
        "Started", 0, made.clock.monotonic() / 60 - 1000 / 60, transaction=transaction,
        evse={"id": evse_id, "connectorId": 1}, chargingState="Charging", **more,
    )  # fmt: skip
    await made.call("TransactionEvent", told)


async def made_by_operator(made: World, key: str = "row-1", **fields: Any) -> ChargingProfile:
    """An operator makes a row in Directus; what has become of it."""
    row = ChargingProfile(id=key, **{"station": STATION, **fields})
    made.records.have(CHARGING_PROFILE, row)
    made.rules.smart_charging.wishes.changed(key, None, row)
    await made.jobs.settle()
    return the(made, key)


async def edited(made: World, key: str = "row-1", **fields: Any) -> ChargingProfile:
    """An operator edits a row."""
    before = the(made, key)
    made.records.edit(CHARGING_PROFILE, key, **fields)
    made.rules.smart_charging.wishes.changed(key, before, the(made, key))
    await made.jobs.settle()
    return the(made, key)


async def removed(made: World, key: str = "row-1") -> None:
    """An operator removes a row."""
    before = the(made, key)
    made.records._shelf(CHARGING_PROFILE).pop(key)
    made.rules.smart_charging.wishes.changed(key, before, None)
    await made.jobs.settle()


async def look(made: World) -> None:
    """The next round of load balancing, with what it starts."""
    await made.rules.smart_charging.balancing.round()
    await made.jobs.settle()


def the(made: World, key: str = "row-1") -> ChargingProfile:
    found = made.records.get(CHARGING_PROFILE, key)
    assert found is not None
    return found


def limited(made: World, kw: float | None, **more: Any) -> None:
    """The station stands at a location with a limit."""
    made.records.have(LOCATION, Location(id=PLACE, powerLimit=kw, **more))
    made.records.edit(CHARGING_STATION, STATION, location=PLACE)


def controller(made: World, **variables: str) -> None:
    """What the station's SmartChargingCtrlr says."""
    for name, value in variables.items():
        key = variable_attribute_key(STATION, "SmartChargingCtrlr", name)
        row = VariableAttribute(
            id=key, station=STATION, component="SmartChargingCtrlr", variable=name,
            type="Actual", value=value,
        )  # fmt: skip
        made.records.have(VARIABLE_ATTRIBUTE, row)
