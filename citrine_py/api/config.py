"""What the API is told and whom it asks: plain values and ports, filled in by `service`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from citrine_py.errors import CitrineError, StationBusy, StoreUnavailable
from citrine_py.live import Live
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Clock, DeviceModel, Passwords, Records, Requests
from citrine_py.ports_certificates import CertificateAuthority, ListenerCertificates
from citrine_py.ports_charging import Tariffs
from citrine_py.ports_config import RunningConfig
from citrine_py.ports_files import LogFiles, LogUploads
from citrine_py.ports_tokens import Authorizations, LocalLists
from citrine_py.ports_webhooks import Subscriptions
from citrine_py.ports_wishes import CsmsAddress, WishedVariables


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Plain values. `token` is needed beyond loopback; times in seconds."""

    host: str
    port: int
    on_loopback: bool
    token: str | None = None
    callback_allow: tuple[str, ...] = ()
    reply_timeout: Live[float] = field(default_factory=lambda: Live(20.0))
    longest_reply_timeout: float = 300
    settle: float = 2  # a write waits so long until Directus shows it
    body_limit: int = 8 * 1024 * 1024  # bytes
    bodies_limit: int = 64 * 1024 * 1024  # of all requests in work, and of one to many stations
    requests_limit: int = 1000  # in work at once
    version: str = "0"

    def __repr__(self) -> str:
        return f"ApiConfig(host={self.host!r}, port={self.port})"


class Health(Protocol):
    """How the service is."""

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by part; empty when the service is ready."""

    def metrics(self) -> str:
        """Prometheus' text format."""

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """An API request was answered."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Whom the API asks."""

    records: Records
    requests: Requests
    passwords: Passwords
    wished_variables: WishedVariables
    csms_addresses: Callable[[str], CsmsAddress | None]
    """A charger port of ours by its id."""
    device_model: DeviceModel
    authorizations: Authorizations
    local_lists: LocalLists
    availability: Callable[[str, Any, Any], None]
    """Told of edits of stations, EVSEs and connectors: the key, the record before and after."""
    tariffs: Tariffs
    listeners: ListenerCertificates
    authority: CertificateAuthority | None
    log_files: LogFiles
    log_uploads: LogUploads
    subscriptions: Subscriptions
    settings: RunningConfig
    schemas: Schemas
    health: Health
    clock: Clock


def failure(message: str, **more: Any) -> dict[str, Any]:
    """The body of every refusal, in CitrineOS' shape."""
    return {"success": False, "payload": message, **more}


def headers_of(error: CitrineError) -> dict[str, str]:
    """The headers of a refusal: when to come again, where that helps."""
    return {"Retry-After": "5"} if isinstance(error, StationBusy | StoreUnavailable) else {}
