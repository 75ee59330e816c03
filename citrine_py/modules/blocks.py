"""What the bindings of functional blocks have in common: what each is given and gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from citrine_py.ports import Call, Clock, Jobs, Payload, Records, Stations

Handler: TypeAlias = Callable[[Call], Awaitable[Payload]]
"""Answers a call whose payload fits OCPP's schema. Raises CallError to refuse it."""


@dataclass(frozen=True, slots=True)
class Common:
    """The ports that everybody needs."""

    records: Records
    stations: Stations
    clock: Clock
    jobs: Jobs
