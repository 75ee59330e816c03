"""The API as one aiohttp application, and its server.

Every answer is JSON, refusals too; every error of ours becomes its HTTP status
here and nowhere else.
"""

from __future__ import annotations

import errno
import logging
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from citrine_py.api import openapi
from citrine_py.api.authorizations import AuthorizationRoutes
from citrine_py.api.bodies import respond
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.certificates import CertificateRoutes
from citrine_py.api.config import ApiConfig, Health, Ports, failure, headers_of
from citrine_py.api.data import Data
from citrine_py.api.docs import Docs
from citrine_py.api.guard import guard
from citrine_py.api.health import HealthRoutes
from citrine_py.api.messages import Messages, not_sent
from citrine_py.api.password import PasswordRoute
from citrine_py.api.subscriptions import SubscriptionRoutes
from citrine_py.api.system_config import SystemConfigRoutes
from citrine_py.api.tariffs import TariffRoutes
from citrine_py.api.turnstile import turnstile
from citrine_py.api.uploads import UploadRoutes
from citrine_py.errors import CitrineError, http_status

log = structlog.get_logger()

_LONGEST_LINE = 65_536
"""Bytes of a request's first line: a thousand identifiers fit."""
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
_NAMES = {"stationId": "station", "identifier": "station", "tenantId": "tenant"}


def build_app(config: ApiConfig, ports: Ports, callbacks: Callbacks) -> web.Application:
    """The application with all its routes."""
    app = web.Application(
        client_max_size=config.body_limit,
        middlewares=[_errors_to_json(ports.health), guard(config), turnstile(config)],
    )
    app.add_routes(Messages(config, ports, callbacks).routes())
    app.add_routes(PasswordRoute(ports, callbacks).routes())
    app.add_routes(AuthorizationRoutes(config, ports).routes())
    app.add_routes(TariffRoutes(ports).routes())
    app.add_routes(CertificateRoutes(ports).routes())
    app.add_routes(SubscriptionRoutes(config, ports).routes())
    app.add_routes(SystemConfigRoutes(ports).routes())
    app.add_routes(Data(config, ports).routes())
    app.add_routes(UploadRoutes(ports).routes())
    app.add_routes(HealthRoutes(ports.health).routes())
    document = openapi.build(ports.schemas, config.version, with_token=not config.on_loopback)
    app.add_routes(Docs(document).routes())
    app.router.add_get("/", _to_docs)
    return app


class ApiServer:
    """The API on its port."""

    def __init__(self, config: ApiConfig, ports: Ports) -> None:
        self._config = config
        self._callbacks = Callbacks(config.callback_allow, ports.clock)
        app = build_app(config, ports, self._callbacks)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=10,
            logger=_ServerLog("citrine_py.api", logging.WARNING),
            max_line_size=_LONGEST_LINE,
        )

    @property
    def port(self) -> int:
        """The port listened on; the real one if the configured one is 0."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else self._config.port

    async def start(self) -> None:
        """Opens the port.

        Raises:
            CitrineError: it is taken, or may not be used.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._config.host, self._config.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else str(error)
            raise CitrineError(
                f"port {self._config.port} on {self._config.host}, for the API, {why}; set "
                "CITRINE_API_PORT to another"
            ) from None
        log.info("api.started", host=self._config.host, port=self.port)

    async def stop(self) -> None:
        """Finishes the requests in work, and the callbacks if they are quick."""
        await self._runner.cleanup()
        await self._callbacks.stop()
        log.info("api.stopped")


class _ServerLog(logging.Logger):
    """What aiohttp has to say, as events of ours: a request that is no HTTP, above all. Its
    own words quote the request, headers included, so they are left out."""

    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log.info("api.unreadable", error=type(error).__name__ if error else record.levelname)


async def _to_docs(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/docs")


def _errors_to_json(health: Health) -> Middleware:
    """Answers whatever happens, counts it, and logs it: path, status and time, the station
    and tenant that the query names; never its other values nor a body."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.monotonic()
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        with structlog.contextvars.bound_contextvars(**_named(request)):
            response = await _answer(request, handler)
            seconds = time.monotonic() - started
            health.observe(route, request.method, response.status, seconds)
            tell = log.debug if request.path in _QUIET else log.info
            tell(
                "api.answered",
                method=request.method,
                route=route,
                status=response.status,
                milliseconds=round(seconds * 1000, 1),
            )
        return response

    return answer


def _named(request: web.Request) -> dict[str, str]:
    """Whom the request is about, for its log lines."""
    named: dict[str, str] = {}
    for parameter, name in _NAMES.items():
        values = request.query.getall(parameter, [])
        if values:
            named[name] = ",".join(values)[:100]
    return named


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except CitrineError as error:
        return respond(failure(str(error)), http_status(error), headers_of(error))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _refused(request, error)
    except Exception:
        resource = request.match_info.route.resource  # not the path: it may have a secret
        route = resource.canonical if resource is not None else "none"
        log.exception("api.failed", method=request.method, route=route)
        return respond(failure("an error of the service; its log has the details"), 500)


def _refused(request: web.Request, error: web.HTTPException) -> web.Response:
    """The refusals of aiohttp itself, in our shape."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        text = f"{request.method} is not possible here; there is {allowed}"
        return respond(failure(text), 405, {"Allow": allowed})
    nothing = not_sent(request.path) or "there is nothing at this path; see /docs"
    texts = {404: nothing, 413: "the body is too large"}
    return respond(failure(texts.get(error.status, error.reason)), error.status)
