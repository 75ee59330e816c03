"""/health/live, /health/ready and /metrics, for supervisors and Prometheus."""

from __future__ import annotations

from aiohttp import web

from citrine_py.api.bodies import respond
from citrine_py.api.config import Health


class HealthRoutes:
    """The handlers."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def routes(self) -> list[web.RouteDef]:
        """Three routes."""
        return [
            web.get("/health/live", self._live),
            web.get("/health/ready", self._ready),
            web.get("/metrics", self._metrics),
        ]

    async def _live(self, _request: web.Request) -> web.Response:
        return respond({"status": "live"})

    async def _ready(self, _request: web.Request) -> web.Response:
        problems = dict(self._health.problems())
        if problems:
            return respond({"status": "not ready", "problems": problems}, 503)
        return respond({"status": "ready"})

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            text=self._health.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )
