"""Who may call the API.

On loopback everybody on this machine may, without a token; web pages may not:
the Host must be a loopback name (DNS rebinding) and a foreign Origin is refused
(cross-site requests). Beyond loopback every call but the health checks needs the
bearer token; the documentation too, since it names what runs here.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from citrine_py.api.bodies import respond
from citrine_py.api.config import ApiConfig, failure

_OPEN = ("/health/live", "/health/ready")


def guard(config: ApiConfig) -> Middleware:
    """The middleware."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _OPEN:
            return await handler(request)
        refusal = _refusal(config, request)
        return refusal if refusal is not None else await handler(request)

    return check


def _refusal(config: ApiConfig, request: web.Request) -> web.Response | None:
    given = request.headers.get("Authorization")
    if config.on_loopback and not _is_loopback(_name(f"//{request.headers.get('Host', '')}")):
        return respond(failure("the Host header must name this machine, e.g. localhost"), 403)
    origin = request.headers.get("Origin")
    if origin is not None and not _same_origin(origin, request):
        return respond(failure("calls from other web sites are refused"), 403)
    if given is None and config.on_loopback:
        return None
    if given is None:
        return _unauthorized(
            "this API needs a token: send Authorization: Bearer <CITRINE_API_TOKEN>"
        )
    if not _right(config.token, given):
        return _unauthorized("the token is wrong: it must be that of CITRINE_API_TOKEN")
    return None


def _unauthorized(message: str) -> web.Response:
    return respond(failure(message), 401, {"WWW-Authenticate": 'Bearer realm="citrine-py"'})


def _right(token: str | None, given: str) -> bool:
    scheme, _, credentials = given.partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(credentials.strip().encode(), token.encode())


def _same_origin(origin: str, request: web.Request) -> bool:
    return urlsplit(origin).netloc == request.headers.get("Host", "")


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
