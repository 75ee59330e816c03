"""GET and PUT /data/<module>/systemConfig: the settings in force, and changing some of them.

CitrineOS has one for each module, so has this; what concerns which is told by the port.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citrine_py.api.bodies import check_parameters, json_object, respond
from citrine_py.api.config import Ports
from citrine_py.errors import BadRequest
from citrine_py.ocpp.catalogue import sendable

MODULES = tuple(
    sorted({action.module for action in sendable("2.0.1") if action.module} | {"ocpprouter"})
)


def path(module: str) -> str:
    """Where a module's is served."""
    return f"/data/{module}/systemConfig"


class Override(BaseModel):
    """A setting that was changed since: its value, that of the environment in whose place it
    stands, when and by what."""

    model_config = ConfigDict(populate_by_name=True)

    value: Any
    environment: Any
    since: str
    origin: str = Field(alias="from")


class SystemConfig(BaseModel):
    """The settings in force, by group and name; names are those of the environment's variables:
    `boot` and `heartbeat_interval` are CITRINE_BOOT_HEARTBEAT_INTERVAL. Of secrets is shown only
    that there is one."""

    settings: dict[str, Any]
    changeable: list[str] = Field(description="What can be changed while the service runs")
    overrides: dict[str, Override] = Field(description="What was changed since the start or before")


class SystemConfigPut(BaseModel):
    """Settings to change; those that are so already may be among them, so that the answer of GET
    can be edited and put back. null goes back to the environment's value."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    settings: dict[str, Any]
    changeable: list[str] | None = Field(None, description="Of GET's answer; left aside")
    overrides: dict[str, Any] | None = Field(None, description="Of GET's answer; left aside")


class SystemConfigRoutes:
    """The handlers."""

    def __init__(self, ports: Ports) -> None:
        self._settings = ports.settings

    def routes(self) -> list[web.RouteDef]:
        """Two routes for each module."""
        found: list[web.RouteDef] = []
        for module in MODULES:
            found.append(web.get(path(module), self._bound(module, self._get)))
            found.append(web.put(path(module), self._bound(module, self._put)))
        return found

    @staticmethod
    def _bound(module: str, handler: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            check_parameters(request, {"tenantId"})
            response: web.Response = await handler(module, request)
            return response

        return handle

    async def _get(self, module: str, _request: web.Request) -> web.Response:
        return respond(self._settings.shown(module))

    async def _put(self, module: str, request: web.Request) -> web.Response:
        try:
            body = SystemConfigPut.model_validate(await json_object(request))
        except ValidationError:
            raise BadRequest(
                'the body must be {"settings": {"<group>": {"<name>": <value>}}}'
            ) from None
        return respond(await self._settings.change(module, body.settings))
