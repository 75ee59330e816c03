"""What the edge is told: plain values for a listener and its limits.

Frozen data, filled in by `service` from the settings, which the edge does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from citrine_py.live import Live


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """One address that stations connect to. Times in seconds; None for no pings."""

    id: str
    host: str
    port: int
    security_profile: Literal[0, 1, 2, 3] = 0
    subprotocols: tuple[str, ...] = ("ocpp2.0.1",)
    allow_unknown: bool = False
    ping_interval: float | None = 60
    ping_timeout: float | None = 30
    open_timeout: float = 30
    close_timeout: float = 5
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_second_certificate: Path | None = None  # of another kind of key
    tls_second_key: Path | None = None
    tls_client_cas: tuple[Path, ...] = ()
    own_client_ca: Path | None = None  # the one of them that may be exchanged
    realm: str = "OCPP"


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one connection. Times in seconds, sizes in bytes."""

    timeout: Live[float] = field(default_factory=lambda: Live(30.0))
    """For a station to answer our CALL."""
    queue: int = 100  # our CALLs that may wait for one station
    frame_limit: int = 1_048_576  # a message from a station, decompressed
    rate: float = 0  # messages a second that a station may send for long; 0: no limit
    stall: float = 30  # a station that reads nothing for so long is cut off
    grace: float = 10  # for calls in flight when the listener stops
