"""Tariffs beyond the rows: whole ones are right ones, and what a usual charge costs.

GET  /data/transactions/tariff/preview   the cost of a session that nobody has had
POST /data/transactions/tariff/check     whether a tariff would be taken; writes nothing
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from citrine_py.api.bodies import check_parameters, decimal, json_object, required, respond
from citrine_py.api.config import Ports
from citrine_py.api.edits import Edits
from citrine_py.api.keys import row_id
from citrine_py.errors import BadRequest
from citrine_py.model.rates import read
from citrine_py.model.tariffs import TARIFF, Tariff
from citrine_py.model.times import parse
from citrine_py.ports import Records

PREVIEW = f"/data/{TARIFF.path}/preview"
CHECK = f"/data/{TARIFF.path}/check"
LONGEST = 100_000
"""Minutes, and kWh, of a preview."""


class PreviewLine(BaseModel):
    """A line of the cost; money as decimal texts. `unit` is empty for what is paid once."""

    what: str
    quantity: str
    unit: str
    price: str
    net: str
    tax: str
    gross: str


class Preview(BaseModel):
    """What the session would cost, how that comes about, and what drivers are told."""

    model_config = ConfigDict(extra="forbid")

    currency: str
    net: str
    tax: str
    total: str
    lines: list[PreviewLine]
    text: str


def completed(records: Records, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a PUT that leave a whole tariff, with a name where it has none.

    Raises:
        BadRequest: the tariff would not be one that can be read.
    """
    before = records.get(TARIFF, key) or Tariff(id=key)
    after = before.model_copy(update=dict(fields))
    _check(after)
    more: dict[str, Any] = {"problem": None}
    if not after.name:
        more["name"] = f"Tariff of {after.stationId}" if after.stationId else "Tariff"
    return {**fields, **more}


class TariffRoutes:
    """The handlers."""

    def __init__(self, ports: Ports) -> None:
        self._tariffs = ports.tariffs
        self._clock = ports.clock
        self._edits = Edits(ports.schemas)

    def routes(self) -> list[web.RouteDef]:
        """The routes; they go before those of the rows."""
        return [web.get(PREVIEW, self._preview), web.post(CHECK, self._post_check)]

    async def _preview(self, request: web.Request) -> web.Response:
        known = {"id", "kWh", "minutes", "idleMinutes", "at", "language", "tenantId"}
        check_parameters(request, known)
        tariff = row_id(TARIFF, required(request, "id"))
        idle = request.query.get("idleMinutes")
        cost = self._tariffs.preview(
            tariff,
            kwh=decimal("kWh", required(request, "kWh"), LONGEST),
            minutes=decimal("minutes", required(request, "minutes"), LONGEST),
            idle_minutes=decimal("idleMinutes", idle, LONGEST) if idle else Decimal(0),
            at=_moment(request.query.get("at")) or self._clock.now(),
        )
        answer = {name: part for name, part in cost.breakdown.items() if name != "tariff"}
        answer["text"] = self._tariffs.told(tariff, request.query.get("language"))
        return respond(answer)

    async def _post_check(self, request: web.Request) -> web.Response:
        check_parameters(request, {"tenantId"})
        body = await json_object(request)
        peoples = self._edits.model(TARIFF).model_fields
        fields = self._edits.read(TARIFF, {n: v for n, v in body.items() if n in peoples})
        _check(Tariff(id="").model_copy(update=fields))
        return respond({"success": True, "payload": "The tariff can be applied"})


def _check(tariff: Tariff) -> None:
    try:
        read(tariff)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse(text.replace(" ", "+")).astimezone(UTC)  # a plus sign not encoded
    except (ValueError, OverflowError):
        raise BadRequest("the query parameter at must be an ISO 8601 time") from None
