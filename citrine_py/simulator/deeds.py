"""What a station does after it has answered a call: the vocabulary of `behaviour`.

Data only; `station` carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Payload: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this call."""

    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Boot:
    """Send BootNotification now (TriggerMessage)."""


@dataclass(frozen=True, slots=True)
class Reboot:
    """Hang up, start anew, boot for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Leave the CSMS and connect again; `rudely`: without a closing handshake."""

    rudely: bool = False


Deed: TypeAlias = Tell | Boot | Reboot | HangUp


@dataclass(frozen=True, slots=True)
class Reaction:
    """The answer (None: there is none) and what follows it."""

    answer: Payload | None
    deeds: tuple[Deed, ...] = ()
