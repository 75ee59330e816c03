"""What a station does of its own accord: the vocabulary of `behaviour`.

Data only; `station` carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Payload: TypeAlias = dict[str, Any]
Then: TypeAlias = Callable[[Payload | None], None]
"""Is given the answer; None if there was none, or a refusal."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this call; `then` is given what comes of it."""

    action: str
    payload: Payload
    then: Then | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Boot:
    """Send BootNotification now (TriggerMessage)."""


@dataclass(frozen=True, slots=True)
class Reboot:
    """Hang up, start anew, boot for this reason; `rudely`: the power is gone."""

    reason: str
    rudely: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """Leave the CSMS and connect again after `away` seconds of the station; `rudely`: without
    a closing handshake."""

    rudely: bool = False
    away: float = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """PUT this file to an address; `then` is told whether it arrived."""

    url: str
    content: bytes = field(repr=False)
    then: Callable[[bool], None] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Download:
    """GET the file at an address; `then` is given it, None if it could not be had."""

    url: str
    then: Callable[[bytes | None], None] = field(compare=False, repr=False)


Deed: TypeAlias = Tell | Boot | Reboot | HangUp | Upload | Download


@dataclass(frozen=True, slots=True)
class Reaction:
    """The answer (None: there is none) and what follows it."""

    answer: Payload | None
    deeds: tuple[Deed, ...] = ()
