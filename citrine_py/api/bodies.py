"""Reading requests and writing answers: JSON, query parameters, their mistakes explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Record


def respond(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    return web.json_response(value, status=status, headers=headers, dumps=_dumps)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shown(record: Record) -> dict[str, Any]:
    """A record as the API shows it: field names as in Directus, times in ISO 8601."""
    return record.model_dump(mode="json")


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body, a JSON object. An empty body counts as `{}`.

    Raises:
        BadRequest: it is none; the message has the place, never the body.
    """
    try:
        text = await request.text()
    except UnicodeDecodeError:
        raise BadRequest("the body is not UTF-8") from None
    except LookupError:
        raise BadRequest("the charset of the Content-Type is not known: use UTF-8") from None
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON that can be read") from None
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object, {...}")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def required(request: web.Request, name: str) -> str:
    """A query parameter that must be there.

    Raises:
        BadRequest: it is not.
    """
    value = request.query.get(name, "")
    if not value:
        raise BadRequest(f"the query parameter {name} is missing: add ?{name}=...")
    return value


def integer(name: str, text: str, least: int, most: int) -> int:
    """A whole number out of a query parameter.

    Raises:
        BadRequest: it is none, or out of range.
    """
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise BadRequest(f"the query parameter {name} must be a whole number, {least} to {most}")
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


def reject_unknown_parameters(request: web.Request, known: set[str]) -> None:
    """A misspelt parameter must not silently select everything.

    Raises:
        BadRequest: there is one that is not known.
    """
    for name in request.query:
        if name not in known:
            there_are = ", ".join(sorted(known))
            raise BadRequest(f"no query parameter {name[:60]} here; there are: {there_are}")
