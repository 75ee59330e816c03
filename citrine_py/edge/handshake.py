"""From an upgrade request to Admission's question, and from its answer to 101 or a refusal.

Knows HTTP and the form of a station's id, not who may connect. Refusals are
logged here, once each, without credentials; their body says what to do.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import structlog
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.headers import parse_subprotocol, parse_upgrade
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from citrine_py.edge.config import ListenerConfig
from citrine_py.edge.failures import log_failure
from citrine_py.edge.stats import EdgeStats
from citrine_py.ocpp import catalogue
from citrine_py.ports import Admission, Knock, Refused

log = structlog.get_logger()

# OCPP's identifierString without the colon (Part 4, 3.1.1), and the space of its example.
_STATION = re.compile(r"[A-Za-z0-9*\-_=+|@.]([A-Za-z0-9*\-_=+|@. ]{0,46}[A-Za-z0-9*\-_=+|@.])?")

_CAUSES = {401: "credentials", 403: "forbidden", 404: "unknown_station"}


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in, speaking what, from where."""

    station: str
    subprotocol: str
    version: str
    remote: str


class Refusal(Exception):
    """An upgrade that is refused; the cause is counted, the reason logged and told."""

    def __init__(self, status: int, cause: str, reason: str, station: str | None = None) -> None:
        self.status = status
        self.cause = cause
        self.reason = reason
        self.station = station
        super().__init__(reason)


class StationSocket(ServerConnection):
    """A websocket that remembers what the handshake found out about it."""

    admitted: Admitted | None = None
    explained: bool = False  # the answer is a refusal logged already, or no refusal

    @property
    def remote(self) -> str:
        """The other side's address as host:port."""
        address = self.remote_address
        if not isinstance(address, tuple):
            return "unknown"
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Handshake:
    """Answers the upgrade requests of one listener."""

    def __init__(self, config: ListenerConfig, admission: Admission, stats: EdgeStats) -> None:
        self._config = config
        self._admission = admission
        self._stats = stats

    async def request(self, socket: StationSocket, request: Request) -> Response | None:
        """None to go on with the upgrade, else the response in its place."""
        if not _wants_websocket(request.headers):
            socket.explained = True
            return self._plain(socket, request)
        try:
            socket.admitted = await self._admit(socket, request)
        except Refusal as refusal:
            return self._refuse(socket, refusal)
        return None

    def subprotocol(self, socket: StationSocket, offered: Any) -> Subprotocol | None:
        """The one that `request` has chosen."""
        return Subprotocol(socket.admitted.subprotocol) if socket.admitted else None

    def response(self, socket: StationSocket, request: Request, response: Response) -> None:
        """Logs what the websocket library itself refused, such as a bad key."""
        if response.status_code != 101 and not socket.explained:
            station = socket.admitted.station if socket.admitted else None
            reason = (response.body or b"").decode("utf-8", "replace").strip()[:200]
            self._log(socket, Refusal(response.status_code, "websocket", reason, station))

    async def _admit(self, socket: StationSocket, request: Request) -> Admitted:
        station = _station(request.path)
        subprotocol = self._choose(station, request.headers)
        user, password = self._credentials(station, request.headers)
        knock = Knock(
            station=station,
            listener=self._config.id,
            security_profile=self._config.security_profile,
            allow_unknown=self._config.allow_unknown,
            remote=socket.remote,
            user=user,
            password=password,
            certificate_name=self._certificate_name(socket),
        )
        try:
            refused = await self._admission.admit(knock)
        except Exception as error:  # noqa: BLE001 - a seam: the station can only try again
            log_failure("upgrade.failed", error, station=station)
            raise Refusal(
                503, "unavailable", "The service cannot check this now. Try again later.", station
            ) from None
        if isinstance(refused, Refused):
            cause = _CAUSES[refused.status]
            raise Refusal(refused.status, cause, refused.reason, station)
        version = catalogue.VERSIONS[subprotocol]
        return Admitted(station, subprotocol, version, socket.remote)

    def _choose(self, station: str, headers: Headers) -> str:
        """The first subprotocol offered that the listener accepts (Part 4, 3.1.2)."""
        try:
            offered = [
                name
                for header in headers.get_all("Sec-WebSocket-Protocol")
                for name in parse_subprotocol(header)
            ]
        except InvalidHeader:
            offered = []
        for name in offered:
            if name in self._config.subprotocols and name in catalogue.VERSIONS:
                return name
        accepted = ", ".join(self._config.subprotocols)
        said = ", ".join(offered)[:100] or "none"
        raise Refusal(
            400,
            "subprotocol",
            f"No common subprotocol: this port accepts {accepted}, the request offers {said}. "
            "Set the Sec-WebSocket-Protocol header.",
            station,
        )

    def _credentials(self, station: str, headers: Headers) -> tuple[str | None, str | None]:
        """User and password of Basic authentication, on the profiles that ask for it."""
        if self._config.security_profile not in {1, 2}:
            return None, None
        given = headers.get_all("Authorization")
        if not given:
            return None, None
        scheme, _, encoded = given[0].strip().partition(" ")
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            decoded = ""
        user, colon, password = decoded.partition(":")
        if len(given) > 1 or scheme.lower() != "basic" or not colon:
            reason = "The Authorization header is not Basic authentication."
            raise Refusal(401, "credentials", reason, station)
        return user, password

    def _certificate_name(self, socket: StationSocket) -> str | None:
        """The common name of the client's certificate, which TLS has verified (profile 3)."""
        if self._config.security_profile != 3:
            return None
        certificate = socket.transport.get_extra_info("peercert") or {}
        for relative_name in certificate.get("subject", ()):
            for name, value in relative_name:
                if name == "commonName":
                    return str(value)
        return None

    def _plain(self, socket: StationSocket, request: Request) -> Response:
        """Somebody came by HTTP: a health check, or a browser."""
        if request.path.partition("?")[0] == "/health":
            return socket.respond(200, "OK\n")
        response = socket.respond(
            426,
            "This port is for charging stations: connect by websocket to /<station id> with "
            f"the subprotocol {' or '.join(self._config.subprotocols)}.\n",
        )
        response.headers["Upgrade"] = "websocket"
        return response

    def _refuse(self, socket: StationSocket, refusal: Refusal) -> Response:
        self._log(socket, refusal)
        response = socket.respond(refusal.status, refusal.reason + "\n")
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = f'Basic realm="{self._config.realm}"'
        return response

    def _log(self, socket: StationSocket, refusal: Refusal) -> None:
        socket.explained = True
        self._stats.refused[refusal.cause] += 1
        log.warning(
            "upgrade.refused",
            station=refusal.station,
            listener=self._config.id,
            remote=socket.remote,
            reason=refusal.reason,
            status=refusal.status,
        )


def _wants_websocket(headers: Headers) -> bool:
    try:
        upgrades = [name for header in headers.get_all("Upgrade") for name in parse_upgrade(header)]
    except InvalidHeader:
        return False
    return any(name.lower() == "websocket" for name in upgrades)


def _station(path: str) -> str:
    """The station's id: the last segment of the path, percent-decoded (Part 4, 3.1.1).

    Raises:
        Refusal: there is none, or it is malformed.
    """
    segment = path.partition("?")[0].rpartition("/")[2]
    try:
        station = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        station = ""
    if not segment:
        raise Refusal(
            400, "station_id", "The URL names no station: append /<station id> to its path."
        )
    if not _STATION.fullmatch(station) or not station.strip("."):
        shown = "".join(c if c.isprintable() else "?" for c in station[:60])
        raise Refusal(
            400,
            "station_id",
            "The last part of the path is no station id: 1 to 48 letters, digits, "
            "spaces or * - _ = + | @ . are allowed.",
            shown,
        )
    return station
