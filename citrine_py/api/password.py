"""POST /data/configuration/password: A01, as docs/connecting-a-charger.md tells it."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citrine_py.api.bodies import json_object, reject_unknown_parameters, respond
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.config import Ports
from citrine_py.errors import BadRequest
from citrine_py.ports import PasswordOutcome

PATH = "/data/configuration/password"


class PasswordBody(BaseModel):
    """The body. `password` in plain text, 16 to 40 characters; left out it is generated."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    stationId: str = Field(min_length=1, max_length=48)
    password: str | None = Field(None, examples=["DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"])
    setOnCharger: bool = Field(
        False,
        description="true: the charger has it already, only our record changes; false: it is sent "
        "to the charger first",
    )


class PasswordRoute:
    """The handler."""

    def __init__(self, ports: Ports, callbacks: Callbacks) -> None:
        self._passwords = ports.passwords
        self._callbacks = callbacks

    def routes(self) -> list[web.RouteDef]:
        """The route."""
        return [web.post(PATH, self._post)]

    async def _post(self, request: web.Request) -> web.Response:
        reject_unknown_parameters(request, {"callbackUrl", "tenantId"})
        url = request.query.get("callbackUrl")
        callback = self._callbacks.check(url) if url else None
        body = _read(await json_object(request))
        outcome = await self._passwords.set_password(
            body.stationId, body.password, set_on_charger=body.setOnCharger
        )
        told = _told(outcome)
        if callback is not None:
            self._callbacks.post(callback, outcome.reply if outcome.reply is not None else told)
        return respond(told, 200 if outcome.success else 502)


def _told(outcome: PasswordOutcome) -> dict[str, Any]:
    told: dict[str, Any] = {"success": outcome.success, "payload": outcome.message}
    if outcome.password is not None:
        told["password"] = outcome.password
    return told


def _read(value: dict[str, Any]) -> PasswordBody:
    try:
        return PasswordBody.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"{place}: {problem['msg']}") from None
