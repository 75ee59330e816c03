"""How many requests may be in work at once, and how large their bodies together.

Each waits for a station, for Directus or for its body to come; whoever comes when
too many do is told to come again. Health checks and metrics always pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from citrine_py.api.bodies import respond
from citrine_py.api.config import ApiConfig, failure

_FREE = frozenset({"/health/live", "/health/ready", "/metrics"})


@dataclass(slots=True)
class _InWork:
    requests: int = 0
    bytes: int = 0


def turnstile(config: ApiConfig) -> Middleware:
    """The middleware."""
    now = _InWork()

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _FREE:
            return await handler(request)
        size = _size(request, config.body_limit)
        too_large = size > 0 and now.bytes + size > config.bodies_limit
        if now.requests >= config.requests_limit or too_large:
            text = "too many requests are in work already; come again in a few seconds"
            return respond(failure(text), 503, {"Retry-After": "5"})
        now.requests += 1
        now.bytes += size
        try:
            return await handler(request)
        finally:
            now.requests -= 1
            now.bytes -= size

    return count


def _size(request: web.Request, most: int) -> int:
    """Bytes that the body takes, at most."""
    if request.content_length is not None:
        return min(request.content_length, most)
    return most if request.can_read_body else 0
