"""B09, B10: network profiles reach stations, and are made the first that they try."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest, StationSilent
from citrine_py.model.network_profiles import NETWORK_PROFILE
from citrine_py.model.stations import CHARGING_STATION
from citrine_py.ports import Delete, Payload
from tests.modules.wishes import PROFILE, away, back, profile, the_profile
from tests.modules.world import STATION, World, set_all

ACCEPTED = {"status": "Accepted"}


def priority(value: str, status: str = "Accepted") -> Any:
    def answer(payload: Payload) -> Payload:
        (asked,) = payload["getVariableData"]
        told = {"attributeValue": value} if status == "Accepted" else {}
        return {"getVariableResult": [{**asked, "attributeStatus": status, **told}]}

    return answer


def obeys(world: World, slots: str = "0,1") -> None:
    """The station takes all that it is asked."""
    world.stations.answers |= {
        "SetNetworkProfile": ACCEPTED,
        "GetVariables": priority(slots),
        "SetVariables": set_all(),
        "Reset": ACCEPTED,
    }


def progress(world: World) -> tuple[Any, Any]:
    row = the_profile(world)
    return row.progress, row.info


def actions(world: World) -> list[str]:
    return [call.action for call in world.stations.calls]


async def test_b09_a_profile_waits_for_the_station_and_is_confirmed() -> None:
    world = await away()
    obeys(world)
    await profile(world)
    assert progress(world) == ("Wanted", None)
    await back(world)
    await back(world, "PowerUp")
    assert progress(world) == ("Confirmed", None)
    assert world.stations.sent("SetNetworkProfile") == [
        {"configurationSlot": 1, "connectionData": PROFILE}
    ]
    assert actions(world) == ["SetNetworkProfile"]


async def test_b10_one_to_be_activated_is_made_the_first_and_confirmed_by_the_way_it_comes() -> (
    None
):
    world = await away()
    obeys(world)
    await profile(world, activate=True)
    await back(world)
    assert actions(world) == ["SetNetworkProfile", "GetVariables", "SetVariables", "Reset"]
    (sent,) = world.stations.sent("SetVariables")
    assert sent["setVariableData"][0]["attributeValue"] == "1,0"
    assert world.stations.sent("Reset") == [{"type": "OnIdle"}]
    assert progress(world)[0] == "Resetting"
    await back(world, "RemoteReset", listener="tls", security_profile=2)
    assert progress(world) == ("Confirmed", None)


async def test_a_station_that_comes_back_another_way_has_failed_and_may_yet_succeed() -> None:
    world = await away()
    obeys(world)
    await profile(world, activate=True)
    await back(world)
    await back(world)  # a lost line is no reset
    assert progress(world)[0] == "Resetting"
    await back(world, "RemoteReset")
    status, info = progress(world)
    assert status == "Failed"
    assert "open" in info
    assert actions(world).count("Reset") == 1


@pytest.mark.parametrize("lost", ["SetNetworkProfile", "GetVariables", "SetVariables", "Reset"])
async def test_a_step_whose_answer_is_lost_is_taken_again(lost: str) -> None:
    world = await away()
    obeys(world)
    taken = world.stations.answers[lost]
    world.stations.answers[lost] = [StationSilent("no answer"), taken]
    await profile(world, activate=True)
    await back(world)
    assert progress(world)[1] == "no answer"
    await back(world)
    assert progress(world)[0] == "Resetting"
    assert actions(world).count("SetNetworkProfile") == (2 if lost == "SetNetworkProfile" else 1)


async def test_a_reset_whose_answer_is_lost_may_have_worked() -> None:
    world = await away()
    obeys(world)
    world.stations.answers["Reset"] = [StationSilent("no answer")]
    await profile(world, activate=True)
    await back(world)
    await back(world, "RemoteReset", listener="tls", security_profile=2)
    assert progress(world) == ("Confirmed", None)


@pytest.mark.parametrize(
    ("action", "answer", "why"),
    [
        (
            "SetNetworkProfile",
            {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidConfSlot"}},
            "Rejected (InvalidConfSlot)",
        ),
        ("SetNetworkProfile", {"status": "Failed"}, "Failed"),
        (
            "GetVariables",
            priority("", "UnknownVariable"),
            "NetworkConfigurationPriority cannot be read: UnknownVariable",
        ),
        ("SetVariables", set_all("Rejected"), "NetworkConfigurationPriority 1,0: Rejected"),
        ("Reset", {"status": "Rejected"}, "Reset: Rejected"),
    ],
)
async def test_what_the_station_refuses_says_why(action: str, answer: Any, why: str) -> None:
    world = await away()
    obeys(world)
    world.stations.answers[action] = answer
    await profile(world, activate=True)
    await back(world)
    await back(world)
    assert progress(world) == ("Refused", why)
    assert actions(world).count(action) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"messageTimeout": None}, "messageTimeout: missing"),
        ({"listener": "no such"}, "there is no listener no such"),
        ({"vpn": {"server": "s", "user": "u", "password": "p", "key": "k"}}, "vpn.password"),
        ({"apn": {"apn": "a", "simPin": 1234}}, "apn.simPin"),
        ({"ocppCsmsUrl": "wss://me:secret@csms.example"}, "ocppCsmsUrl"),
        ({"listener": "nowhere", "ocppCsmsUrl": None}, "ocppCsmsUrl: missing"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before(fields: dict[str, Any], why: str) -> None:
    world = await away()
    await profile(world, **fields)
    await back(world)
    status, info = progress(world)
    assert (status, why in info) == ("Refused", True)


async def test_a_listener_of_ours_gives_its_address_and_security_profile() -> None:
    world = await away()
    obeys(world)
    await profile(world, listener="tls", ocppCsmsUrl=None, securityProfile=None)
    await back(world)
    (sent,) = world.stations.sent("SetNetworkProfile")
    assert sent["connectionData"] == PROFILE


async def test_a05_a_lower_security_profile_is_refused_by_us_unless_it_is_allowed() -> None:
    world = await away()
    obeys(world)
    world.records.edit(CHARGING_STATION, STATION, securityProfile=3)
    await profile(world)
    await back(world, listener="certificate", security_profile=3)
    status, info = progress(world)
    assert (status, "security profile 2 is lower" in info) == ("Refused", True)
    lower = {"configurationSlot": 1, "connectionData": PROFILE}
    with pytest.raises(BadRequest, match="lower"):
        await world.rules.requests.send(STATION, "SetNetworkProfile", lower)
    assert actions(world) == []
    world.records.edit(CHARGING_STATION, STATION, allowLowerSecurityProfile=True)
    await profile(world, messageTimeout=31)
    assert progress(world) == ("Confirmed", None)


async def test_an_edit_is_sent_and_activation_alone_does_not_send_the_profile_again() -> None:
    world = await away()
    obeys(world)
    await profile(world)
    await back(world)
    await profile(world, messageTimeout=60)
    assert len(world.stations.sent("SetNetworkProfile")) == 2
    await profile(world, activate=True)
    assert len(world.stations.sent("SetNetworkProfile")) == 2
    assert progress(world)[0] == "Resetting"


async def test_an_edit_while_the_profile_is_on_its_way_is_what_counts() -> None:
    world = await away()
    obeys(world)

    def answer(payload: Payload) -> Payload:
        if payload["connectionData"]["messageTimeout"] == 30:
            before = the_profile(world)
            world.records.edit(NETWORK_PROFILE, before.id, messageTimeout=60)
            world.rules.wishes.profiles.changed(before.id, before, the_profile(world))
        return ACCEPTED

    world.stations.answers["SetNetworkProfile"] = answer
    await profile(world)
    await back(world)
    sent = world.stations.sent("SetNetworkProfile")
    assert [each["connectionData"]["messageTimeout"] for each in sent] == [30, 60]
    assert progress(world) == ("Confirmed", None)


# ---- by the API --------------------------------------------------------------------------

SECRETS = {
    **PROFILE,
    "apn": {"apn": "internet", "apnAuthentication": "PAP", "apnPassword": "pw-of-apn"},
}


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
async def test_b09_what_the_api_sends_is_recorded_without_its_secrets(status: str) -> None:
    world = World()
    await world.accepted()
    world.stations.answers["SetNetworkProfile"] = {"status": status}
    payload = {"configurationSlot": 2, "connectionData": SECRETS}
    await world.rules.requests.send(STATION, "SetNetworkProfile", payload)
    row = the_profile(world)
    assert row.progress == ("Confirmed" if status == "Accepted" else "Refused")
    assert (row.configurationSlot, row.withheld) == (2, "apn.apnPassword")
    assert row.apn == {"apn": "internet", "apnAuthentication": "PAP"}
    assert "pw-of-apn" not in str(world.records.written)


async def test_a_profile_with_secrets_is_not_sent_again_without_them_but_can_be_activated() -> None:
    world = World()
    await world.accepted()
    obeys(world, "0,2")
    payload = {"configurationSlot": 2, "connectionData": SECRETS}
    await world.rules.requests.send(STATION, "SetNetworkProfile", payload)
    await profile(world, slot=2, activate=True)
    assert progress(world)[0] == "Resetting"
    await profile(world, slot=2, messageTimeout=60)
    status, info = progress(world)
    assert (status, "apn.apnPassword" in info) == ("Refused", True)
    assert len(world.stations.sent("SetNetworkProfile")) == 1


async def test_a_row_that_is_gone_is_not_sent() -> None:
    world = await away()
    await profile(world)
    await world.records.write(Delete(NETWORK_PROFILE, the_profile(world).id))
    await back(world)
    assert actions(world) == []
