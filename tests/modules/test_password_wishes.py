"""A01: passwords that wait for their station, sealed."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import BadRequest, NotFound, StationRefused, StationSilent
from citrine_py.model.keys import password_key
from citrine_py.model.variables import CREDENTIAL, Credential
from citrine_py.ports import Knock, PasswordOutcome
from tests.fakes_wishes import FakeVault
from tests.modules.wishes import away, back
from tests.modules.world import STATION, World, set_all

NEW = "The-new-password-1"
NEWER = "The-newer-password"


async def wants(world: World, password: str | None = NEW) -> PasswordOutcome:
    outcome = await world.rules.passwords.set_password(
        STATION, password, set_on_charger=False, when_online=True
    )
    await world.jobs.settle()
    return outcome


def stands(world: World) -> tuple[Any, Any, bool]:
    """Progress and info, and whether a password waits."""
    record, kept = world.station_record, credential(world)
    return record.passwordProgress, record.passwordInfo, kept.wantedPassword is not None


def credential(world: World) -> Credential:
    key = password_key(STATION)
    return world.records.get(CREDENTIAL, key) or Credential(id=key)


async def gets_in(world: World, password: str) -> bool:
    knock = Knock(STATION, "password", 1, False, "127.0.0.1:1", STATION, password)
    return await world.rules.admission.admit(knock) is None


async def test_a01_a_password_waits_sealed_and_is_confirmed_when_the_station_is_back() -> None:
    world = await away()
    outcome = await wants(world)
    assert outcome.message.startswith("Wanted")
    assert stands(world) == ("Wanted", None, True)
    assert NEW not in str(credential(world)) + str(world.records.written)
    assert not await gets_in(world, NEW)
    world.stations.answers["SetVariables"] = set_all()
    await back(world)
    assert stands(world) == ("Confirmed", None, False)
    (sent,) = world.stations.sent("SetVariables")
    assert sent["setVariableData"][0]["attributeValue"] == NEW
    assert await gets_in(world, NEW)


async def test_one_that_is_generated_waits_too() -> None:
    world = await away()
    await wants(world, None)
    world.stations.answers["SetVariables"] = set_all("RebootRequired")
    await back(world)
    progress, info, waits = stands(world)
    assert (progress, waits, "boot" in info) == ("Confirmed", False, True)
    (sent,) = world.stations.sent("SetVariables")
    assert len(sent["setVariableData"][0]["attributeValue"]) == 40


async def test_a_station_that_is_here_is_asked_at_once() -> None:
    world = World()
    await world.accepted()
    world.stations.answers["SetVariables"] = set_all()
    assert (await wants(world)).message == "Updated 1 attributes"
    assert stands(world) == (None, None, False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (set_all("Rejected"), "the station answered Rejected"),
        (StationRefused("InternalError", NEW, {}), "the station answered InternalError"),
    ],
)
async def test_a_refused_one_is_forgotten_and_the_old_stays(answer: Any, why: str) -> None:
    world = await away()
    await world.rules.passwords.set_password(STATION, NEWER, set_on_charger=True)
    await wants(world)
    world.stations.answers["SetVariables"] = answer
    await back(world)
    assert stands(world) == ("Refused", why, False)
    assert await gets_in(world, NEWER)
    assert not await gets_in(world, NEW)


async def test_after_a_lost_answer_both_are_valid_and_it_is_sent_again() -> None:
    world = await away()
    await world.rules.passwords.set_password(STATION, NEWER, set_on_charger=True)
    await wants(world)
    world.stations.answers["SetVariables"] = [StationSilent("no answer"), set_all()]
    await back(world)
    progress, info, waits = stands(world)
    assert (progress, waits, "both valid" in info) == ("Wanted", True, True)
    kept = credential(world)
    assert kept.passwordHash
    assert kept.pendingPasswordHash
    await back(world)
    assert stands(world) == ("Confirmed", None, False)


async def test_one_that_the_station_took_though_its_answer_was_lost_is_not_sent_again() -> None:
    world = await away()
    await wants(world)
    world.stations.answers["SetVariables"] = [StationSilent("no answer")]
    await back(world)
    await world.leave()
    assert await gets_in(world, NEW)
    await back(world)
    assert stands(world) == ("Confirmed", None, False)
    assert len(world.stations.sent("SetVariables")) == 1


async def test_a_newer_one_replaces_the_one_that_waits() -> None:
    world = await away()
    await wants(world)
    await wants(world, NEWER)
    world.stations.answers["SetVariables"] = set_all()
    await back(world)
    (sent,) = world.stations.sent("SetVariables")
    assert sent["setVariableData"][0]["attributeValue"] == NEWER


async def test_a_newer_one_that_comes_while_the_old_is_sent_is_sent_after_it() -> None:
    world = await away()
    await wants(world)

    async def answer(payload: Any) -> Any:
        if payload["setVariableData"][0]["attributeValue"] == NEW:
            told = await world.rules.passwords.set_password(
                STATION, NEWER, set_on_charger=False, when_online=True
            )
            assert told.message.startswith("Wanted")
        return set_all()(payload)

    world.stations.answers["SetVariables"] = answer
    await back(world)
    assert stands(world) == ("Confirmed", None, False)
    assert await gets_in(world, NEWER)


async def test_one_that_is_recorded_by_hand_ends_the_wish() -> None:
    world = await away()
    await wants(world)
    await world.rules.passwords.set_password(STATION, NEWER, set_on_charger=True)
    await back(world)
    assert stands(world) == (None, None, False)
    assert world.stations.sent("SetVariables") == []


async def test_one_that_was_sealed_with_another_key_is_refused() -> None:
    world = await away()
    await wants(world)
    other = FakeVault("other").seal(STATION, NEW)
    world.records.edit(CREDENTIAL, password_key(STATION), wantedPassword=other)
    await back(world)
    progress, info, waits = stands(world)
    assert (progress, waits, "CITRINE_SECRETS_KEY" in info) == ("Refused", False, True)


async def test_without_a_key_no_password_waits() -> None:
    world = World(sealing=False)
    await world.accepted()
    with pytest.raises(BadRequest, match="CITRINE_SECRETS_KEY"):
        await wants(world)


async def test_what_cannot_wait_is_refused() -> None:
    world = await away()
    with pytest.raises(BadRequest, match="16 to 40"):
        await wants(world, "short")
    with pytest.raises(BadRequest, match="setOnCharger"):
        await world.rules.passwords.set_password(
            STATION, NEW, set_on_charger=True, when_online=True
        )
    with pytest.raises(NotFound):
        await world.rules.passwords.set_password(
            "nobody", NEW, set_on_charger=False, when_online=True
        )
