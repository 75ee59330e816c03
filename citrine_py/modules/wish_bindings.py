"""What operators want of stations put together, for `bindings`: rules and senders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from citrine_py.modules.blocks import Common, Handler
from citrine_py.modules.network_profile_wishes import NetworkProfileWishes
from citrine_py.modules.network_profiles import Listeners
from citrine_py.modules.password_wishes import PasswordWishes
from citrine_py.modules.passwords import StationPasswords
from citrine_py.modules.requests import Sender
from citrine_py.modules.variable_calls import VariableCalls
from citrine_py.modules.variable_wishes import VariableWishes
from citrine_py.ports_wishes import Vault


@dataclass(frozen=True, slots=True)
class WishNeeds:
    """The ports that wishes need besides those of everybody. `vault`: None without a key."""

    vault: Vault | None = None
    listeners: Listeners = lambda _id: None


@dataclass(frozen=True, slots=True)
class Wishes:
    """The rules of wished variables, passwords and network profiles."""

    variables: VariableWishes
    passwords: PasswordWishes
    profiles: NetworkProfileWishes
    handlers: Mapping[str, Handler]
    senders: Mapping[str, Sender]

    def arrived(self, station: str) -> None:
        """The station is here and accepted, or its boot is."""
        self.variables.arrived(station)
        self.passwords.arrived(station)
        self.profiles.arrived(station)


def build(
    common: Common, needs: WishNeeds, variables: VariableCalls, passwords: StationPasswords
) -> Wishes:
    """Gives every rule of wishes its needs."""
    records, stations, jobs = common.records, common.stations, common.jobs
    profiles = NetworkProfileWishes(common, variables, needs.listeners)
    return Wishes(
        VariableWishes(records, stations, jobs, variables),
        PasswordWishes(records, stations, jobs, passwords, needs.vault),
        profiles,
        MappingProxyType({}),
        MappingProxyType({"SetNetworkProfile": profiles.send}),
    )
