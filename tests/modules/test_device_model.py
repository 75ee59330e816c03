"""B07: what stations report, and what people write into the device model."""

from __future__ import annotations

import pytest

from citrine_py.errors import BadRequest, StoreUnavailable
from citrine_py.model.keys import connector_key, evse_key, password_key
from citrine_py.model.stations import CHARGING_STATION, CONNECTOR, EVSE, ConnectorStatus
from citrine_py.model.variables import CREDENTIAL
from citrine_py.ports import Payload
from tests.modules.world import STATION, World, data

PASSWORD = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"

EVSE_DATA = data("Connector", "Available", "true", evse={"id": 1, "connectorId": 1})


def password(value: str = PASSWORD, **more: str) -> Payload:
    return {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": value, **more}],
    }


async def put(world: World, report_data: Payload, *, set_on_charger: bool = False) -> object:
    return await world.rules.device_model.put_report_data(
        STATION, report_data, set_on_charger=set_on_charger
    )


# ---- reports ---------------------------------------------------------------------------


async def test_a_part_is_stored_by_one_write_with_evses_and_connectors() -> None:
    world = World()
    await world.accepted()
    world.records.written.clear()
    assert await world.report(1, 0, [EVSE_DATA, data("A", "x")]) == {}
    assert len(world.records.written) == 1
    assert world.records.get(EVSE, evse_key(STATION, 1)) is not None
    connector = world.records.get(CONNECTOR, connector_key(STATION, 1, 1))
    assert connector is not None
    assert connector.evse == evse_key(STATION, 1)
    assert len(world.attributes) == 2


async def test_a_connectors_state_outlives_a_report() -> None:
    world = World()
    await world.accepted()
    state: ConnectorStatus = "Occupied"
    told = {
        "timestamp": "2026-01-01T00:00:00Z",
        "connectorStatus": state,
        "evseId": 1,
        "connectorId": 1,
    }
    await world.call("StatusNotification", told)
    await world.report(1, 0, [EVSE_DATA])
    connector = world.records.get(CONNECTOR, connector_key(STATION, 1, 1))
    assert connector is not None
    assert connector.connectorStatus == state


async def test_an_empty_part_is_a_part() -> None:
    world = World()
    await world.accepted()
    assert await world.report(1, 0, []) == {}


async def test_a_part_that_cannot_be_kept_is_not_counted() -> None:
    """The station is not told that it was taken, and sends it again."""
    world = World()
    world.stations.answers["GetBaseReport"] = {"status": "Accepted"}
    await world.accepted()
    asked = {"requestId": 1, "reportBase": "FullInventory"}
    await world.rules.requests.send(STATION, "GetBaseReport", asked)
    world.records.full = True
    with pytest.raises(StoreUnavailable):
        await world.report(1, 0, [data("A", "x")])
    world.records.full = False
    assert world.jobs.running(f"report {STATION} 1")
    await world.report(1, 0, [data("A", "x")])
    await world.jobs.settle()
    assert not world.jobs.running(f"report {STATION} 1")


# ---- PUT variableAttribute -------------------------------------------------------------


async def test_report_data_is_written_and_its_rows_returned() -> None:
    world = World(connected=False)
    rows = await world.rules.device_model.put_report_data(
        STATION, data("A", "x", "5"), set_on_charger=False
    )
    (row,) = rows
    assert row == world.attribute("A", "x")
    assert (row.type, row.value, row.mutability) == ("Actual", "5", "ReadWrite")
    assert (row.persistent, row.constant) == (False, False)
    assert (row.status, row.setAt) == (None, None)
    assert world.records.get(CHARGING_STATION, STATION) is not None


async def test_set_on_charger_records_that_the_station_has_it() -> None:
    world = World()
    await put(world, data("A", "x", "5"), set_on_charger=True)
    row = world.attribute("A", "x")
    assert row is not None
    assert (row.status, row.setAt) == ("Accepted", world.clock.now())


@pytest.mark.parametrize(
    "report_data",
    [
        {},
        {"component": {"name": "A"}, "variable": {"name": "x"}},
        {**data("A", "x"), "other": 1},
        data("A" * 51, "x"),
    ],
)
async def test_what_is_no_report_data_is_refused(report_data: Payload) -> None:
    world = World()
    with pytest.raises(BadRequest):
        await put(world, report_data)
    assert world.records.written == []


async def test_a_password_among_it_is_hashed_and_in_force() -> None:
    """The seed: you can set the password by the Variable Attribute endpoints."""
    world = World(connected=False)
    rows = await put(world, password(), set_on_charger=True)
    assert PASSWORD not in repr(rows)
    assert PASSWORD not in repr(world.records.written)
    credential = world.records.get(CREDENTIAL, password_key(STATION))
    assert credential is not None
    assert await world.hasher.matches(PASSWORD, credential.passwordHash or "")
    row = world.attribute("SecurityCtrlr", "BasicAuthPassword")
    assert row is not None
    assert row.value is None


@pytest.mark.parametrize("told", [password("short"), password(type="Target")])
async def test_a_password_that_breaks_the_rules_is_refused(told: Payload) -> None:
    world = World()
    with pytest.raises(BadRequest) as refused:
        await put(world, told)
    assert PASSWORD not in str(refused.value)
    assert world.records.written == []


async def test_a_password_row_without_a_value_changes_no_password() -> None:
    world = World()
    await put(world, password())
    before = world.records.get(CREDENTIAL, password_key(STATION))
    told = password()
    told["variableAttribute"] = [{"mutability": "WriteOnly"}]
    await put(world, told)
    after = world.records.get(CREDENTIAL, password_key(STATION))
    assert before is not None
    assert after is not None
    assert after.passwordHash == before.passwordHash
