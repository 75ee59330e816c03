"""POST /data/configuration/password: A01, as docs/connecting-a-charger.md tells it."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from yarl import URL

from citrine_py.api.bodies import check_parameters, json_object, respond, station_id
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.config import Ports, failure, headers_of
from citrine_py.errors import BadRequest, StationError, http_status
from citrine_py.ocpp.redaction import STRUCK_OUT, redact

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
    whenOnline: bool = Field(
        False,
        description="true: if the charger is away, it waits encrypted and is sent when it is back",
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
        check_parameters(request, {"callbackUrl", "tenantId"})
        url = request.query.get("callbackUrl")
        callback = self._callbacks.check(url) if url else None
        body = _read(await json_object(request))
        try:
            outcome = await self._passwords.set_password(
                body.stationId,
                body.password,
                set_on_charger=body.setOnCharger,
                when_online=body.whenOnline,
            )
        except StationError as error:
            told = failure(_without(str(error), body.password))
            self._tell(callback, body.stationId, told)
            return respond(told, http_status(error), headers_of(error))
        told = {
            "success": outcome.success,
            "payload": _without(outcome.message, body.password),
        }
        reply = None if outcome.reply is None else redact("SetVariables", outcome.reply)
        self._tell(callback, body.stationId, told if reply is None else reply)
        if outcome.password is not None:
            told["password"] = outcome.password
        return respond(told, 200 if outcome.success else 502)

    def _tell(self, callback: URL | None, station: str, outcome: dict[str, Any]) -> None:
        if callback is not None:
            self._callbacks.post(callback, station, outcome)


def _without(text: str, password: str | None) -> str:
    """`text` without the password, which a station may repeat in its words."""
    return text.replace(password, STRUCK_OUT) if password else text


def _read(value: dict[str, Any]) -> PasswordBody:
    try:
        body = PasswordBody.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        if problem["type"] == "extra_forbidden":  # its name could be anything, a password too
            there_are = ", ".join(PasswordBody.model_fields)
            raise BadRequest(f"the body has a field too many; there are: {there_are}") from None
        place = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"{place}: {problem['msg']}") from None
    station_id(body.stationId)
    return body
