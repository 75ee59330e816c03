"""Records to JSON and back, so that a value in memory equals the one Directus returns.

Our own changes are checked strictly (a wrong one is the caller's mistake);
what Directus holds is taken leniently (an operator's odd value must not stop us).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import structlog
from pydantic import ValidationError

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection, R
from citrine_py.model.times import iso

log = structlog.get_logger()


class Packed:
    """A list or object as its JSON. Of a change that waits for Directus: as Python objects it
    would take seven times the memory."""

    __slots__ = ("json",)

    def __init__(self, json: bytes) -> None:
        self.json = json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and other.json == self.json

    def __hash__(self) -> int:
        return hash(self.json)


def packed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` with their lists and objects packed; empty ones are not worth it."""
    return {
        name: _pack(value) if isinstance(value, dict | list) and value else value
        for name, value in fields.items()
    }


def _pack(value: Any) -> Packed:
    return Packed(memoryview(dumps(value)).tobytes())  # orjson's own has kilobytes to spare


def unpacked(value: Any) -> Any:
    """A field's value as records have it."""
    return orjson.loads(value.json) if isinstance(value, Packed) else value


def dumps(value: Any) -> bytes:
    """JSON with times as ISO 8601 in milliseconds, decimals as texts of their digits, and
    without NUL, which Postgres cannot hold.

    Raises:
        TypeError: something in `value` has no JSON form.
    """
    data = orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    if b"\\u0000" in data:
        return orjson.dumps(
            _without_nul(value), default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME
        )
    return data


def checked(collection: Collection[Any], key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` as the record would hold them, without the key.

    Raises:
        BadRequest: a field that the record lacks, or a value it cannot hold.
    """
    known = collection.record.model_fields
    unknown = [name for name in fields if name not in known]
    if unknown:
        raise BadRequest(f"{collection.name} has no field {', '.join(unknown)}")
    try:
        record = collection.record.model_validate({**fields, collection.key: key})
        return {name: _normal(getattr(record, name)) for name in fields if name != collection.key}
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{collection.name}.{where}: {first['msg']}") from None


def to_record(collection: Collection[R], row: Mapping[str, Any]) -> R | None:
    """The record of a row from Directus. Values that it cannot hold become None, with a
    warning; None if not even the key fits."""
    try:
        return _normalised(collection.record.model_validate(row))
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors(include_url=False)}
    log.warning(
        "record.invalid",
        collection=collection.name,
        key=row.get(collection.key),
        fields=sorted(wrong),
    )
    try:
        return _normalised(
            collection.record.model_validate({k: v for k, v in row.items() if k not in wrong})
        )
    except ValidationError:
        return None


def _normalised(record: R) -> R:
    values = record.__dict__
    changed = {
        name: _normal(value) for name, value in values.items() if isinstance(value, datetime)
    }
    return record.model_copy(update=changed) if changed else record


def _normal(value: Any) -> Any:
    """Times as Directus keeps them: UTC, whole milliseconds."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    value = value.astimezone(UTC)
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Packed):
        return orjson.Fragment(value.json)
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value
