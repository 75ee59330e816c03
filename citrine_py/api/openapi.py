"""The OpenAPI 3.1 document: every endpoint, with its real schemas and an example.

Derived from the catalogue (messages), the collections (data) and OCPP's schema
files; what is written by hand here is only what neither knows.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from citrine_py.api import data, messages
from citrine_py.api.examples import example_of
from citrine_py.api.password import PATH as PASSWORD
from citrine_py.api.password import PasswordBody
from citrine_py.model.collection import Collection
from citrine_py.model.stations import BOOT, VARIABLE_ATTRIBUTE
from citrine_py.ocpp.catalogue import Action, sendable
from citrine_py.ocpp.schemas import Schemas

Json = dict[str, Any]

_REFUSALS = {
    "400": "The request is wrong; payload says what and what to do",
    "401": "The token is missing or wrong",
    "403": "Not from here: the Host or Origin header is foreign",
}
_STATION_REFUSALS = {
    **_REFUSALS,
    "404": "No such station",
    "502": "The station is not connected, or answered CALLERROR",
    "503": "Too many calls wait for the station already, or the service cannot write",
    "504": "The station gave no answer in time; whether the message took effect is not known",
}


def build(schemas: Schemas, version: str, *, with_token: bool) -> Json:
    """The document. `with_token`: calls need the bearer token."""
    components = _Components()
    paths: dict[str, Json] = {}
    for action in sendable(messages.VERSION):
        operation = _message(action, schemas, components)
        for number, path in enumerate(messages.paths(action)):
            shown = {
                **operation,
                "operationId": operation["operationId"] + ("V201" if number else ""),
            }
            paths[path] = {"post": shown}
    for collection in data.served():
        paths[data.path(collection)] = _collection(collection, schemas, components)
    paths[PASSWORD] = {"post": _password(components)}
    paths.update(_health())
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "citrine-py",
            "version": version,
            "description": "Messages to charging stations, and the records about them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": components.schemas},
    }
    if with_token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


class _Components:
    """Schemas by name; those of OCPP keep their own definitions inside."""

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {
            "Failure": {
                "type": "object",
                "required": ["success", "payload"],
                "properties": {"success": {"const": False}, "payload": {"type": "string"}},
                "examples": [{"success": False, "payload": "cp002 is not connected"}],
            }
        }

    def add(self, name: str, schema: Json) -> Json:
        """Adds an OCPP schema, its definitions becoming components of their own."""
        definitions = schema.pop("definitions", {})
        for part, definition in definitions.items():
            self.schemas.setdefault(part, _moved(definition))
        schema = {key: value for key, value in schema.items() if not key.startswith("$")}
        self.schemas[name] = _moved(schema)
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
        elif key not in {"javaType", "$id", "$schema"}:
            moved[key] = _moved(value)
    return moved


def _message(action: Action, schemas: Schemas, components: _Components) -> Json:
    request = schemas.request_schema(action.version, action.name)
    example = example_of(request, action.name)
    body = components.add(f"{action.name}Request", request)
    reply_schema = schemas.response_schema(action.version, action.name)
    reply_example = example_of(reply_schema)
    reply = components.add(f"{action.name}Response", reply_schema)
    one = {
        "type": "object",
        "required": ["success", "payload"],
        "properties": {"success": {"const": True}, "payload": reply},
    }
    several = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["identifier", "success", "payload"],
            "properties": {
                "identifier": {"type": "string"},
                "success": {"type": "boolean"},
                "payload": {"oneOf": [reply, {"type": "string"}]},
            },
        },
    }
    answer = {"success": True, "payload": reply_example}
    return {
        "operationId": action.name[0].lower() + action.name[1:],
        "tags": [f"messages: {action.module}"],
        "summary": f"Send {action.name} to stations",
        "description": f"OCPP {action.version}, functional block {action.block}. The answer carries "
        "the station's own reply; for several identifiers it is a list, one result each.",
        "parameters": [
            _parameter(
                "identifier", "The station; repeat it for several", required=True, many=True
            ),
            _parameter("tenantId", "Taken for CitrineOS' scripts; there is one tenant"),
            _parameter("callbackUrl", "Gets the station's reply by POST too"),
            _parameter("timeout", "Seconds to wait for the reply", kind="number"),
        ],
        "requestBody": _body(body, example),
        "responses": {
            "200": _answer("The station's reply", {"oneOf": [one, several]}, answer),
            "207": _answer("Several stations, and not all replied", several),
            **_refusals(_STATION_REFUSALS),
        },
    }


def _collection(collection: Collection[Any], schemas: Schemas, components: _Components) -> Json:
    row = components.add_model(collection.record)
    single = data.single(collection)
    listed = {"oneOf": [row, {"type": "null"}]} if single else {"type": "array", "items": row}
    query = [
        _parameter(
            q.parameter, f"Selects by {q.field}", q.required, "integer" if q.number else "string"
        )
        for q in collection.query
    ]
    paging = [
        _parameter("limit", f"At most so many, up to {data.MOST}", kind="integer"),
        _parameter("offset", "Leaves out so many first", kind="integer"),
    ]
    name = collection.name
    tags = ["data"]
    deleted: Json = {"type": "string"} if not single else listed
    operations: Json = {
        "get": {
            "operationId": f"get{name}",
            "tags": tags,
            "summary": f"Read {name}",
            "description": (collection.record.__doc__ or "").strip(),
            "parameters": [*query, *paging],
            "responses": {"200": _answer("Found", listed), **_refusals(_REFUSALS)},
        },
        "delete": {
            "operationId": f"delete{name}",
            "tags": tags,
            "summary": f"Delete {name}",
            "parameters": query,
            "responses": {
                "200": _answer("Deleted; nothing where there was nothing", deleted),
                **_refusals(_REFUSALS),
            },
        },
    }
    model = data.editable(collection)
    if model is not None:
        operations["put"] = _put(name, tags, query, components.add_model(model), row)
        if collection is BOOT:
            operations["put"]["requestBody"] = _body(
                components.add_model(model), {"status": "Pending", "getBaseReportOnPending": True}
            )
    if collection is VARIABLE_ATTRIBUTE:
        operations["put"] = _put_variable_attribute(schemas, components, row)
    return operations


def _put(name: str, tags: list[str], query: list[Json], body: Json, row: Json) -> Json:
    return {
        "operationId": f"put{name}",
        "tags": tags,
        "summary": f"Create or change {name}",
        "description": "Fields that are left out stay as they are.",
        "parameters": query,
        "requestBody": _body(body),
        "responses": {"200": _answer("The record as it is now", row), **_refusals(_REFUSALS)},
    }


def _put_variable_attribute(schemas: Schemas, components: _Components, row: Json) -> Json:
    components.add("NotifyReportRequest", schemas.request_schema("2.0.1", "NotifyReport"))
    example = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval"},
        "variableAttribute": [{"type": "Actual", "value": "300"}],
    }
    return {
        "operationId": "putVariableAttribute",
        "tags": ["data"],
        "summary": "Set variable attributes in our device model",
        "description": "The body is OCPP's ReportData. The station is not told; to tell it, send "
        "SetVariables. A BasicAuthPassword is hashed and never shown.",
        "parameters": [
            _parameter("stationId", "The station", required=True),
            _parameter("setOnCharger", "true: the station has the value already", kind="boolean"),
        ],
        "requestBody": _body({"$ref": "#/components/schemas/ReportDataType"}, example),
        "responses": {
            "200": _answer("The rows", {"type": "array", "items": row}),
            **_refusals(_REFUSALS),
        },
    }


def _password(components: _Components) -> Json:
    body = components.add_model(PasswordBody)
    example = {
        "stationId": "cp001",
        "password": "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L",
        "setOnCharger": False,
    }
    done = {
        "type": "object",
        "properties": {"success": {"type": "boolean"}, "payload": {"type": "string"}},
    }
    return {
        "operationId": "setPassword",
        "tags": ["data"],
        "summary": "Set a station's password for security profiles 1 and 2",
        "description": "16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ . In plain text; kept "
        "as a hash and never shown. OCPP use case A01.",
        "parameters": [_parameter("callbackUrl", "Gets the outcome by POST too")],
        "requestBody": _body(body, example),
        "responses": {
            "200": _answer("Done", done, {"success": True, "payload": "Updated 1 attributes"}),
            **_refusals(_STATION_REFUSALS),
        },
    }


def _health() -> dict[str, Json]:
    def get(summary: str, kind: str, operation: str, **more: Json) -> Json:
        content = {kind: {"schema": {"type": "object" if "json" in kind else "string"}}}
        ok = {"description": "OK", "content": content}
        return {
            "get": {
                "operationId": operation,
                "tags": ["health"],
                "summary": summary,
                "security": [],
                "responses": {"200": ok, **more},
            }
        }

    not_ready = {"description": "Not ready; problems says why"}
    return {
        "/health/live": get("The process runs", "application/json", "live"),
        "/health/ready": get(
            "The service can work", "application/json", "ready", **{"503": not_ready}
        ),
        "/metrics": get("Metrics for Prometheus", "text/plain", "metrics"),
    }


def _parameter(
    name: str, text: str, required: bool = False, kind: str = "string", many: bool = False
) -> Json:
    schema: Json = {"type": kind}
    if many:
        schema = {"type": "array", "items": schema, "minItems": 1}
    found = {
        "name": name,
        "in": "query",
        "description": text,
        "required": required,
        "schema": schema,
    }
    if name in {"identifier", "stationId"}:
        found["example"] = ["cp001"] if many else "cp001"
    return found


def _body(schema: Json, example: Any = None) -> Json:
    content: Json = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {"application/json": content}}


def _answer(text: str, schema: Json, example: Any = None) -> Json:
    content: Json = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"description": text, "content": {"application/json": content}}


def _refusals(texts: dict[str, str]) -> Json:
    reference = {"$ref": "#/components/schemas/Failure"}
    return {status: _answer(text, reference) for status, text in texts.items()}
