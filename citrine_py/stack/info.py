"""Addresses and logins of a stack, as a table for people and as data for scripts."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

from citrine_py.settings import ListenerSettings, Settings
from citrine_py.stack.state import Secrets


@dataclass(frozen=True, slots=True)
class Addresses:
    """What `citrine-py info --json` tells."""

    directus_url: str
    admin_email: str
    admin_password: str
    admin_token: str
    api_url: str
    api_token: str
    docs_url: str
    websocket_urls: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def addresses(settings: Settings, secrets: Secrets) -> Addresses:
    """Where everything is. The operator's own API token, if set, stands before ours."""
    api_url = f"http://{_reachable(settings.api.host)}:{settings.api.port}"
    token = settings.api.token
    return Addresses(
        directus_url=f"http://{_reachable(settings.stack.directus_host)}:{settings.stack.directus_port}",
        admin_email=settings.stack.admin_email,
        admin_password=secrets.admin_password,
        admin_token=secrets.admin_token,
        api_url=api_url,
        api_token=token.get_secret_value() if token else secrets.api_token,
        docs_url=f"{api_url}/docs",
        websocket_urls=tuple(_websocket_url(each) for each in settings.charger_ports()),
    )


def table(told: Addresses) -> str:
    """For people: the addresses, the login, and how to see a first charger."""
    open_url = told.websocket_urls[0] if told.websocket_urls else ""
    rows = [
        ("Directus", told.directus_url),
        ("  e-mail", told.admin_email),
        ("  password", told.admin_password),
        ("API", told.api_url),
        ("  documentation", told.docs_url),
        *(("Chargers", url) for url in told.websocket_urls),
    ]
    lines = [f"{name:<16}{value}" for name, value in rows]
    lines += [
        "",
        "Connect a simulated charger, and see it:",
        f"  {_program()} simulate --url {open_url} --station cp001",
        f"  {told.directus_url}/admin/content/ChargingStation/cp001",
    ]
    return "\n".join(lines)


def _program() -> str:
    local = os.path.join(".venv", "bin", "citrine-py")  # noqa: PTH118 - shown, not opened
    return local if os.path.exists(local) else "citrine-py"  # noqa: PTH110


def _reachable(host: str) -> str:
    """An address that this machine reaches a listening address by."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _websocket_url(listener: ListenerSettings) -> str:
    scheme = "wss" if listener.security_profile >= 2 else "ws"
    return f"{scheme}://{_reachable(listener.host)}:{listener.port}"
