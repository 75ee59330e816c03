"""Block B: the official cases of booting, variables, reports and resets (Part 6, 3.3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.charging import Session
from tests.conformance.csms import Csms
from tests.conformance.raw import RawStation, Refused, report_data

pytestmark = pytest.mark.stack

THRESHOLD = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
REMOTE_START = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "AuthorizeRemoteStart"}}
PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://127.0.0.1:8082",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}

# ---- cold boot -------------------------------------------------------------------------


@pytest.mark.case("TC_B_01_CSMS", "Cold boot: Accepted", "B01.FR.02")
async def test_tc_b_01_a_cold_boot_is_accepted(csms: Csms) -> None:
    """TC_B_01_CSMS (B01.FR.02)."""
    async with csms.station() as station:
        await station.booted()


@pytest.mark.case("TC_B_02_CSMS", "Cold boot: Pending", "B02.FR.01", "B02.FR.06")
async def test_tc_b_02_a_pending_station_is_asked_for_its_report_and_then_accepted(
    csms: Csms,
) -> None:
    """TC_B_02_CSMS (B02.FR.01, B02.FR.06).

    During the interval the CSMS may ask; this one asks for the base report and then for a
    boot, which the station declines so that it boots after the interval as the case has it.
    """
    await csms.set_boot(status="Pending", getBaseReportOnPending=True, bootRetryInterval=1)
    async with csms.station() as station:
        answer = await station.boot()
        assert answer["status"] == "Pending"
        call = await station.asked("GetBaseReport")
        assert call.payload["reportBase"] == "FullInventory"
        await station.answer(call, {"status": "Accepted"})
        data = [report_data("OCPPCommCtrlr", "OfflineThreshold", "60")]
        await station.report(call.payload["requestId"], [data])
        trigger = await station.asked("TriggerMessage")
        await station.answer(trigger, {"status": "Rejected"})
        await asyncio.sleep(answer["interval"])
        await station.booted()


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.case(
    "TC_B_30_CSMS", "Cold boot: Pending/Rejected, SecurityError", "B02.FR.09", "B03.FR.07"
)
async def test_tc_b_30_before_acceptance_other_messages_get_security_error(
    csms: Csms, status: str
) -> None:
    """TC_B_30_CSMS (B02.FR.09, B03.FR.07)."""
    await csms.set_boot(status=status, getBaseReportOnPending=False)
    async with csms.station() as station:
        assert (await station.boot())["status"] == status
        for tell in (station.tell_status, station.tell_event):
            with pytest.raises(Refused) as refused:
                await tell()
            assert refused.value.code == "SecurityError"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.case("TC_B_31_CSMS", "Cold boot: Pending/Rejected, TriggerMessage")
async def test_tc_b_31_a_boot_can_be_triggered_before_the_interval_is_over(
    csms: Csms, status: str
) -> None:
    """TC_B_31_CSMS (use cases B02, F06)."""
    await csms.set_boot(status=status, getBaseReportOnPending=False, bootRetryInterval=3600)
    async with csms.station() as station:
        assert (await station.boot())["status"] == status
        await csms.set_boot(status="Accepted")

        async def play() -> None:
            call = await station.asked("TriggerMessage")
            assert call.payload["requestedMessage"] == "BootNotification"
            await station.answer(call, {"status": "Accepted"})

        asked = {"requestedMessage": "BootNotification"}
        body = await csms.while_sending("configuration/triggerMessage", asked, play)
        assert body["payload"] == {"status": "Accepted"}
        await station.booted("Triggered")


# ---- variables -------------------------------------------------------------------------


async def _get(csms: Csms, wanted: list[dict[str, Any]], values: list[str]) -> None:
    async with csms.station() as station:
        await station.booted()
        expected = [
            {**each, "attributeStatus": "Accepted", "attributeValue": value}
            for each, value in zip(wanted, values, strict=True)
        ]

        async def play() -> None:
            call = await station.asked("GetVariables")
            asked = call.payload["getVariableData"]
            assert _named(asked) == _named(wanted)
            kinds = {each.get("attributeType", "Actual") for each in asked}
            assert kinds <= {"Actual", "Target", "MinSet", "MaxSet"}
            await station.answer(call, {"getVariableResult": expected})

        body = await csms.while_sending(
            "monitoring/getVariables", {"getVariableData": wanted}, play
        )
        assert body["payload"] == {"getVariableResult": expected}
    for each, value in zip(wanted, values, strict=True):
        assert await _value(csms, each) == value


@pytest.mark.case(
    "TC_B_06_CSMS",
    "Get Variables: single value",
    "B06.FR.01",
    "B06.FR.02",
    "B06.FR.03",
    "B06.FR.04",
    "B06.FR.10",
    "B06.FR.11",
)
async def test_tc_b_06_one_variable_is_read(csms: Csms) -> None:
    """TC_B_06_CSMS (B06.FR.01 to 04, 10, 11)."""
    await _get(csms, [THRESHOLD], ["60"])


@pytest.mark.case(
    "TC_B_07_CSMS", "Get Variables: multiple values", "B06.FR.01", "B06.FR.02", "B06.FR.03"
)
async def test_tc_b_07_several_variables_are_read(csms: Csms) -> None:
    """TC_B_07_CSMS (B06.FR.01 to 03)."""
    await _get(csms, [THRESHOLD, REMOTE_START], ["60", "true"])


async def _set(csms: Csms, wanted: list[dict[str, Any]]) -> None:
    async with csms.station() as station:
        await station.booted()
        results = [
            {
                "component": each["component"],
                "variable": each["variable"],
                "attributeStatus": "Accepted",
            }
            for each in wanted
        ]

        async def play() -> None:
            call = await station.asked("SetVariables")
            asked = call.payload["setVariableData"]
            assert _named(asked) == _named(wanted)
            assert _values(asked) == _values(wanted)
            assert {each.get("attributeType", "Actual") for each in asked} == {"Actual"}
            await station.answer(call, {"setVariableResult": results})

        body = await csms.while_sending(
            "monitoring/setVariables", {"setVariableData": wanted}, play
        )
        assert body["payload"] == {"setVariableResult": results}
    for each in wanted:
        assert await _value(csms, each) == each["attributeValue"]


@pytest.mark.case(
    "TC_B_09_CSMS",
    "Set Variables: single value",
    "B05.FR.01",
    "B05.FR.02",
    "B05.FR.03",
    "B05.FR.10",
    "B05.FR.12",
)
async def test_tc_b_09_one_variable_is_set(csms: Csms) -> None:
    """TC_B_09_CSMS (B05.FR.01 to 03, 10, 12)."""
    await _set(csms, [{**THRESHOLD, "attributeValue": "123"}])


@pytest.mark.case(
    "TC_B_10_CSMS", "Set Variables: multiple values", "B05.FR.01", "B05.FR.02", "B05.FR.03"
)
async def test_tc_b_10_several_variables_are_set(csms: Csms) -> None:
    """TC_B_10_CSMS (B05.FR.01 to 03)."""
    await _set(
        csms,
        [{**THRESHOLD, "attributeValue": "123"}, {**REMOTE_START, "attributeValue": "false"}],
    )


def _named(data: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["component"]["name"], each["variable"]["name"]) for each in data}


def _values(data: list[dict[str, Any]]) -> dict[str, str]:
    return {each["variable"]["name"]: each["attributeValue"] for each in data}


async def _value(csms: Csms, wanted: dict[str, Any]) -> str | None:
    """What an operator reads of the variable in the station's device model."""
    rows = await csms.attributes(
        component_name=wanted["component"]["name"], variable_name=wanted["variable"]["name"]
    )
    assert len(rows) == 1, rows
    value: str | None = rows[0]["value"]
    return value


# ---- base reports ----------------------------------------------------------------------


async def _base_report(csms: Csms, base: str) -> None:
    """The report comes in three parts; all of it is shown, over the API and in Directus."""
    names = [f"Setting{number}" for number in range(7)]
    data = [report_data("TestCtrlr", name, name.lower()) for name in names]
    async with csms.station() as station:
        await station.booted()

        async def play() -> None:
            call = await station.asked("GetBaseReport")
            assert call.payload["requestId"] >= 0
            assert call.payload["reportBase"] == base
            await station.answer(call, {"status": "Accepted"})

        asked = {"requestId": 42, "reportBase": base}
        body = await csms.while_sending("reporting/getBaseReport", asked, play)
        assert body["payload"] == {"status": "Accepted"}
        await station.report(42, [data[:3], data[3:6], data[6:]])
        rows = await csms.attributes(component_name="TestCtrlr")
    expected = {name: name.lower() for name in names}
    assert {row["variable"]: row["value"] for row in rows} == expected
    shown = await csms.shown_in_directus(len(names))
    assert {variable: shown["TestCtrlr", variable] for variable in names} == expected


@pytest.mark.case("TC_B_12_CSMS", "Get Base Report: ConfigurationInventory", "B07.FR.07")
async def test_tc_b_12_a_configuration_inventory_is_asked_for_and_shown(csms: Csms) -> None:
    """TC_B_12_CSMS (B07.FR.07)."""
    await _base_report(csms, "ConfigurationInventory")


@pytest.mark.case("TC_B_13_CSMS", "Get Base Report: FullInventory", "B07.FR.08")
async def test_tc_b_13_a_full_inventory_is_asked_for_and_shown(csms: Csms) -> None:
    """TC_B_13_CSMS (B07.FR.08)."""
    await _base_report(csms, "FullInventory")


# ---- resets ----------------------------------------------------------------------------


async def _reset(csms: Csms, station: RawStation, request: dict[str, Any], status: str) -> None:
    """The manual action, the ResetRequest that it leads to, and the station's answer."""

    async def play() -> None:
        call = await station.asked("Reset")
        assert call.payload["type"] == request["type"]
        assert call.payload.get("evseId") == request.get("evseId")
        await station.answer(call, {"status": status})

    body = await csms.while_sending("configuration/reset", request, play)
    assert body["payload"] == {"status": status}


async def _charging(csms: Csms, station: RawStation) -> Session:
    """The reusable state EnergyTransferStarted."""
    session = Session(csms, station)
    await session.energy_transfer_started()
    return session


async def _stop_and_leave(session: Session) -> None:
    """The driver stops, and the car leaves: the transaction ends."""
    await session.event("Updated", "StopAuthorized", chargingState="EVConnected")
    told = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
    await session.event("Ended", "EVCommunicationLost", **told)
    assert (await session.record())["stoppedReason"] == "EVDisconnected"


async def _end_by_reset(session: Session) -> None:
    await session.event("Ended", "ResetCommand", stoppedReason="ImmediateReset")
    assert (await session.record())["stoppedReason"] == "ImmediateReset"


@pytest.mark.case("TC_B_20_CSMS", "Reset station: without transaction, OnIdle", "B11.FR.04")
async def test_tc_b_20_a_station_is_reset_on_idle_and_boots_again(csms: Csms) -> None:
    """TC_B_20_CSMS (B11.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        await _reset(csms, station, {"type": "OnIdle"}, "Accepted")
    async with csms.station() as station:
        await station.booted("RemoteReset")


@pytest.mark.case(
    "TC_B_21_CSMS",
    "Reset station: with ongoing transaction, OnIdle",
    "B12.FR.01",
    "B12.FR.03",
    "E07.FR.03",
)
async def test_tc_b_21_a_reset_on_idle_is_scheduled_until_the_transaction_ends(csms: Csms) -> None:
    """TC_B_21_CSMS (B12.FR.01, B12.FR.03, E07.FR.03)."""
    async with csms.station() as station:
        await station.booted()
        session = await _charging(csms, station)
        await _reset(csms, station, {"type": "OnIdle"}, "Scheduled")
        await _stop_and_leave(session)
    async with csms.station() as station:
        await station.booted("ScheduledReset")


@pytest.mark.case("TC_B_22_CSMS", "Reset station: with ongoing transaction, Immediate")
async def test_tc_b_22_an_immediate_reset_ends_the_transaction(csms: Csms) -> None:
    """TC_B_22_CSMS (use case B12)."""
    async with csms.station() as station:
        await station.booted()
        session = await _charging(csms, station)
        await _reset(csms, station, {"type": "Immediate"}, "Accepted")
        await _end_by_reset(session)
    async with csms.station() as station:
        assert (await station.boot("RemoteReset"))["status"] == "Accepted"
        await station.tell_connectors("Occupied")


@pytest.mark.case("TC_B_25_CSMS", "Reset EVSE: without transaction", "B11.FR.04")
async def test_tc_b_25_an_evse_is_reset(csms: Csms) -> None:
    """TC_B_25_CSMS (B11.FR.04)."""
    async with csms.station() as station:
        await station.booted()
        await _reset(csms, station, {"type": "OnIdle", "evseId": 1}, "Accepted")


@pytest.mark.case("TC_B_26_CSMS", "Reset EVSE: with ongoing transaction, OnIdle", "B12.FR.07")
async def test_tc_b_26_the_reset_of_an_evse_is_scheduled_until_its_transaction_ends(
    csms: Csms,
) -> None:
    """TC_B_26_CSMS (B12.FR.07)."""
    async with csms.station() as station:
        await station.booted()
        session = await _charging(csms, station)
        await _reset(csms, station, {"type": "OnIdle", "evseId": 1}, "Scheduled")
        await _stop_and_leave(session)


@pytest.mark.case("TC_B_27_CSMS", "Reset EVSE: with ongoing transaction, Immediate")
async def test_tc_b_27_an_immediate_reset_of_an_evse_ends_its_transaction(csms: Csms) -> None:
    """TC_B_27_CSMS (use case B12)."""
    async with csms.station() as station:
        await station.booted()
        session = await _charging(csms, station)
        await _reset(csms, station, {"type": "Immediate", "evseId": 1}, "Accepted")
        await _end_by_reset(session)


# ---- network profiles ------------------------------------------------------------------


async def _network_profile(csms: Csms, status: str) -> None:
    async with csms.station() as station:
        await station.booted()
        wanted = {"configurationSlot": 2, "connectionData": PROFILE}

        async def play() -> None:
            call = await station.asked("SetNetworkProfile")
            assert call.payload == wanted
            await station.answer(call, {"status": status})

        body = await csms.while_sending("configuration/setNetworkProfile", wanted, play)
        assert body["payload"] == {"status": status}


@pytest.mark.case("TC_B_42_CSMS", "Set new NetworkConnectionProfile: Accepted", "B09.FR.01")
async def test_tc_b_42_a_network_profile_is_set(csms: Csms) -> None:
    """TC_B_42_CSMS (B09.FR.01)."""
    await _network_profile(csms, "Accepted")


@pytest.mark.case("TC_B_44_CSMS", "Set new NetworkConnectionProfile: Failed", "B09.FR.03")
async def test_tc_b_44_a_station_that_fails_to_set_a_profile_is_told_of(csms: Csms) -> None:
    """TC_B_44_CSMS (B09.FR.03)."""
    await _network_profile(csms, "Failed")
