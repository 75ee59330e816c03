"""Addresses and logins of a stack, as a table for people and as data for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from citrine_py.settings import Settings
from citrine_py.settings_chargers import ListenerSettings
from citrine_py.stack.state import Secrets


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is; nothing secret."""

    directus_url: str
    admin_email: str
    api_url: str
    docs_url: str
    websocket_urls: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Addresses:
        """From `as_dict`, possibly through JSON."""
        return cls(**{**told, "websocket_urls": tuple(told["websocket_urls"])})


def addresses(settings: Settings, first_admin: str | None = None) -> Addresses:
    """Where everything is with these settings. `first_admin` is the e-mail that the first admin
    was made with; the setting has no effect on it later.
    """
    stack = settings.stack
    api_url = f"http://{_reachable(settings.api.host)}:{settings.api.port}"
    return Addresses(
        directus_url=f"http://{_reachable(stack.directus_host)}:{stack.directus_port}",
        admin_email=first_admin or stack.admin_email,
        api_url=api_url,
        docs_url=f"{api_url}/docs",
        websocket_urls=tuple(_websocket_url(each) for each in settings.charger_ports()),
    )


def table(told: Addresses, secrets: Secrets) -> str:
    """For people: the addresses, the login, and how to see a first charger."""
    rows = [
        ("Directus", told.directus_url),
        ("  e-mail", told.admin_email),
        ("  password", secrets.admin_password),
        ("API", told.api_url),
        ("  documentation", told.docs_url),
        *(("Chargers", url) for url in told.websocket_urls),
    ]
    lines = [f"{name:<17}{value}" for name, value in rows]
    if told.websocket_urls:
        lines += [
            "",
            "Connect a simulated charger, and see it:",
            f"  {_program()} simulate --station cp001 --url {told.websocket_urls[0]}",
            f"  {told.directus_url}/admin/content/ChargingStation/cp001",
        ]
    return "\n".join(lines)


def as_json(told: Addresses, secrets: Secrets, folder: Path, running: bool) -> dict[str, Any]:
    """For scripts."""
    return {
        "running": running,
        **told.as_dict(),
        "admin_password": secrets.admin_password,
        "admin_token": secrets.admin_token,
        "api_token": secrets.api_token,
        "folder": str(folder),
    }


def _program() -> str:
    local = Path(".venv/bin/citrine-py")
    return str(local) if local.exists() else "citrine-py"


def _reachable(host: str) -> str:
    """An address by which this machine reaches a listening address."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _websocket_url(listener: ListenerSettings) -> str:
    scheme = "wss" if listener.security_profile >= 2 else "ws"
    return f"{scheme}://{_reachable(listener.host)}:{listener.port}"
