"""Block E: the official cases of transactions (Part 6, 3.6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.charging import EVSE, INVALID_TOKEN, Session, register
from tests.conformance.csms import Csms
from tests.people import until

pytestmark = pytest.mark.stack

SIGNED = {
    "signedMeterData": "T0NNRnx7fXx7fQ==",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "",
}


async def over(session: Session, reason: str) -> dict[str, Any]:
    """The transaction shows as ended for this reason, without a gap."""
    record = await session.record()
    assert record["isActive"] is False, record
    assert record["stoppedReason"] == reason, record
    assert record["missingSeqNos"] is None, record
    return record


# ---- start -------------------------------------------------------------------------------


@pytest.mark.case("TC_E_01_CSMS", "Start: PowerPathClosed", "E01.FR.05")
async def test_tc_e_01_a_transaction_starts_when_the_power_path_is_closed(csms: Csms) -> None:
    """TC_E_01_CSMS (E01.FR.05)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize()
        await station.tell_connectors("Occupied")
        told = {"chargingState": "SuspendedEVSE", "evse": EVSE, "idToken": session.token}
        session.check_accepted(await session.event("Started", "ChargingStateChanged", **told))
        await session.event("Updated", "ChargingStateChanged", chargingState="Charging")
        record = await session.record()
    assert (record["isActive"], record["chargingState"]) == (True, "Charging")


@pytest.mark.case("TC_E_02_CSMS", "Start: EnergyTransfer", "E01.FR.06")
async def test_tc_e_02_a_transaction_starts_with_the_energy_transfer(csms: Csms) -> None:
    """TC_E_02_CSMS (E01.FR.06)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize()
        await station.tell_connectors("Occupied")
        told = {"chargingState": "Charging", "evse": EVSE, "idToken": session.token}
        session.check_accepted(await session.event("Started", "ChargingStateChanged", **told))
        record = await session.record()
    assert (record["evseId"], record["connectorId"]) == (1, 1)
    assert record["idToken"] == session.token["idToken"]


@pytest.mark.case("TC_E_03_CSMS", "Local start: cable plugin first", "E02.FR.02")
async def test_tc_e_03_the_cable_comes_first(csms: Csms) -> None:
    """TC_E_03_CSMS (E02.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        await session.authorize_locally()
        await session.energy_transfer_started()
        record = await session.record()
    assert (record["isActive"], record["idToken"]) == (True, session.token["idToken"])


@pytest.mark.case("TC_E_04_CSMS", "Local start: authorization first", "E03.FR.02")
async def test_tc_e_04_the_authorization_comes_first(csms: Csms) -> None:
    """TC_E_04_CSMS (E03.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize_locally()
        await session.energy_transfer_started()
        record = await session.record()
    assert (record["isActive"], record["chargingState"]) == (True, "Charging")


@pytest.mark.case("TC_E_09_CSMS", "Start: EVConnected", "E01.FR.02")
async def test_tc_e_09_a_transaction_starts_with_the_cable(csms: Csms) -> None:
    """TC_E_09_CSMS (E01.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_pre_session()
        record = await session.record()
    assert (record["isActive"], record["idToken"]) == (True, None)


@pytest.mark.case("TC_E_10_CSMS", "Start: Authorized, local", "E01.FR.03")
async def test_tc_e_10_a_transaction_starts_with_the_authorization(csms: Csms) -> None:
    """TC_E_10_CSMS (E01.FR.03)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize_locally()
        record = await session.record()
    assert (record["isActive"], record["evseId"]) == (True, None)


@pytest.mark.case("TC_E_11_CSMS", "Start: DataSigned", "E01.FR.04")
async def test_tc_e_11_a_transaction_starts_with_signed_data(csms: Csms) -> None:
    """TC_E_11_CSMS (E01.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize()
        await station.tell_connectors("Occupied")
        value = register(0.0, "Transaction.Begin", signedMeterValue=SIGNED)
        told = {"evse": EVSE, "idToken": session.token, "meterValue": [value]}
        session.check_accepted(await session.event("Started", "SignedDataReceived", **told))
        await session.event("Updated", "ChargingStateChanged", chargingState="Charging")
        rows = await csms.meter_values()
    assert rows[0]["sampledValue"][0]["signedMeterValue"] == SIGNED


@pytest.mark.case("TC_E_12_CSMS", "Start: ParkingBayOccupied", "E01.FR.01")
async def test_tc_e_12_a_transaction_starts_with_a_car_in_the_bay(csms: Csms) -> None:
    """TC_E_12_CSMS (E01.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.event("Started", "EVDetected")
        record = await session.record()
    assert (record["isActive"], record["triggerReason"]) == (True, "EVDetected")


@pytest.mark.case("TC_E_38_CSMS", "Local start: EV not ready")
async def test_tc_e_38_the_car_is_not_ready_to_charge(csms: Csms) -> None:
    """TC_E_38_CSMS (use case E03)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize_locally()
        await session.ev_connected_pre_session()
        await session.event("Updated", "ChargingStateChanged", chargingState="SuspendedEV")
        record = await session.record()
    assert (record["isActive"], record["chargingState"]) == (True, "SuspendedEV")


@pytest.mark.case("TC_E_53_CSMS", "Reset sequence number at start", "E01.FR.07")
async def test_tc_e_53_the_numbers_of_events_begin_anew_with_each_transaction(csms: Csms) -> None:
    """TC_E_53_CSMS (E01.FR.07)."""
    async with csms.station() as station:
        await station.booted()
        for _ in range(2):
            session = Session(csms, station)
            await session.energy_transfer_started()
            await session.ev_disconnected()
            record = await over(session, "EVDisconnected")
            assert record["firstSeqNo"] == 0


# ---- stop --------------------------------------------------------------------------------


@pytest.mark.case("TC_E_39_CSMS", "Stop: Deauthorized, timeout", "E03.FR.05", "E06.FR.04")
async def test_tc_e_39_nobody_plugs_in(csms: Csms) -> None:
    """TC_E_39_CSMS (E03.FR.05, E06.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize_locally()
        await session.event("Ended", "EVConnectTimeout", stoppedReason="Timeout")
        await over(session, "Timeout")


@pytest.mark.case("TC_E_14_CSMS", "Stop: EVDisconnected, station side", "E06.FR.02")
async def test_tc_e_14_the_cable_is_pulled_at_the_station(csms: Csms) -> None:
    """TC_E_14_CSMS (E06.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_connected_post_session()
        await session.ev_disconnected()
        await over(session, "EVDisconnected")


@pytest.mark.case("TC_E_20_CSMS", "Stop: EVDisconnected, EV side", "E06.FR.02")
async def test_tc_e_20_the_cable_is_pulled_at_the_car(csms: Csms) -> None:
    """TC_E_20_CSMS (E06.FR.02)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_suspended()
        await session.ev_disconnected()
        await over(session, "EVDisconnected")


@pytest.mark.case("TC_E_15_CSMS", "Stop: StopAuthorized, local", "E06.FR.03")
async def test_tc_e_15_the_driver_stops(csms: Csms) -> None:
    """TC_E_15_CSMS (E06.FR.03)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        await session.event("Ended", "StopAuthorized", stoppedReason="Local")
        await over(session, "Local")


@pytest.mark.case(
    "TC_E_21_CSMS", "Stop: StopAuthorized, remote", "E06.FR.03", "F03.FR.01", "F03.FR.09"
)
async def test_tc_e_21_an_operator_stops_the_transaction(csms: Csms) -> None:
    """TC_E_21_CSMS (E06.FR.03, F03.FR.01, F03.FR.09)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        wanted = {"transactionId": session.transaction_id}

        async def play() -> None:
            call = await station.asked("RequestStopTransaction")
            assert call.payload == wanted
            await station.answer(call, {"status": "Accepted"})

        body = await csms.while_sending("evdriver/requestStopTransaction", wanted, play)
        assert body["payload"] == {"status": "Accepted"}
        await session.event("Ended", "RemoteStop", stoppedReason="Remote")
        await over(session, "Remote")


@pytest.mark.case("TC_E_07_CSMS", "Stop: PowerPathClosed, local stop", "E06.FR.06")
async def test_tc_e_07_the_power_path_is_opened(csms: Csms) -> None:
    """TC_E_07_CSMS (E06.FR.06). A stop without stoppedReason would mean Local as well."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        await session.event("Ended", "StopAuthorized", stoppedReason="Local")
        await over(session, "Local")


@pytest.mark.case("TC_E_08_CSMS", "Stop: EnergyTransfer, StopAuthorized", "E06.FR.07")
async def test_tc_e_08_the_energy_transfer_stops_normally(csms: Csms) -> None:
    """TC_E_08_CSMS (E06.FR.07)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.stop_authorized()
        told = {"chargingState": "EVConnected", "stoppedReason": "Local"}
        await session.event("Ended", "ChargingStateChanged", **told)
        await over(session, "Local")


@pytest.mark.case(
    "TC_E_16_CSMS", "Stop: Deauthorized, invalid idToken", "E06.FR.04", "E01.FR.11", "E01.FR.12"
)
async def test_tc_e_16_an_invalid_token_is_told_and_the_station_stops(csms: Csms) -> None:
    """TC_E_16_CSMS (E06.FR.04, E01.FR.11, E01.FR.12)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        answer = await session.event("Started", "Authorized", idToken=INVALID_TOKEN)
        assert answer["idTokenInfo"]["status"] in {"Invalid", "Unknown"}
        await session.event("Ended", "Deauthorized", stoppedReason="DeAuthorized")
        await over(session, "DeAuthorized")


@pytest.mark.case("TC_E_17_CSMS", "Stop: Deauthorized, EV side disconnect", "E06.FR.04")
async def test_tc_e_17_the_car_does_not_answer_any_more(csms: Csms) -> None:
    """TC_E_17_CSMS (E06.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_suspended()
        told = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await session.event("Ended", "EVCommunicationLost", **told)
        await over(session, "EVDisconnected")


@pytest.mark.case("TC_E_22_CSMS", "Stop: EnergyTransfer, SuspendedEV", "E06.FR.07")
async def test_tc_e_22_the_car_stops(csms: Csms) -> None:
    """TC_E_22_CSMS (E06.FR.07)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        told = {"chargingState": "SuspendedEV", "stoppedReason": "StoppedByEV"}
        await session.event("Ended", "ChargingStateChanged", **told)
        await over(session, "StoppedByEV")


@pytest.mark.case("TC_E_19_CSMS", "Stop: ParkingBayUnoccupied", "E06.FR.01")
async def test_tc_e_19_the_car_leaves_the_bay(csms: Csms) -> None:
    """TC_E_19_CSMS (E06.FR.01). The reusable state EVDisconnected ends a transaction; since
    this case ends it one step later, that state is told by an Updated event here."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.ev_disconnected("Updated")
        await session.event("Ended", "EVDeparted", stoppedReason="Local")
        await over(session, "Local")


@pytest.mark.case("TC_E_26_CSMS", "Disconnect on EV side: suspend transaction", "E10.FR.01")
async def test_tc_e_26_a_transaction_goes_on_after_the_cable_was_out(csms: Csms) -> None:
    """TC_E_26_CSMS (E10.FR.01)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_suspended()
        await session.event("Updated", "EVCommunicationLost", chargingState="Idle")
        await station.tell_connectors("Available")
        await session.event("Updated", "CablePluggedIn", chargingState="EVConnected")
        await session.event("Updated", "ChargingStateChanged", chargingState="Charging")
        record = await session.record()
    assert (record["isActive"], record["chargingState"]) == (True, "Charging")


# ---- status ------------------------------------------------------------------------------


async def _ask(
    csms: Csms, session: Session, wanted: dict[str, str], reply: dict[str, bool]
) -> None:
    station = session.station

    async def play() -> None:
        call = await station.asked("GetTransactionStatus")
        assert call.payload == wanted
        await station.answer(call, reply)

    body = await csms.while_sending("transactions/getTransactionStatus", wanted, play)
    assert body["payload"] == reply


@pytest.mark.case(
    "TC_E_29_CSMS", "Status: ongoing, with message in queue", "E14.FR.02", "E14.FR.04"
)
async def test_tc_e_29_an_ongoing_transaction_has_messages_in_the_queue(csms: Csms) -> None:
    """TC_E_29_CSMS (E14.FR.02, E14.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
    async with csms.station() as station:
        session.go_on_with(station)
        asked = {"transactionId": session.transaction_id}
        await _ask(csms, session, asked, {"ongoingIndicator": True, "messagesInQueue": True})
        record = await session.record()
        assert (record["isActive"], record["messagesInQueue"]) == (True, True)
        values = [register(100.0, "Sample.Periodic")]
        await session.event("Updated", "MeterValuePeriodic", offline=True, meterValue=values)


@pytest.mark.case(
    "TC_E_30_CSMS", "Status: ongoing, without message in queue", "E14.FR.02", "E14.FR.05"
)
async def test_tc_e_30_an_ongoing_transaction_has_an_empty_queue(csms: Csms) -> None:
    """TC_E_30_CSMS (E14.FR.02, E14.FR.05)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        asked = {"transactionId": session.transaction_id}
        await _ask(csms, session, asked, {"ongoingIndicator": True, "messagesInQueue": False})
        record = await session.record()
    assert (record["isActive"], record["messagesInQueue"]) == (True, False)


@pytest.mark.case("TC_E_31_CSMS", "Status: ended, with message in queue", "E14.FR.03", "E14.FR.04")
async def test_tc_e_31_an_ended_transaction_has_messages_in_the_queue(csms: Csms) -> None:
    """TC_E_31_CSMS (E14.FR.03, E14.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
    async with csms.station() as station:
        session.go_on_with(station)
        first, second = next(session.seq_no), next(session.seq_no)
        lost = {"chargingState": "Idle", "offline": True}
        await session.event("Ended", "EVCommunicationLost", **lost)
        gap = f"{first}-{second}"
        assert (await session.record())["missingSeqNos"] == gap
        asked = {"transactionId": session.transaction_id}
        await _ask(csms, session, asked, {"ongoingIndicator": False, "messagesInQueue": True})
        await session.event("Updated", "StopAuthorized", seq_no=first, offline=True)
        told = {"chargingState": "EVConnected", "offline": True}
        await session.event("Updated", "ChargingStateChanged", seq_no=second, **told)
        record = await over(session, "Local")
    assert record["chargingState"] == "Idle"


@pytest.mark.case(
    "TC_E_33_CSMS", "Status: no transactionId, with message in queue", "E14.FR.06", "E14.FR.07"
)
async def test_tc_e_33_a_station_has_messages_in_the_queue(csms: Csms) -> None:
    """TC_E_33_CSMS (E14.FR.06, E14.FR.07)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
    async with csms.station() as station:
        session.go_on_with(station)
        await _ask(csms, session, {}, {"messagesInQueue": True})
        values = [register(100.0, "Sample.Periodic")]
        await session.event("Updated", "MeterValuePeriodic", offline=True, meterValue=values)
        record = await session.record()
    assert (record["isActive"], record["messagesInQueue"]) == (True, True)


@pytest.mark.case(
    "TC_E_34_CSMS", "Status: no transactionId, without message in queue", "E14.FR.06", "E14.FR.08"
)
async def test_tc_e_34_a_station_has_an_empty_queue(csms: Csms) -> None:
    """TC_E_34_CSMS (E14.FR.06, E14.FR.08)."""
    async with csms.station() as station:
        await station.booted()
        await _ask(csms, Session(csms, station), {}, {"messagesInQueue": False})


async def test_directus_shows_a_transaction_with_its_events_and_values(csms: Csms) -> None:
    """What the cases' records are for: an operator sees them on the pages."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        values = [register(1000.0, "Transaction.Begin")]
        await session.ev_connected_pre_session(meterValue=values)
        await session.energy_transfer_started()
        await session.ev_disconnected(meterValue=[register(1200.0, "Transaction.End")])
        await over(session, "EVDisconnected")

    async def shown() -> bool:
        rows = await csms.operator.rows("Transaction", csms.station_id)
        told = [(each["totalKwh"], each["isActive"]) for each in rows]
        return told == [(0.2, False)] and len(rows[0]["meterValues"]) == 2

    await until(shown)
    row = (await csms.operator.rows("Transaction", csms.station_id))[0]
    assert len(row["events"]) == 6
