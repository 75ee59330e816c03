"""Counters of the edge, for /metrics. Plain integers that only their owner changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class EdgeStats:
    """Since the start, but for `open`, which is now.

    `refused` counts upgrades by cause (health checks apart), `received` and `sent` frames
    by kind (call, result, error, unreadable), `call_errors` the CALLERRORs sent by code,
    `notes` the oddities of conversations (reply.late, call.repeated ...), `slowed` the
    messages after which a station was not read for a while.
    """

    open: int = 0
    accepted: int = 0
    replaced: int = 0
    stalled: int = 0
    slowed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    call_errors: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
