"""What stations are to have once they are there, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.model.keys import network_profile_key
from citrine_py.model.network_profiles import NETWORK_PROFILE, NetworkProfile
from tests.api.world import World

VALUE = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
    "variableAttribute": [{"value": "300"}],
}
ATTRIBUTE = "/data/monitoring/variableAttribute?stationId=cp001"
PASSWORD = "/data/configuration/password"
SET_PROFILE = "/ocpp/configuration/setNetworkProfile?identifier=cp001"
PROFILES = "/data/configuration/serverNetworkProfile?stationId=cp001"
DATA = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "messageTimeout": 30,
    "ocppInterface": "Wired0",
}


async def test_a_value_is_wanted_instead_of_recorded(world: World) -> None:
    status, rows = await world.call("PUT", f"{ATTRIBUTE}&whenOnline=true", VALUE)
    assert (status, rows[0]["wantedValue"]) == (200, "300")
    assert world.device_model.wanted == [("cp001", VALUE)]
    assert world.device_model.asked == []
    status, answer = await world.call(
        "PUT", f"{ATTRIBUTE}&whenOnline=true&setOnCharger=true", VALUE
    )
    assert (status, "setOnCharger" in answer["payload"]) == (400, True)


@pytest.mark.parametrize("when_online", [True, False])
async def test_a_password_waits_only_if_it_is_asked_to(world: World, when_online: bool) -> None:
    body: dict[str, Any] = {"stationId": "cp001"} | ({"whenOnline": True} if when_online else {})
    assert (await world.call("POST", PASSWORD, body))[0] == 200
    assert world.passwords.waiting == (["cp001"] if when_online else [])


async def test_b09_a_listener_of_ours_fills_in_its_address(world: World) -> None:
    world.requests.answers["cp001"] = {"status": "Accepted"}
    body = {"configurationSlot": 1, "connectionData": DATA}
    target = f"{SET_PROFILE}&websocketServerConfigId=tls"
    assert (await world.call("POST", target, body))[0] == 200
    filled = {**DATA, "securityProfile": 2, "ocppCsmsUrl": "wss://csms.example:8443"}
    assert world.requests.sent[0][2] == {"configurationSlot": 1, "connectionData": filled}
    own = {**DATA, "securityProfile": 1, "ocppCsmsUrl": "ws://other.example"}
    whole = {"configurationSlot": 1, "connectionData": own}
    assert (await world.call("POST", f"{SET_PROFILE}&websocketServerConfigId=1", whole))[0] == 200
    assert world.requests.sent[1][2] == whole


@pytest.mark.parametrize(
    ("listener", "why"), [("1", "no listener"), ("nowhere", "CITRINE_CHARGERS_PUBLIC_HOST")]
)
async def test_a_listener_that_does_not_tell_its_address_is_refused(
    world: World, listener: str, why: str
) -> None:
    body = {"configurationSlot": 1, "connectionData": DATA}
    target = f"{SET_PROFILE}&websocketServerConfigId={listener}"
    status, answer = await world.call("POST", target, body)
    assert (status, why in answer["payload"]) == (400, True)


async def test_network_profiles_are_read_and_deleted_by_slots(world: World) -> None:
    for slot in (0, 1, 2):
        key = network_profile_key("cp001", slot)
        row = NetworkProfile(id=key, station="cp001", configurationSlot=slot)
        world.records.have(NETWORK_PROFILE, row)

    async def slots(query: str = "") -> list[int]:
        status, rows = await world.call("GET", PROFILES + query)
        assert status == 200
        return sorted(row["configurationSlot"] for row in rows)

    assert await slots() == [0, 1, 2]
    assert await slots("&configurationSlot=1&configurationSlot=2") == [1, 2]
    assert await slots("&configurationSlot[]=0&configurationSlot[]=2&limit=1") == [0]
    status, answer = await world.call(
        "DELETE", f"{PROFILES}&configurationSlot=0&configurationSlot=1"
    )
    assert (status, answer) == (200, "2 rows successfully deleted from NetworkProfile")
    assert await slots() == [2]
