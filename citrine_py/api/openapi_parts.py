"""The pieces that an OpenAPI document is put together from; knows no endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic.json_schema import models_json_schema

Json: TypeAlias = dict[str, Any]

DONE: Json = {"$ref": "#/components/schemas/Done"}
"""The answer where there is nothing to show."""

_REFUSALS = {
    "400": "The request is wrong; payload says what and what to do",
    "401": "The token is missing or wrong",
    "403": "Not from here: the Host or Origin header is foreign",
    "413": "The body is too long",
    "500": "An error of the service; its log has the details",
}
METRICS_REFUSALS = {status: _REFUSALS[status] for status in ("401", "403", "500")}
DATA_REFUSALS = {
    **_REFUSALS,
    "404": "The record names another one that does not exist",
    "502": "Directus had to be read, and is away",
    "503": "The service cannot write at the moment; come again after Retry-After seconds",
}
STATION_REFUSALS = {
    **_REFUSALS,
    "404": "No such station",
    "502": "The station is not connected, or answered CALLERROR, or refused",
    "503": "Too many calls wait for the station already, or the service cannot write",
    "504": "The station gave no answer in time; whether the message took effect is not known",
}
_EXAMPLES = {
    "400": "the query parameter identifier is missing: add ?identifier=<station>",
    "401": "this API needs a token: send Authorization: Bearer <CITRINE_API_TOKEN>",
    "403": "calls from other web sites are refused",
    "404": "there is no station cp002",
    "413": "the body is too large",
    "500": "an error of the service; its log has the details",
    "502": "cp002 is not connected",
    "503": "too many calls wait for cp002 already",
    "504": "cp002 gave no answer within 20 s",
}
_OCPP_MARKS = frozenset({"javaType", "comment", "additionalItems", "$id", "$schema"})
"""Keywords of OCPP's files that JSON Schema 2020-12, and so OpenAPI 3.1, does not have."""


class Components:
    """Schemas by name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {
            "Failure": {
                "type": "object",
                "required": ["success", "payload"],
                "properties": {"success": {"const": False}, "payload": {"type": "string"}},
            },
            "Done": {
                "type": "object",
                "required": ["success", "payload"],
                "properties": {"success": {"const": True}, "payload": {"type": "string"}},
            },
        }

    def add(self, name: str, schema: Json) -> Json:
        """Adds an OCPP schema, its definitions becoming components of their own: OCPP means
        the same by a name in all its messages."""
        for part, definition in schema.pop("definitions", {}).items():
            self.schemas.setdefault(part, _moved(definition))
        self.schemas[name] = _moved(schema)
        return {"$ref": f"#/components/schemas/{name}"}

    def named(self, name: str, schema: Json) -> Json:
        """Adds a schema of ours."""
        self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def add_model(self, model: Any) -> Json:
        """Adds a pydantic model."""
        _, schema = models_json_schema(
            [(model, "validation")], ref_template="#/components/schemas/{model}"
        )
        self.schemas.update(schema["$defs"])
        return {"$ref": f"#/components/schemas/{model.__name__}"}


def _moved(schema: Any) -> Any:
    """A schema with its references pointing at the components; OCPP's own marks are left out."""
    if isinstance(schema, list):
        return [_moved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved: Json = {}
    for key, value in schema.items():
        if key == "$ref":
            moved[key] = value.replace("#/definitions/", "#/components/schemas/")
        elif key not in _OCPP_MARKS:
            moved[key] = _moved(value)
    return moved


def parameter(
    name: str,
    text: str,
    *,
    required: bool = False,
    kind: str = "string",
    many: bool = False,
    example: Any = None,
) -> Json:
    """A query parameter; `many`: it may be repeated. The page fills in an example by itself,
    so only required parameters have one."""
    schema: Json = {"type": kind}
    if many:
        schema = {"type": "array", "items": schema, "minItems": 1}
    made = {
        "name": name,
        "in": "query",
        "description": text,
        "required": required,
        "schema": schema,
    }
    if example is not None:
        made["example"] = example
    return made


def tenant() -> Json:
    """tenantId, which CitrineOS' scripts send."""
    return parameter("tenantId", "Taken for CitrineOS' scripts and only logged")


def callback(text: str) -> Json:
    """The parameter callbackUrl; `text` is what is posted there."""
    return parameter(
        "callbackUrl",
        f"Where {text} is posted too, in the background and with retries, for example "
        "csms.pro/api/notifications. Without a scheme it is http. Link-local and metadata "
        "addresses are refused. The header X-Station-Id names the station.",
    )


def body(schema: Json, examples: Mapping[str, Any], *, required: bool = True) -> Json:
    """A JSON body with examples by name."""
    shown = {name: {"value": value} for name, value in examples.items()}
    return {
        "required": required,
        "content": {"application/json": {"schema": schema, "examples": shown}},
    }


def answer(text: str, schema: Json, example: Any, *, media: str = "application/json") -> Json:
    """An answer with a body."""
    return {"description": text, "content": {media: {"schema": schema, "example": example}}}


def refusals(texts: Mapping[str, str]) -> Json:
    """Answers in the shape of `config.failure`."""
    reference = {"$ref": "#/components/schemas/Failure"}
    return {
        status: answer(text, reference, {"success": False, "payload": _EXAMPLES[status]})
        for status, text in texts.items()
    }
