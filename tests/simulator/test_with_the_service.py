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


async def card(operator: Operator) -> str:
    """A token that the operator has entered, of type ISO14443."""
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
    return token


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
    token = await card(operator)
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


async def test_an_operator_starts_limits_and_stops_from_afar(operator: Operator) -> None:
    token = {"idToken": await card(operator), "type": "ISO14443"}
    profile = {
        "id": 3,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {
                "id": 1,
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5000}],
            }
        ],
    }
    async with charger(operator, Drive(first=1e7), speed=300) as it:
        await it.accepted()
        asked = {"evseId": 2, "remoteStartId": 77, "idToken": token, "chargingProfile": profile}
        started = await operator.send(it.config.id, "evdriver/requestStartTransaction", asked)
        assert started.status_code == 200, started.text
        outlet = it.behaviour.outlets[0]
        await it.until(lambda it: it.behaviour.outlets[1].supply.meter.power == 5000, 30)
        running = it.behaviour.outlets[1].transaction
        assert running is not None
        assert outlet.transaction is None
        stopped = await operator.send(
            it.config.id, "evdriver/requestStopTransaction", {"transactionId": running.id}
        )
        assert stopped.status_code == 200, stopped.text
        record = await ended(operator, it)
        await it.until(lambda it: not it.behaviour.outlets[1].plugged)
    assert record["remoteStartId"] == 77
    assert record["stoppedReason"] == "Remote"
    assert record["evseId"] == 2


async def test_logs_and_certificates_reach_the_operator(operator: Operator) -> None:
    name, password = f"car-{uuid4().hex[:10]}", "a-password-of-20-chars"
    await operator.enter_station(name)

    async def given() -> bool:
        answer = await operator.set_password(name, password, set_on_charger=True)
        return answer.status_code == 200

    await until(given)
    config = StationConfig(id=name, url=operator.password_url, password=password, pace=PACE)
    async with SimulatedStation(config) as it:
        await it.accepted()
        asked = {"logType": "DiagnosticsLog", "log": {}}
        answer = await operator.send(it.config.id, "reporting/getLog", asked)
        assert answer.status_code == 200, answer.text

        async def uploaded() -> bool:
            rows = await operator.rows("Job", it.config.id)
            return any(row["status"] == "Done" and row["fileSize"] for row in rows)

        await until(uploaded)
        asked = {"requestedMessage": "SignChargingStationCertificate"}
        answer = await operator.send(it.config.id, "configuration/triggerMessage", asked)
        assert answer.status_code == 200, answer.text
        await it.called("CertificateSigned")
        await it.until(lambda it: bool(it.behaviour.certificates.chains))
