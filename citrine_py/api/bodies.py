"""Reading requests and writing answers: JSON, query parameters, their mistakes explained.

A message names the place and the rule, never what stood in the body: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Record
from citrine_py.model.times import iso
from citrine_py.model.variables import VariableAttribute

MOST_LEVELS = 32
"""Arrays and objects within each other; OCPP's deepest message has nine."""
INT32 = 2**31 - 1
_SECRET_VARIABLES = frozenset({"basicauthpassword"})

# OCPP's identifierString without the colon (Part 4, 3.1.1), and spaces within: what the
# charger ports take.
_STATION = re.compile(r"[A-Za-z0-9*\-_=+|@.]([A-Za-z0-9*\-_=+|@. ]{0,46}[A-Za-z0-9*\-_=+|@.])?")


def respond(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer; times as ISO 8601 with milliseconds and a Z, decimals as numbers."""
    return web.Response(
        body=dumps(value), status=status, headers=headers, content_type="application/json"
    )


def dumps(value: Any) -> bytes:
    """`value` as JSON, as `respond` writes it."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> str | float:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Decimal):
        return float(value)  # the shortest number that is nearest to it: with the same digits
    raise TypeError(f"no JSON form for {type(value).__name__}")


def shown(record: Record) -> dict[str, Any]:
    """A record as the API shows it: field names as in Directus. A password's value is not."""
    row = record.model_dump()
    if (
        isinstance(record, VariableAttribute)
        and (record.variable or "").casefold() in _SECRET_VARIABLES
    ):
        row["value"] = None
    return row


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body, a JSON object. An empty body counts as `{}`.

    Raises:
        BadRequest: it is none; the message has the place, never the body.
    """
    try:
        body = await request.read()
    except (HttpProcessingError, web.RequestPayloadError, OSError):
        raise BadRequest("the body ended early or is encoded wrongly") from None
    if not body.strip():
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object, {...}")
    if body.count(b"[") + body.count(b"{") > MOST_LEVELS and _too_deep(value):
        raise BadRequest(f"the body has more than {MOST_LEVELS} levels of objects and arrays")
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def required(request: web.Request, name: str) -> str:
    """A query parameter that must be there.

    Raises:
        BadRequest: it is not.
    """
    value = request.query.get(name, "")
    if not value:
        raise BadRequest(f"the query parameter {name} is missing: add ?{name}=...")
    return value


def station_id(text: str, name: str = "stationId") -> str:
    """`text`, if a charging station may connect with it as its id.

    Raises:
        BadRequest: it may not.
    """
    if not _STATION.fullmatch(text):
        raise BadRequest(
            f"{name} must be a station's id: 1 to 48 letters, digits, * - _ = + | @ . "
            "or spaces within"
        )
    return text


def integer(name: str, text: str, least: int, most: int) -> int:
    """A whole number out of a query parameter.

    Raises:
        BadRequest: it is none, or out of range.
    """
    value = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else least - 1
    if not least <= value <= most:
        raise BadRequest(f"the query parameter {name} must be a whole number, {least} to {most}")
    return value


def decimal(name: str, text: str, most: int) -> Decimal:
    """A number, not negative, out of a query parameter.

    Raises:
        BadRequest: it is none, or out of range.
    """
    value = Decimal(text) if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,4})?", text) else None
    if value is None or value > most:
        raise BadRequest(f"the query parameter {name} must be a number, 0 to {most}")
    return value


def boolean(name: str, text: str) -> bool:
    """A truth value out of a query parameter.

    Raises:
        BadRequest: it is neither true nor false.
    """
    if text.lower() in {"true", "1"}:
        return True
    if text.lower() in {"false", "0", ""}:
        return False
    raise BadRequest(f"the query parameter {name} must be true or false")


def check_parameters(
    request: web.Request, known: set[str], many: frozenset[str] = frozenset()
) -> None:
    """A misspelt parameter must not silently select everything, nor a repeated one half.

    Raises:
        BadRequest: there is one that is not known, or one twice that is not among `many`.
    """
    for name in request.query:
        if name not in known:
            there_are = ", ".join(sorted(known))
            raise BadRequest(f"no query parameter {_printable(name)} here; there are: {there_are}")
        if name not in many and len(request.query.getall(name)) > 1:
            raise BadRequest(f"the query parameter {name} is given more than once")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:60])
