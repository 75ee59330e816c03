"""What operators want, for tests: wishes made as Directus has them."""

from __future__ import annotations

from typing import Any

from citrine_py.model.keys import network_profile_key, variable_attribute_key
from citrine_py.model.network_profiles import NETWORK_PROFILE, NetworkProfile
from citrine_py.model.wishes import VARIABLE_WISH, VariableWish
from tests.modules.world import STATION, World

INTERVAL = variable_attribute_key(STATION, "OCPPCommCtrlr", "HeartbeatInterval")
PROFILE: dict[str, Any] = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "wss://csms.example:8443",
    "messageTimeout": 30,
    "securityProfile": 2,
    "ocppInterface": "Wired0",
}


async def away() -> World:
    """An accepted station whose line is broken."""
    world = World()
    await world.accepted()
    await world.jobs.settle()
    await world.leave()
    return world


async def back(world: World, reason: str | None = None, **session: Any) -> None:
    """The station connects again, and boots if there is a reason."""
    world.clock.advance(1)
    await world.connect(**session)
    if reason is not None:
        await world.boot(reason)
    await world.jobs.settle()


async def wish(
    world: World, value: str | None, variable: str = "HeartbeatInterval", **fields: Any
) -> None:
    """An operator edits the wish of a variable, as the hook in Directus completes it."""
    key = variable_attribute_key(STATION, "OCPPCommCtrlr", variable)
    before = world.records.get(VARIABLE_WISH, key)
    edit = {"wantedValue": value, "wantedProgress": value and "Wanted"}
    natural = {"station": STATION, "component": "OCPPCommCtrlr", "variable": variable}
    row = before or VariableWish(id=key, type="Actual", **natural)
    world.records.have(VARIABLE_WISH, row.model_copy(update={**edit, **fields}))
    world.rules.wishes.variables.changed(key, before, world.records.get(VARIABLE_WISH, key))
    await world.jobs.settle()


def stands(world: World, variable: str = "HeartbeatInterval") -> tuple[Any, Any]:
    """A wish's progress, and what is said of it."""
    key = variable_attribute_key(STATION, "OCPPCommCtrlr", variable)
    found = world.records.get(VARIABLE_WISH, key)
    assert found is not None
    return found.wantedProgress, found.wantedInfo


async def profile(world: World, slot: int | None = 1, **fields: Any) -> None:
    """An operator makes or edits a network profile."""
    key = network_profile_key(STATION, slot or 0)
    before = world.records.get(NETWORK_PROFILE, key)
    natural = {"station": STATION, "configurationSlot": slot}
    row = before or NetworkProfile(id=key, **natural, **PROFILE)
    after = row.model_copy(update=fields)
    world.records.have(NETWORK_PROFILE, after)
    world.rules.wishes.profiles.changed(key, before, after)
    await world.jobs.settle()


def the_profile(world: World) -> NetworkProfile:
    (found,) = world.records.all(NETWORK_PROFILE)
    return found
