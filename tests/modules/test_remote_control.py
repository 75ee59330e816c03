"""F01, F02: what a remote start may carry."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest
from tests.modules.charging import charging, event
from tests.modules.world import STATION, World

TOKEN = {"idToken": "04A2B3", "type": "ISO14443"}


def profile(**more: Any) -> dict[str, Any]:
    period = {"startPeriod": 0, "limit": 16.0}
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
        **more,
    }


async def test_f01_a_remote_start_gets_a_number_of_its_own() -> None:
    world = World()
    world.stations.answers["RequestStartTransaction"] = {"status": "Accepted"}
    for _ in range(2):
        await world.rules.requests.send(STATION, "RequestStartTransaction", {"idToken": TOKEN})
    first, second = world.stations.sent("RequestStartTransaction")
    assert first["remoteStartId"] != second["remoteStartId"]


async def test_f01_a_profile_for_the_transaction_goes_along() -> None:
    world = World()
    world.stations.answers["RequestStartTransaction"] = {"status": "Accepted"}
    body = {"idToken": TOKEN, "remoteStartId": 3, "evseId": 1, "chargingProfile": profile()}
    await world.rules.requests.send(STATION, "RequestStartTransaction", body)
    assert world.stations.sent("RequestStartTransaction") == [body]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"chargingProfilePurpose": "TxDefaultProfile"}, "must be TxProfile"),
        ({"transactionId": "tx1"}, "no transactionId"),
    ],
)
async def test_f01_a_profile_for_something_else_is_refused(
    wrong: dict[str, Any], said: str
) -> None:
    world = World()
    body = {"idToken": TOKEN, "chargingProfile": profile(**wrong)}
    with pytest.raises(BadRequest, match=said):
        await world.rules.requests.send(STATION, "RequestStartTransaction", body)
    assert world.stations.calls == []


async def test_f01_a_transaction_that_the_station_names_gets_the_number_of_its_start() -> None:
    world = await charging()
    await world.tell(event("Started", 0, 0, trigger="CablePluggedIn"))
    answer = {"status": "Accepted", "transactionId": "tx-1"}
    world.stations.answers["RequestStartTransaction"] = answer
    body = {"idToken": TOKEN, "remoteStartId": 3}
    await world.rules.requests.send(STATION, "RequestStartTransaction", body)
    assert world.record().remoteStartId == 3
    await world.tell(event("Updated", 1, 1))
    assert world.record().remoteStartId == 3, "an event that does not tell it takes nothing away"


async def test_f01_a_transaction_that_is_yet_to_come_tells_its_start_itself() -> None:
    world = await charging()
    answer = {"status": "Accepted", "transactionId": "tx-1"}
    world.stations.answers["RequestStartTransaction"] = answer
    body = {"idToken": TOKEN, "remoteStartId": 3}
    await world.rules.requests.send(STATION, "RequestStartTransaction", body)
    assert world.live() is None
    await world.tell(event("Started", 0, 0, trigger="RemoteStart", remoteStartId=3))
    assert world.record().remoteStartId == 3
