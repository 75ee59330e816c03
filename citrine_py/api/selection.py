"""Which records a request to the data API names, by its query parameters."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from citrine_py.api.bodies import INT32, boolean, check_parameters, integer, required
from citrine_py.api.keys import BY_UUID, row_id
from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, Query


def selected(
    collection: Collection[Any], request: web.Request, more: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """What the fields of records must equal: one of these, of which there is one as a rule.

    Raises:
        BadRequest: a parameter is unknown, missing, or has a value that cannot be.
    """
    many = {name for query in collection.query if query.many for name in _names(query)}
    known = {query.parameter for query in collection.query} | {"tenantId", *more} | many
    check_parameters(request, known, many=frozenset(many))
    wheres: list[dict[str, Any]] = [{}]
    for query in collection.query:
        texts = [text for name in _names(query) for text in request.query.getall(name, []) if text]
        if not texts:
            if query.required:
                required(request, query.parameter)
            continue
        values = dict.fromkeys(_value(collection, query, text) for text in texts)
        wheres = [{**where, query.field: value} for where in wheres for value in values]
    return wheres


def _names(query: Query) -> tuple[str, ...]:
    return (query.parameter, f"{query.parameter}[]") if query.many else (query.parameter,)


def _value(collection: Collection[Any], query: Query, text: str) -> Any:
    if query.number:
        return integer(query.parameter, text, 0, INT32)
    if query.boolean:
        return boolean(query.parameter, text)
    if not text.isprintable():
        raise BadRequest(f"the query parameter {query.parameter} has unprintable characters")
    return row_id(collection, text) if collection in BY_UUID else text
