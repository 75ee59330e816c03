"""Who may call the API.

On loopback everybody on this machine may, without a token; web pages may not:
the Host must be a loopback name (DNS rebinding) and a foreign Origin is refused
(cross-site requests). Beyond loopback every call needs the bearer token, but for
the health checks and the documentation: a browser cannot send a token to open a
page, and the page tells nothing that the public source does not. What it calls
needs the token like everything else. A station that uploads a file brings the secret
of its address instead, from wherever it is (`uploads`).
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from citrine_py.api.bodies import respond
from citrine_py.api.config import ApiConfig, failure

_OPEN = frozenset({"/", "/health/live", "/health/ready", "/docs", "/openapi.json"})
_OPEN_FOLDER = "/docs/"
_UPLOADS = "/files/logs/"


def guard(config: ApiConfig) -> Middleware:
    """The middleware."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = _refusal(config, request)
        return refusal if refusal is not None else await handler(request)

    return check


def _refusal(config: ApiConfig, request: web.Request) -> web.Response | None:
    if request.method in {"PUT", "POST"} and request.path.startswith(_UPLOADS):
        return None
    given = request.headers.get("Authorization")
    if given is not None:
        # What knows the token is no web page that misuses somebody's browser.
        return (
            None
            if _right(config.token, given)
            else _unauthorized("the token is wrong: it must be that of CITRINE_API_TOKEN")
        )
    if config.on_loopback:
        return _refused_page(request)
    if request.path in _OPEN or request.path.startswith(_OPEN_FOLDER):
        return None
    return _unauthorized("this API needs a token: send Authorization: Bearer <CITRINE_API_TOKEN>")


def _refused_page(request: web.Request) -> web.Response | None:
    host = request.headers.get("Host", "")
    if not _is_loopback(_name(f"//{host}")):
        return respond(failure("the Host header must name this machine, e.g. localhost"), 403)
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in {
        f"http://{host}".lower(),
        f"https://{host}".lower(),
    }:
        return respond(failure("calls from other web sites are refused"), 403)
    return None


def _unauthorized(message: str) -> web.Response:
    return respond(failure(message), 401, {"WWW-Authenticate": 'Bearer realm="citrine-py"'})


def _right(token: str | None, given: str) -> bool:
    scheme, _, credentials = given.partition(" ")
    if not token or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(credentials.strip().encode(errors="replace"), token.encode())


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
