"""What the functional blocks of a station share: its settings, device model, clock and line.

No I/O: a block puts what is to be done into the core, `behaviour` hands it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TypeAlias

import structlog

from citrine_py.model.times import iso
from citrine_py.simulator.clock import NEVER_SET, StationClock
from citrine_py.simulator.deeds import Deed, Payload, Tell, Then
from citrine_py.simulator.device_model import DeviceModel, Variable
from citrine_py.simulator.inventory import device_model
from citrine_py.simulator.outbox import Outbox
from citrine_py.simulator.scenarios import StationConfig

Answers: TypeAlias = Mapping[str, Callable[[Payload], Payload | None]]
"""By action: the answer to a call; None: there is none."""

OK: Payload = {"status": "Accepted"}


@dataclass
class Watchers:
    """Whom a block tells of what happens, without knowing them."""

    variable: list[Callable[[Variable], None]] = field(default_factory=list)
    idle: list[Callable[[], None]] = field(default_factory=list)
    security: list[Callable[[str], None]] = field(default_factory=list)

    def now_idle(self) -> None:
        """A transaction has ended."""
        for each in list(self.idle):
            each()


class Core:
    """One station's common ground.

    Attributes:
        connected: whether there is a line to the CSMS.
        registration: the status of its last BootNotification; None before the first.
        firmware: the version that runs.
    """

    def __init__(self, config: StationConfig, world: Callable[[], datetime]) -> None:
        self.config = config
        self.model: DeviceModel = device_model(
            config.id,
            config.plate,
            config.evses,
            config.variables,
            config.security_profile,
            direct_current=config.direct_current,
        )
        shows = NEVER_SET if config.habits.clock_wrong else None
        self.clock = StationClock(world, config.speed, shows)
        self.outbox = Outbox(config.habits.order)
        self.watchers = Watchers()
        self.connected = False
        self.registration: str | None = None
        self.firmware = config.plate.firmware
        self.log = structlog.get_logger().bind(station=config.id)
        self._deeds: list[Deed] = []
        self._numbers = count(1)

    @property
    def online(self) -> bool:
        """Whether it may tell of its own accord: connected and accepted."""
        return self.connected and (self.registration == "Accepted" or not self.config.habits.boots)

    # ---- time and deeds ------------------------------------------------------------------

    def now(self) -> str:
        """The station's time, as messages have it."""
        return iso(self.clock.now())

    def do(self, deed: Deed) -> None:
        """Has something done, after what is to be done already."""
        self._deeds.append(deed)

    def tell(self, action: str, payload: Payload, then: Then | None = None) -> None:
        """Has a call sent; it is lost without a line."""
        self.do(Tell(action, payload, then))

    def keep(self, action: str, payload: Payload) -> None:
        """Has a call sent that must arrive."""
        self.outbox.add(Tell(action, payload), last=True)

    def take(self) -> tuple[Deed, ...]:
        """What is to be done, once."""
        deeds, self._deeds = tuple(self._deeds), []
        return deeds

    def number(self) -> int:
        """A number that was not given out before."""
        return next(self._numbers)

    def security_event(self, kind: str, info: str | None = None) -> None:
        """Tells a security event (A04)."""
        told: Payload = {"type": kind, "timestamp": self.now()}
        if info is not None:
            told["techInfo"] = info[:255]
        self.keep("SecurityEventNotification", told)
        for each in self.watchers.security:
            each(kind)

    # ---- the device model ----------------------------------------------------------------

    def variable(
        self,
        component: str,
        name: str,
        evse: int | None = None,
        connector: int | None = None,
        instance: str | None = None,
    ) -> Variable:
        """A variable that every station of ours has.

        Raises:
            KeyError: this one has it not.
        """
        found = self.model.find(component, name, instance, evse=evse, connector=connector)
        if found is None:
            raise KeyError(f"{component}.{name}")
        return found

    def flag(self, component: str, name: str) -> bool:
        return self.variable(component, name).value == "true"

    def members(self, component: str, name: str) -> list[str]:
        """The values of a list variable."""
        value = self.variable(component, name).value
        return value.split(",") if value else []

    def write(self, variable: Variable, value: str) -> None:
        """Gives a variable a value; monitors see it."""
        if variable.value != value:
            variable.value = value
            for each in self.watchers.variable:
                each(variable)

    @property
    def evses(self) -> range:
        return range(1, self.config.evses + 1)

    def has(self, evse: int) -> bool:
        return evse in self.evses


def parts(items: list[Payload], size: int) -> Iterator[tuple[int, bool, list[Payload]]]:
    """(number from 0, whether more follow, items) of a message that is told in parts."""
    pieces = [items[start : start + size] for start in range(0, len(items), size)]
    for index, piece in enumerate(pieces):
        yield index, index < len(pieces) - 1, piece


def rejected(reason: str) -> Payload:
    """An answer with the status Rejected and its reason."""
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
