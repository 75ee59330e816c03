"""Block F: the official cases of remote starts, unlocking and triggers (Part 6, 3.7)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.charging import EVSE, Session, register
from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, RawStation, now

pytestmark = pytest.mark.stack

ACCEPTED = {"status": "Accepted"}
DURATION = 0.5
"""Seconds: the configured transaction duration."""

# ---- remote start ----------------------------------------------------------------------


async def _remote_start(csms: Csms, session: Session, answer: Payload) -> int:
    """The operator starts a transaction for the session's token; the remoteStartId."""
    asked: list[Payload] = []
    await csms.enter_token(session.token)

    async def play() -> None:
        call = await session.station.asked("RequestStartTransaction")
        asked.append(call.payload)
        await session.station.answer(call, answer)

    body = {"idToken": session.token, "evseId": 1}
    sent = await csms.while_sending("evdriver/requestStartTransaction", body, play)
    assert sent["payload"] == answer
    assert asked[0]["idToken"] == session.token
    number: int = asked[0]["remoteStartId"]
    return number


async def _started(csms: Csms, session: Session, *, authorize: bool = False) -> None:
    """Remote start first: from the request to the Started event, which tells its number."""
    remote_start_id = await _remote_start(csms, session, ACCEPTED)
    if authorize:
        await session.authorize()
    answer = await session.event(
        "Started",
        "RemoteStart",
        idToken=session.token,
        evse={"id": 1},
        remoteStartId=remote_start_id,
    )
    session.check_accepted(answer)
    session.authorized = True
    assert (await session.record())["remoteStartId"] == remote_start_id


@pytest.mark.case("TC_F_01_CSMS", "Remote start: cable plugin first")
async def test_tc_f_01_a_transaction_is_started_for_a_plugged_in_car(csms: Csms) -> None:
    """TC_F_01_CSMS (use case F01)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        answer = {**ACCEPTED, "transactionId": session.transaction_id}
        remote_start_id = await _remote_start(csms, session, answer)
        assert (await session.record())["remoteStartId"] == remote_start_id
        session.check_accepted(
            await session.event(
                "Updated", "RemoteStart", idToken=session.token, remoteStartId=remote_start_id
            )
        )
        session.authorized = True
        await session.energy_transfer_started()


@pytest.mark.case(
    "TC_F_02_CSMS", "Remote start first: AuthorizeRemoteStart is true", "F02.FR.01", "F01.FR.01"
)
async def test_tc_f_02_a_remote_start_is_authorized_and_charges(csms: Csms) -> None:
    """TC_F_02_CSMS (F02.FR.01, F01.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await _started(csms, session, authorize=True)
        await session.energy_transfer_started()


@pytest.mark.case(
    "TC_F_03_CSMS", "Remote start first: AuthorizeRemoteStart is false", "F02.FR.01", "F01.FR.02"
)
async def test_tc_f_03_a_remote_start_charges_without_being_authorized(csms: Csms) -> None:
    """TC_F_03_CSMS (F02.FR.01, F01.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await _started(csms, session)
        await session.energy_transfer_started()


@pytest.mark.case("TC_F_04_CSMS", "Remote start first: cable plugin timeout", "E03.FR.05")
async def test_tc_f_04_a_remote_start_without_a_car_times_out(csms: Csms) -> None:
    """TC_F_04_CSMS (E03.FR.05)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await _started(csms, session)
        await asyncio.sleep(DURATION)
        await session.event("Updated", "EVConnectTimeout")
        assert (await session.record())["triggerReason"] == "EVConnectTimeout"


# ---- unlocking -------------------------------------------------------------------------


@pytest.mark.case("TC_F_06_CSMS", "Unlock connector: without ongoing transaction, Accepted")
async def test_tc_f_06_a_connector_is_unlocked(csms: Csms) -> None:
    """TC_F_06_CSMS (use case F05)."""
    wanted = {"evseId": 1, "connectorId": 1}
    async with csms.station() as station:
        await station.booted()

        async def play() -> None:
            call = await station.asked("UnlockConnector")
            assert call.payload == wanted
            await station.answer(call, {"status": "Unlocked"})

        body = await csms.while_sending("evdriver/unlockConnector", wanted, play)
        assert body["payload"] == {"status": "Unlocked"}


# ---- triggers --------------------------------------------------------------------------


async def _trigger(
    csms: Csms, station: RawStation, wanted: Payload, answer: str = "Accepted"
) -> None:
    """The operator asks for a message; the station gets just that and answers."""

    async def play() -> None:
        call = await station.asked("TriggerMessage")
        assert call.payload == wanted
        await station.answer(call, {"status": answer})

    body = await csms.while_sending("configuration/triggerMessage", wanted, play)
    assert body["payload"] == {"status": answer}


async def _tell_meter_values(station: RawStation, evse_id: int) -> None:
    told = {"evseId": evse_id, "meterValue": [register(100, "Trigger")]}
    assert await station.call("MeterValues", told) == {}


async def _shown(csms: Csms, count: int) -> list[dict[str, Any]]:
    rows = await csms.meter_values()
    assert [each["context"] for each in rows] == ["Trigger"] * count
    return rows


@pytest.mark.case("TC_F_11_CSMS", "Trigger: MeterValues, specific EVSE", "F06.FR.01", "F06.FR.02")
async def test_tc_f_11_meter_values_of_one_evse_are_triggered(csms: Csms) -> None:
    """TC_F_11_CSMS (F06.FR.01, F06.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger(csms, station, {"requestedMessage": "MeterValues", "evse": {"id": 1}})
        await _tell_meter_values(station, 1)
        assert [each["evseId"] for each in await _shown(csms, 1)] == [1]


@pytest.mark.case("TC_F_12_CSMS", "Trigger: MeterValues, all EVSEs", "F06.FR.01")
async def test_tc_f_12_meter_values_of_all_evses_are_triggered(csms: Csms) -> None:
    """TC_F_12_CSMS (F06.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger(csms, station, {"requestedMessage": "MeterValues"})
        for evse_id in (1, 2):
            await _tell_meter_values(station, evse_id)
        assert {each["evseId"] for each in await _shown(csms, 2)} == {1, 2}


async def _tell_of_the_transaction(session: Session, **more: Any) -> None:
    await session.event(
        "Updated",
        "Trigger",
        chargingState="Charging",
        meterValue=[register(100, "Trigger")],
        **more,
    )
    record = await session.record()
    assert (record["triggerReason"], record["chargingState"]) == ("Trigger", "Charging")


@pytest.mark.case(
    "TC_F_13_CSMS", "Trigger: TransactionEvent, specific EVSE", "F06.FR.01", "F06.FR.02"
)
async def test_tc_f_13_an_event_of_one_evse_is_triggered(csms: Csms) -> None:
    """TC_F_13_CSMS (F06.FR.01, F06.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        await _trigger(csms, station, {"requestedMessage": "TransactionEvent", "evse": {"id": 1}})
        await _tell_of_the_transaction(session, evse={"id": 1})


@pytest.mark.case("TC_F_14_CSMS", "Trigger: TransactionEvent, all EVSEs", "F06.FR.01")
async def test_tc_f_14_events_of_all_evses_are_triggered(csms: Csms) -> None:
    """TC_F_14_CSMS (F06.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        await _trigger(csms, station, {"requestedMessage": "TransactionEvent"})
        await _tell_of_the_transaction(session)


@pytest.mark.case("TC_F_15_CSMS", "Trigger: LogStatusNotification, Idle", "F06.FR.01")
async def test_tc_f_15_the_status_of_logs_is_triggered(csms: Csms) -> None:
    """TC_F_15_CSMS (F06.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger(csms, station, {"requestedMessage": "LogStatusNotification"})
        assert await station.call("LogStatusNotification", {"status": "Idle"}) == {}


@pytest.mark.case("TC_F_18_CSMS", "Trigger: FirmwareStatusNotification, Idle", "F06.FR.01")
async def test_tc_f_18_the_status_of_firmware_is_triggered(csms: Csms) -> None:
    """TC_F_18_CSMS (F06.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger(csms, station, {"requestedMessage": "FirmwareStatusNotification"})
        assert await station.call("FirmwareStatusNotification", {"status": "Idle"}) == {}


@pytest.mark.case("TC_F_20_CSMS", "Trigger: Heartbeat", "F06.FR.01")
async def test_tc_f_20_a_heartbeat_is_triggered(csms: Csms) -> None:
    """TC_F_20_CSMS (F06.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger(csms, station, {"requestedMessage": "Heartbeat"})
        assert (await station.call("Heartbeat", {}))["currentTime"][:10] == now()[:10]


async def _trigger_status(csms: Csms, station: RawStation, state: str) -> None:
    wanted = {"requestedMessage": "StatusNotification", "evse": EVSE}
    await _trigger(csms, station, wanted)
    await station.tell_connectors(state)
    assert await csms.connector_states() == {(1, 1): state}


@pytest.mark.case(
    "TC_F_23_CSMS", "Trigger: StatusNotification, Available", "F06.FR.01", "F06.FR.02", "F06.FR.13"
)
async def test_tc_f_23_the_status_of_a_free_connector_is_triggered(csms: Csms) -> None:
    """TC_F_23_CSMS (F06.FR.01, F06.FR.02, F06.FR.13)."""
    async with csms.station() as station:
        await station.booted()
        await _trigger_status(csms, station, "Available")


@pytest.mark.case(
    "TC_F_24_CSMS", "Trigger: StatusNotification, Occupied", "F06.FR.01", "F06.FR.02", "F06.FR.13"
)
async def test_tc_f_24_the_status_of_an_occupied_connector_is_triggered(csms: Csms) -> None:
    """TC_F_24_CSMS (F06.FR.01, F06.FR.02, F06.FR.13)."""
    async with csms.station() as station:
        await station.booted()
        await station.tell_connectors("Occupied")
        await _trigger_status(csms, station, "Occupied")


@pytest.mark.case("TC_F_27_CSMS", "Trigger: NotImplemented", "F06.FR.08")
async def test_tc_f_27_a_trigger_that_a_station_does_not_know_is_told(csms: Csms) -> None:
    """TC_F_27_CSMS (F06.FR.08)."""
    async with csms.station() as station:
        await station.booted()
        wanted = {"requestedMessage": "SignV2GCertificate"}
        await _trigger(csms, station, wanted, "NotImplemented")
