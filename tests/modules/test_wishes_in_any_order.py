"""Offline, online, reboots and lost answers in any order end in the same: what is wanted is so."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from citrine_py.errors import StationSilent
from citrine_py.model.keys import password_key
from citrine_py.model.variables import CREDENTIAL
from citrine_py.ports import Payload
from tests.modules.wishes import PROFILE, away, back, profile, stands, the_profile, wish
from tests.modules.world import STATION, World

PASSWORDS = ("Password-number-one", "Password-number-two")
STEPS = st.one_of(
    st.sampled_from(["leave", "back", "boot", "time"]),
    st.tuples(st.just("value"), st.sampled_from(["1", "2"])),
    st.tuples(st.just("password"), st.sampled_from(PASSWORDS)),
    st.tuples(st.just("profile"), st.integers(10, 12)),
    st.tuples(st.just("lose"), st.integers(1, 3), st.booleans()),
)


class Charger:
    """A station that does what it is asked, and whose answers may get lost: before it has done
    it, or after."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.values: dict[str, str] = {"NetworkConfigurationPriority": "0"}
        self.profiles: dict[int, Payload] = {}
        self.first = 0
        self.lost, self.after = 0, False
        deeds = {
            "SetVariables": self._set,
            "GetVariables": self._get,
            "SetNetworkProfile": self._profile,
            "Reset": lambda _payload: {"status": "Accepted"},
        }
        for action, deed in deeds.items():
            world.stations.answers[action] = self._answered(deed)

    def _answered(self, deed: Any) -> Any:
        def answer(payload: Payload) -> Any:
            if self.lost == 0:
                return deed(payload)
            self.lost -= 1
            if self.after:
                deed(payload)
            return StationSilent("no answer")

        return answer

    def _set(self, payload: Payload) -> Payload:
        results = []
        for each in payload["setVariableData"]:
            self.values[each["variable"]["name"]] = each["attributeValue"]
            names = {name: each[name] for name in ("component", "variable")}
            results.append({**names, "attributeStatus": "Accepted"})
        return {"setVariableResult": results}

    def _get(self, payload: Payload) -> Payload:
        results = [
            {
                **each,
                "attributeStatus": "Accepted",
                "attributeValue": self.values[each["variable"]["name"]],
            }
            for each in payload["getVariableData"]
        ]
        return {"getVariableResult": results}

    def _profile(self, payload: Payload) -> Payload:
        self.profiles[payload["configurationSlot"]] = payload["connectionData"]
        return {"status": "Accepted"}

    async def boots(self, reason: str = "PowerUp") -> None:
        """It comes by the profile that it is to try first."""
        slot = int(self.values["NetworkConfigurationPriority"].split(",")[0])
        way = self.profiles.get(slot, {}).get("securityProfile", 0)
        await back(self.world, reason, security_profile=way, listener="tls" if way else "open")


async def play(steps: list[Any]) -> None:
    world = await away()
    charger = Charger(world)
    wanted: dict[str, Any] = {}
    for step in steps:
        if isinstance(step, str):
            await happens(world, charger, step)
        elif step[0] == "lose":
            _, charger.lost, charger.after = step
        else:
            wanted[step[0]] = step[1]
            await wants(world, *step)
    charger.lost = 0
    for _ in range(4):  # what goes on in the end: nothing is lost, and a reset is one
        world.jobs.time_out()
        await charger.boots("RemoteReset")
    check(world, charger, wanted)
    if "password" in wanted:
        kept = world.records.get(CREDENTIAL, password_key(STATION))
        assert kept is not None
        assert kept.wantedPassword is None
        assert kept.passwordHash is not None
        assert await world.hasher.matches(wanted["password"], kept.passwordHash)


async def happens(world: World, charger: Charger, what: str) -> None:
    if what == "leave" and world.session is not None:
        await world.leave()
    elif what == "back":
        await back(world, security_profile=world.station_record.securityProfile or 0)
    elif what == "boot":
        await charger.boots()
    elif what == "time":
        world.jobs.time_out()
        await world.jobs.settle()


async def wants(world: World, what: str, value: Any) -> None:
    if what == "value":
        await wish(world, value)
    elif what == "profile":
        await profile(world, messageTimeout=value, activate=True)
    else:
        await world.rules.passwords.set_password(
            STATION, value, set_on_charger=False, when_online=True
        )
        await world.jobs.settle()


def check(world: World, charger: Charger, wanted: dict[str, Any]) -> None:
    if "value" in wanted:
        assert stands(world) == ("Confirmed", None)
        assert charger.values["HeartbeatInterval"] == wanted["value"]
    if "password" in wanted:
        assert charger.values["BasicAuthPassword"] == wanted["password"]
    if "profile" in wanted:
        assert the_profile(world).progress == "Confirmed"
        assert charger.profiles[1] == {**PROFILE, "messageTimeout": wanted["profile"]}
        assert charger.values["NetworkConfigurationPriority"] == "1,0"


@given(st.lists(STEPS, max_size=12))
def test_whatever_happens_in_between_the_end_is_what_was_wanted(steps: list[Any]) -> None:
    asyncio.run(play(steps))
