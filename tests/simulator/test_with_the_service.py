"""Cars at simulated stations and the whole product: what operators find in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from citrine_py.simulator.car import CarModel
from citrine_py.simulator.scenarios import Drive, Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation
from tests.people import Operator, until
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

PACE = Pace(retry=0.2, reboot=0.1, first_wait=0.1, longest_wait=0.5)
HABITS = (
    "drive", "offline-queue", "clock-wrong", "out-of-order", "repeats", "slow",
    "reboot-in-transaction", "reboot-and-resume", "events-only", "local-limit",
)  # fmt: skip
WITHIN = 60


@pytest.fixture
async def operator(stack: Stack) -> AsyncIterator[Operator]:
    async with Operator.of(stack) as signed_in:
        yield signed_in


def charger(
    operator: Operator, drive: Drive | None, scenario: str = "stay", **more: Any
) -> SimulatedStation:
    name = f"car-{uuid4().hex[:10]}"
    config = StationConfig(
        id=name, url=operator.open_url, scenario=scenario, pace=PACE, drive=drive, **more
    )
    return SimulatedStation(config)


async def transactions(operator: Operator, it: SimulatedStation) -> list[dict[str, Any]]:
    params = {"stationId": it.config.id}
    answer = await operator.api.get("/data/transactions/transaction", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def ended(operator: Operator, it: SimulatedStation) -> dict[str, Any]:
    """Its transaction, once it is over."""
    found: list[dict[str, Any]] = []

    async def over() -> bool:
        found[:] = await transactions(operator, it)
        return bool(found) and found[0]["isActive"] is False and not found[0]["missingSeqNos"]

    await until(over, WITHIN)
    (record,) = found
    return record


async def test_a_full_session_under_a_limit_that_an_operator_sets(operator: Operator) -> None:
    token = f"card-{uuid4().hex[:10]}"
    answer = await operator.api.put(
        "/data/evdriver/authorization",
        params={"idToken": token, "type": "ISO14443"},
        json={
            "idToken": {"idToken": token, "type": "ISO14443"},
            "idTokenInfo": {"status": "Accepted"},
        },
    )
    assert answer.status_code == 200, answer.text
    schedule = {
        "id": 1,
        "startSchedule": "2026-01-01T00:00:00Z",
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000}],
    }
    limit = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }
    drive = Drive(token, "ISO14443", CarModel(power=11), first=600, minutes=60)
    async with charger(operator, drive, speed=300) as it:
        await it.accepted()
        answer = await operator.send(
            it.config.id,
            "smartcharging/setChargingProfile",
            {"evseId": 1, "chargingProfile": limit},
        )
        assert answer.status_code == 200, answer.text
        record = await ended(operator, it)
        register = it.behaviour.outlets[0].supply.meter.register
    assert record["idToken"] == token
    assert record["stoppedReason"] == "Local"
    assert record["energyWh"] == pytest.approx(register - 100_000, abs=0.01)
    assert record["energyWh"] == pytest.approx(6000, rel=0.02)
    assert record["meterStart"] == 100_000
    assert record["durationSeconds"] == pytest.approx(3600, abs=30)
    assert not record["doubt"]


async def test_a_token_that_nobody_has_entered_charges_nothing(operator: Operator) -> None:
    drive = Drive(f"nobody-{uuid4().hex[:10]}", "ISO14443", first=1)
    async with charger(operator, drive, speed=60) as it:
        await it.accepted()
        await it.until(lambda it: it.behaviour.outlets[0].plugged)
        await it.until(lambda it: not it.behaviour.outlets[0].plugged)
        assert await transactions(operator, it) == []


@pytest.mark.parametrize("scenario", HABITS)
async def test_the_transaction_is_right_whatever_the_habit(
    operator: Operator, scenario: str
) -> None:
    drive = Drive(car=CarModel(power=11), first=5, minutes=30)
    async with charger(operator, drive, scenario, speed=600) as it:
        await it.accepted(30)
        record = await ended(operator, it)
        register = it.behaviour.outlets[0].supply.meter.register
    whole = record["energyWh"]
    assert whole == pytest.approx(register - 100_000, abs=0.01)
    assert whole > 0
    reason = "PowerLoss" if scenario == "reboot-in-transaction" else "Local"
    assert record["stoppedReason"] == reason
    assert record["firstSeqNo"] == 0
    assert record["startedAt"] < record["endedAt"]
    assert not record["doubt"]
