"""Whether the ports of the settings are free, said in one line before anything starts."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from citrine_py.errors import CitrineError
from citrine_py.settings import Settings

_WHY = {
    errno.EADDRINUSE: "is taken by another program",
    errno.EADDRNOTAVAIL: "is on an address that this machine does not have",
    errno.EACCES: "needs rights that you do not have (below 1024)",
}
_VARIABLE = {
    "open": "CITRINE_CHARGERS_OPEN_PORT",
    "password": "CITRINE_CHARGERS_PASSWORD_PORT",
    "tls": "CITRINE_CHARGERS_TLS_PORT",
    "certificate": "CITRINE_CHARGERS_CERTIFICATE_PORT",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that we are going to listen on, and the variable that changes it."""

    what: str
    host: str
    port: int
    variable: str


def wanted(settings: Settings) -> list[Wanted]:
    """All ports that `up` opens."""
    stack, api = settings.stack, settings.api
    ports = [
        Wanted("Directus", stack.directus_host, stack.directus_port, "CITRINE_STACK_DIRECTUS_PORT"),
        Wanted("the API", api.host, api.port, "CITRINE_API_PORT"),
    ]
    for listener in settings.charger_ports():
        variable = "CITRINE_LISTENERS" if settings.listeners else _VARIABLE[listener.id]
        what = f"chargers (listener {listener.id})"
        ports.append(Wanted(what, listener.host, listener.port, variable))
    return ports


def check(ports: list[Wanted]) -> None:
    """Tries each port.

    Raises:
        CitrineError: one line that names the first port which cannot be used, and its variable.
    """
    seen: dict[tuple[str, int], Wanted] = {}
    for each in ports:
        other = seen.setdefault((each.host, each.port), each)
        if other is not each:
            raise CitrineError(
                f"port {each.port} is set for both {other.what} and {each.what}: "
                f"set {each.variable} to another"
            )
        _try(each)


def _try(port: Wanted) -> None:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.port))
            probe.listen(1)
        except OSError as error:
            why = _WHY.get(error.errno or 0, f"cannot be used ({error.strerror or error})")
            raise CitrineError(
                f"port {port.port} on {port.host}, for {port.what}, {why}: "
                f"set {port.variable} to another"
            ) from None
