"""Block J: the official cases of meter values (Part 6, 3.11)."""

from __future__ import annotations

import pytest

from tests.conformance.charging import EVSE, Session, register
from tests.conformance.csms import Csms
from tests.conformance.raw import RawStation, now
from tests.conformance.test_e_transactions import SIGNED, over

pytestmark = pytest.mark.stack


async def clock_aligned(station: RawStation, evse_id: int, wh: float) -> None:
    """Meter values of the whole station or an EVSE, by MeterValues and by NotifyEvent."""
    values = {"evseId": evse_id, "meterValue": [register(wh, "Sample.Clock")]}
    await station.call("MeterValues", values)
    event = {
        "eventId": evse_id,
        "timestamp": now(),
        "trigger": "Periodic",
        "actualValue": str(wh),
        "eventNotificationType": "PreconfiguredMonitor",
        "component": {"name": "FiscalMetering"},
        "variable": {"name": "EnergyActiveImportRegister"},
    }
    await station.call("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [event]})


@pytest.mark.case("TC_J_01_CSMS", "Clock-aligned: no transaction ongoing", "J01.FR.18")
async def test_tc_j_01_clock_aligned_values_come_without_a_transaction(csms: Csms) -> None:
    """TC_J_01_CSMS (J01.FR.18)."""
    async with csms.station() as station:
        await station.booted()
        for number in range(3):
            for evse_id in (0, 1):
                await clock_aligned(station, evse_id, 1000.0 + number)
        rows = await csms.meter_values()
    assert len(rows) == 6
    assert {each["context"] for each in rows} == {"Sample.Clock"}
    assert {each["evseId"] for each in rows} == {0, 1}


@pytest.mark.case("TC_J_02_CSMS", "Clock-aligned: transaction ongoing", "J01.FR.18")
async def test_tc_j_02_clock_aligned_values_come_within_a_transaction(csms: Csms) -> None:
    """TC_J_02_CSMS (J01.FR.18)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        for number in range(3):
            await clock_aligned(station, 0, 5000.0 + number)
            values = [register(1000.0 + number, "Sample.Clock")]
            await session.event("Updated", "MeterValueClock", meterValue=values)
        record = await session.record()
    assert record["energyWh"] == 2


async def _ended_with_values(csms: Csms, context: str, *, signed: bool = False) -> None:
    more = {"signedMeterValue": SIGNED} if signed else {}
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        contexts = [context, context, "Transaction.End"]
        values = [register(1000.0 + n, each, **more) for n, each in enumerate(contexts)]
        await session.ev_disconnected(meterValue=values)
        record = await over(session, "EVDisconnected")
        rows = await csms.meter_values()
    assert record["energyWh"] == 2
    assert len(rows) == 3
    assert {each["signatureStatus"] for each in rows} == {"NotVerified" if signed else None}
    if signed:
        told = [each["sampledValue"][0]["signedMeterValue"] for each in rows]
        assert told == [SIGNED] * 3


@pytest.mark.case("TC_J_03_CSMS", "Clock-aligned: EventType Ended", "J01.FR.18")
async def test_tc_j_03_clock_aligned_values_come_with_the_end(csms: Csms) -> None:
    """TC_J_03_CSMS (J01.FR.18)."""
    await _ended_with_values(csms, "Sample.Clock")


@pytest.mark.case("TC_J_04_CSMS", "Clock-aligned: signed", "J01.FR.21")
async def test_tc_j_04_clock_aligned_values_are_signed(csms: Csms) -> None:
    """TC_J_04_CSMS (J01.FR.21)."""
    await _ended_with_values(csms, "Sample.Clock", signed=True)


@pytest.mark.case("TC_J_07_CSMS", "Sampled: Started, EVSE known", "J02.FR.19")
async def test_tc_j_07_sampled_values_come_with_the_start(csms: Csms) -> None:
    """TC_J_07_CSMS (J02.FR.19)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        values = [register(1000.0, "Transaction.Begin")]
        await session.ev_connected_pre_session(meterValue=values)
        record = await session.record()
    assert (record["meterStart"], record["evseId"]) == (1000, EVSE["id"])


@pytest.mark.case("TC_J_08_CSMS", "Sampled: Transaction.Begin, EVSE not known", "J02.FR.19")
async def test_tc_j_08_sampled_values_of_the_begin_come_later(csms: Csms) -> None:
    """TC_J_08_CSMS (J02.FR.19)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.authorize_locally()
        values = [register(1000.0, "Transaction.Begin")]
        await session.ev_connected_pre_session(meterValue=values)
        await session.energy_transfer_started()
        record = await session.record()
    assert (record["meterStart"], record["evseId"]) == (1000, EVSE["id"])


@pytest.mark.case("TC_J_09_CSMS", "Sampled: EventType Updated", "J02.FR.19")
async def test_tc_j_09_sampled_values_come_while_it_charges(csms: Csms) -> None:
    """TC_J_09_CSMS (J02.FR.19)."""
    async with csms.station() as station:
        await station.booted()
        session = Session(csms, station)
        await session.energy_transfer_started()
        for number in range(3):
            values = [register(1000.0 + number, "Sample.Periodic")]
            await session.event("Updated", "MeterValuePeriodic", meterValue=values)
        record = await session.record()
    assert (record["energyWh"], record["totalKwh"]) == (2, 0.002)


@pytest.mark.case("TC_J_10_CSMS", "Sampled: EventType Ended", "J02.FR.19")
async def test_tc_j_10_sampled_values_come_with_the_end(csms: Csms) -> None:
    """TC_J_10_CSMS (J02.FR.19)."""
    await _ended_with_values(csms, "Sample.Periodic")


@pytest.mark.case("TC_J_11_CSMS", "Sampled: signed", "J02.FR.21")
async def test_tc_j_11_sampled_values_are_signed(csms: Csms) -> None:
    """TC_J_11_CSMS (J02.FR.21)."""
    await _ended_with_values(csms, "Sample.Periodic", signed=True)
