"""A01: setting a password never locks a station out, and nobody gets to read it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import structlog

from citrine_py.errors import (
    BadRequest,
    NotFound,
    StationBusy,
    StationError,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
)
from citrine_py.model.keys import password_key
from citrine_py.model.stations import CHARGING_STATION, ChargingStation
from citrine_py.model.variables import CREDENTIAL, Credential
from citrine_py.modules.passwords import check_password, generate_password
from citrine_py.ports import Knock, Payload
from tests.modules.world import STATION, World, set_all, setting

OLD = "the-old-password.0123456789"
NEW = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"


async def with_password(**answers: Any) -> World:
    """A station that has OLD and is connected."""
    world = World()
    world.records.have(CHARGING_STATION, ChargingStation(id=STATION))
    await world.rules.passwords.set_password(STATION, OLD, set_on_charger=True)
    world.stations.answers |= answers
    return world


async def let_in(world: World, password: str) -> bool:
    knock = Knock(
        station=STATION,
        listener="password",
        security_profile=1,
        allow_unknown=False,
        remote="127.0.0.1:1",
        user=STATION,
        password=password,
    )
    return await world.rules.admission.admit(knock) is None


def credential(world: World) -> Credential:
    record = world.records.get(CREDENTIAL, password_key(STATION))
    assert record is not None
    return record


# ---- the rules of a password -----------------------------------------------------------


@pytest.mark.parametrize("password", ["a" * 16, "Z9*-_=:+|@.aaaaa", NEW, "a" * 40])
def test_ocpps_password_string_is_taken(password: str) -> None:
    check_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "a" * 15,
        "a" * 41,
        "with a space in it",
        "hash#hash#hash#hash",
        "ümlaut-ümlaut-üml",
        "a" * 16 + "\n",
    ],
)
def test_anything_else_is_refused_without_repeating_it(password: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_password(password)
    assert not password or password not in str(refused.value)


def test_a_generated_password_obeys_the_rules_and_differs() -> None:
    generated = {generate_password() for _ in range(50)}
    assert len(generated) == 50
    for password in generated:
        check_password(password)
        assert len(password) == 40


# ---- setOnCharger true -----------------------------------------------------------------


async def test_set_on_charger_true_changes_our_record_only() -> None:
    world = World(connected=False)
    outcome = await world.rules.passwords.set_password(STATION, NEW, set_on_charger=True)
    assert (outcome.success, outcome.message) == (True, "Updated 1 attributes")
    assert world.stations.calls == []
    assert await let_in(world, NEW)
    assert world.station_record.passwordChangedAt == world.clock.now()


async def test_set_on_charger_true_replaces_every_older_password() -> None:
    world = await with_password(SetVariables=StationSilent("lost"))
    with pytest.raises(StationSilent):
        await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    await world.rules.passwords.set_password(STATION, "x" * 20, set_on_charger=True)
    assert not await let_in(world, OLD)
    assert not await let_in(world, NEW)
    assert await let_in(world, "x" * 20)


async def test_a_password_is_mandatory_when_set_on_charger_is_true() -> None:
    with pytest.raises(BadRequest, match="Password is required when setOnCharger is true"):
        await World().rules.passwords.set_password(STATION, None, set_on_charger=True)


@pytest.mark.parametrize("set_on_charger", [True, False])
async def test_a_bad_password_changes_nothing(set_on_charger: bool) -> None:
    world = World()
    with pytest.raises(BadRequest):
        await world.rules.passwords.set_password(STATION, "short", set_on_charger=set_on_charger)
    assert world.records.written == []
    assert world.stations.calls == []


# ---- setOnCharger false: A01 -----------------------------------------------------------


async def test_tc_a_09_an_accepted_password_is_the_only_valid_one() -> None:
    """TC_A_09_CSMS (A01.FR.02, A01.FR.03)."""
    world = await with_password(SetVariables=set_all())
    outcome = await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert outcome.success
    assert outcome.reply is not None
    assert world.stations.sent("SetVariables") == [
        {"setVariableData": [setting("SecurityCtrlr", "BasicAuthPassword", NEW)]}
    ]
    assert not await let_in(world, OLD)
    assert await let_in(world, NEW)
    assert world.station_record.passwordChangedAt == world.clock.now()


@pytest.mark.parametrize("status", ["Rejected", "UnknownVariable", "NotSupportedAttributeType"])
async def test_tc_a_10_a_refused_password_leaves_the_old_one_valid(status: str) -> None:
    """TC_A_10_CSMS (A01.FR.02, A01.FR.04, A01.FR.05)."""
    world = await with_password(SetVariables=set_all(status))
    before = credential(world)
    outcome = await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert (outcome.success, outcome.message) == (False, f"The charger answered {status}")
    assert credential(world) == before
    assert await let_in(world, OLD)
    assert not await let_in(world, NEW)


async def test_reboot_required_keeps_the_old_one_until_the_new_one_is_used() -> None:
    world = await with_password(SetVariables=set_all("RebootRequired"))
    assert (await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)).success
    for password in (OLD, OLD, NEW):
        assert await let_in(world, password)
    assert not await let_in(world, OLD)
    assert await let_in(world, NEW)


async def test_the_new_password_is_durable_before_it_is_sent() -> None:
    world = await with_password()

    def answer(payload: Payload) -> Payload:
        assert credential(world).pendingPasswordHash is not None
        result: Payload = set_all()(payload)
        return result

    world.stations.answers["SetVariables"] = answer
    await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert credential(world).pendingPasswordHash is None


@pytest.mark.parametrize("error", [StationSilent("cp001 did not answer"), StationIncoherent("x")])
@pytest.mark.parametrize("used", [OLD, NEW])
async def test_where_the_answer_is_lost_both_are_valid_until_one_is_used(
    error: StationError, used: str
) -> None:
    world = await with_password(SetVariables=error)
    with pytest.raises(type(error), match="both valid until one is used"):
        await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert await let_in(world, used)
    other = OLD if used == NEW else NEW
    assert not await let_in(world, other)
    assert await let_in(world, used)


async def test_a_second_lost_answer_does_not_forget_the_first_candidate() -> None:
    world = await with_password(SetVariables=StationSilent("lost"))
    for password in ("first-candidate-1", "second-candidate-2"):
        with pytest.raises(StationSilent):
            await world.rules.passwords.set_password(STATION, password, set_on_charger=False)
    assert await let_in(world, "first-candidate-1")
    assert await let_in(world, OLD)


async def test_a_refusal_after_a_lost_answer_leaves_both_valid() -> None:
    world = await with_password(SetVariables=[StationSilent("lost"), set_all("Rejected")])
    with pytest.raises(StationSilent):
        await world.rules.passwords.set_password(STATION, "first-candidate-1", set_on_charger=False)
    await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert not await let_in(world, NEW)
    assert await let_in(world, "first-candidate-1")


@pytest.mark.parametrize(
    "error", [StationBusy("full"), StationOffline("gone"), StationRefused("InternalError", "", {})]
)
async def test_where_it_was_not_taken_only_the_old_one_is_valid(error: StationError) -> None:
    world = await with_password(SetVariables=error)
    before = credential(world)
    with pytest.raises(type(error)):
        await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert credential(world) == before


async def test_an_offline_station_cannot_be_given_one() -> None:
    world = await with_password()
    world.stations.disconnect(STATION, "gone")
    before = list(world.records.written)
    with pytest.raises(StationOffline):
        await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
    assert world.records.written == before


async def test_a_station_that_nobody_knows_is_not_found() -> None:
    world = World(connected=False)
    with pytest.raises(NotFound):
        await world.rules.passwords.set_password("nobody", NEW, set_on_charger=False)


async def test_only_one_password_is_sent_at_a_time() -> None:
    world = await with_password()

    async def answer(payload: Payload) -> Payload:
        with pytest.raises(BadRequest, match="another password"):
            await world.rules.passwords.set_password(STATION, "x" * 20, set_on_charger=False)
        assert await let_in(world, OLD), "the old one is used while the new one is on its way"
        assert credential(world).pendingPasswordHash is not None
        result: Payload = set_all()(payload)
        return result

    world.stations.answers["SetVariables"] = answer
    assert (await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)).success


async def test_one_that_is_left_out_is_generated_and_told_to_the_station_alone() -> None:
    world = await with_password(SetVariables=set_all())
    outcome = await world.rules.passwords.set_password(STATION, None, set_on_charger=False)
    assert outcome.password is None
    (sent,) = world.stations.sent("SetVariables")
    generated = sent["setVariableData"][0]["attributeValue"]
    assert re.fullmatch(r"[a-zA-Z0-9*\-_=:+|@.]{40}", generated)
    assert await let_in(world, generated)


# ---- by the message API ----------------------------------------------------------------


async def test_set_variables_with_a_password_goes_the_same_way_last_and_alone() -> None:
    world = await with_password(SetVariables=set_all())
    items = [
        setting("A", "x", "1"),
        setting("SecurityCtrlr", "BasicAuthPassword", NEW),
        setting("A", "y", "2"),
    ]
    reply = await world.rules.requests.send(STATION, "SetVariables", {"setVariableData": items})
    named = [result["variable"]["name"] for result in reply["setVariableResult"]]
    assert named == ["x", "BasicAuthPassword", "y"]
    first, second = world.stations.sent("SetVariables")
    assert len(first["setVariableData"]) == 2
    assert second["setVariableData"] == [items[1]]
    assert await let_in(world, NEW)
    assert not await let_in(world, OLD)


@pytest.mark.parametrize(
    "items",
    [
        [setting("SecurityCtrlr", "BasicAuthPassword", "short")],
        [setting("SecurityCtrlr", "BasicAuthPassword", NEW)] * 2,
        [{**setting("SecurityCtrlr", "BasicAuthPassword", NEW), "attributeType": "Target"}],
    ],
)
async def test_set_variables_cannot_lock_a_station_out(items: list[Payload]) -> None:
    world = await with_password(SetVariables=set_all())
    with pytest.raises(BadRequest):
        await world.rules.requests.send(STATION, "SetVariables", {"setVariableData": items})
    assert world.stations.calls == []
    assert await let_in(world, OLD)


# ---- secrecy ---------------------------------------------------------------------------


async def test_neither_records_nor_logs_nor_outcomes_have_the_password() -> None:
    with structlog.testing.capture_logs() as logs:
        world = await with_password(SetVariables=[set_all(), set_all("Rejected")])
        one = await world.rules.passwords.set_password(STATION, NEW, set_on_charger=False)
        two = await world.rules.passwords.set_password(STATION, OLD, set_on_charger=False)
    for seen in (world.records.written, logs, one, two, one.reply, two.message):
        assert NEW not in repr(seen)
        assert OLD not in repr(seen)
    assert not [entry for entry in logs if "fake$" in repr(entry)]
