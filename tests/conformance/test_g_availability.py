"""Block G: the official cases of availability (Part 6, 3.8)."""

from __future__ import annotations

import pytest

from tests.conformance.charging import EVSE, Session
from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now

pytestmark = pytest.mark.stack

ALL: Payload = {}
ONE_EVSE: Payload = {"evse": {"id": 1}}
CONNECTOR: Payload = {"evse": EVSE}


async def _change(
    csms: Csms, station: RawStation, status: str, where: Payload, answer: str = "Accepted"
) -> None:
    """The operator changes the availability; the station is asked for just that."""
    wanted = {"operationalStatus": status, **where}

    async def play() -> None:
        call = await station.asked("ChangeAvailability")
        assert call.payload == wanted
        await station.answer(call, {"status": answer})

    body = await csms.while_sending("configuration/changeAvailability", wanted, play)
    assert body["payload"] == {"status": answer}


async def _tell(csms: Csms, station: RawStation, state: str) -> None:
    """The station tells of its connectors, and an operator sees it."""
    await station.tell_connectors(state)
    assert await csms.connector_states() == {(1, 1): state}


async def _unavailable(csms: Csms, station: RawStation, where: Payload) -> None:
    """The reusable state Unavailable, table 392."""
    await _change(csms, station, "Inoperative", where)
    await _tell(csms, station, "Unavailable")


async def _taken_out(csms: Csms, where: Payload) -> None:
    async with csms.station() as station:
        await station.booted()
        await _unavailable(csms, station, where)


async def _taken_into_use(csms: Csms, where: Payload) -> None:
    async with csms.station() as station:
        await station.booted()
        await _unavailable(csms, station, where)
        await _change(csms, station, "Operative", where)
        await _tell(csms, station, "Available")


async def _taken_out_while_charging(csms: Csms, where: Payload) -> None:
    """It is scheduled, and comes into effect when the transaction has ended."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        await _change(csms, station, "Inoperative", where, "Scheduled")
        await session.stop_authorized()
        await session.ev_connected_post_session()
        await session.ev_disconnected()
        assert (await session.record())["isActive"] is False
        await _tell(csms, station, "Unavailable")


@pytest.mark.case("TC_G_03_CSMS", "Change availability of an EVSE: to inoperative")
async def test_tc_g_03_an_evse_is_taken_out_of_use(csms: Csms) -> None:
    """TC_G_03_CSMS (use case G03)."""
    await _taken_out(csms, ONE_EVSE)


@pytest.mark.case("TC_G_04_CSMS", "Change availability of an EVSE: to operative")
async def test_tc_g_04_an_evse_is_taken_into_use(csms: Csms) -> None:
    """TC_G_04_CSMS (use case G03)."""
    await _taken_into_use(csms, ONE_EVSE)


@pytest.mark.case("TC_G_05_CSMS", "Change availability of a station: to inoperative")
async def test_tc_g_05_a_station_is_taken_out_of_use(csms: Csms) -> None:
    """TC_G_05_CSMS (use case G04)."""
    await _taken_out(csms, ALL)


@pytest.mark.case("TC_G_06_CSMS", "Change availability of a station: to operative")
async def test_tc_g_06_a_station_is_taken_into_use(csms: Csms) -> None:
    """TC_G_06_CSMS (use case G04)."""
    await _taken_into_use(csms, ALL)


@pytest.mark.case("TC_G_07_CSMS", "Change availability of a connector: to inoperative")
async def test_tc_g_07_a_connector_is_taken_out_of_use(csms: Csms) -> None:
    """TC_G_07_CSMS (use case G03)."""
    await _taken_out(csms, CONNECTOR)


@pytest.mark.case("TC_G_08_CSMS", "Change availability of a connector: to operative")
async def test_tc_g_08_a_connector_is_taken_into_use(csms: Csms) -> None:
    """TC_G_08_CSMS (use case G03)."""
    await _taken_into_use(csms, CONNECTOR)


@pytest.mark.case("TC_G_11_CSMS", "Change availability of an EVSE: with ongoing transaction")
async def test_tc_g_11_an_evse_in_use_is_taken_out_of_use_afterwards(csms: Csms) -> None:
    """TC_G_11_CSMS (use case G03)."""
    await _taken_out_while_charging(csms, ONE_EVSE)


@pytest.mark.case("TC_G_14_CSMS", "Change availability of a station: with ongoing transaction")
async def test_tc_g_14_a_station_in_use_is_taken_out_of_use_afterwards(csms: Csms) -> None:
    """TC_G_14_CSMS (use case G04); its one connector is occupied, so step 3 has none to tell."""
    await _taken_out_while_charging(csms, ALL)


@pytest.mark.case("TC_G_17_CSMS", "Change availability of a connector: with ongoing transaction")
async def test_tc_g_17_a_connector_in_use_is_taken_out_of_use_afterwards(csms: Csms) -> None:
    """TC_G_17_CSMS (use case G03)."""
    await _taken_out_while_charging(csms, CONNECTOR)


@pytest.mark.case("TC_G_20_CSMS", "Connector status: lock failure", "G05.FR.03")
async def test_tc_g_20_a_lock_that_fails_stands_in_the_history(csms: Csms) -> None:
    """TC_G_20_CSMS (G05.FR.03)."""
    event = {
        "eventId": 1,
        "timestamp": now(),
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredMonitor",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": EVSE},
        "variable": {"name": "Problem"},
    }
    async with csms.station() as station:
        await station.booted()
        told = {"generatedAt": now(), "seqNo": 0, "eventData": [event]}
        assert await station.call("NotifyEvent", told) == {}
        assert "ConnectorPlugRetentionLock" in str(await csms.history())
