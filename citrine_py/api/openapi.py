"""The OpenAPI 3.1 document: every endpoint, with its real schemas and examples.

Derived from the catalogue (messages), the collections (data) and OCPP's schema
files; what is written by hand here is only what neither knows.
"""

from __future__ import annotations

from collections.abc import Mapping

from citrine_py.api import (
    messages,
    openapi_authorizations,
    openapi_certificates,
    openapi_data,
    openapi_subscriptions,
    openapi_system_config,
    openapi_tariffs,
    openapi_uploads,
)
from citrine_py.api.examples import example_of
from citrine_py.api.openapi_names import name_all
from citrine_py.api.openapi_parts import (
    DONE,
    METRICS_REFUSALS,
    STATION_REFUSALS,
    Components,
    Json,
    answer,
    body,
    callback,
    parameter,
    refusals,
    tenant,
)
from citrine_py.api.password import PATH as PASSWORD
from citrine_py.api.password import PasswordBody
from citrine_py.ocpp.catalogue import Action, sendable
from citrine_py.ocpp.schemas import Schemas

_ABOUT = """Messages to charging stations, and the records about them.

Every refusal is `{"success": false, "payload": "<what is wrong>"}`. Times are ISO 8601 in UTC."""


def build(schemas: Schemas, version: str, *, with_token: bool) -> Json:
    """The document. `with_token`: calls need the bearer token."""
    components = Components()
    paths: dict[str, Json] = {}
    for action in sendable(messages.VERSION):
        operation = _message(action, schemas, components)
        name = operation["operationId"]
        plain, versioned = messages.paths(action)
        paths[plain] = {"post": operation}
        paths[versioned] = {"post": {**operation, "operationId": f"{name}V201"}}
    paths.update(openapi_tariffs.describe(schemas, components))
    paths.update(openapi_data.describe(schemas, components))
    paths.update(openapi_authorizations.describe(schemas, components))
    paths.update(openapi_certificates.describe(components))
    paths.update(openapi_subscriptions.describe(components))
    paths.update(openapi_system_config.describe(components))
    paths.update(openapi_uploads.describe())
    paths[PASSWORD] = {"post": _password(components)}
    paths.update(_health())
    paths.update(_documentation())
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "citrine-py",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components.schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Without a need for a token one may still be sent.
        "security": [{"token": []}] if with_token else [{}, {"token": []}],
    }
    name_all(document)
    return document


def _message(action: Action, schemas: Schemas, components: Components) -> Json:
    request = schemas.request_schema(action.version, action.name)
    empty = not request.get("required")
    example = example_of(request, action.name)
    reply_schema = schemas.response_schema(action.version, action.name)
    reply_example = example_of(reply_schema)
    reply = components.add(f"{action.name}Response", reply_schema)
    one = components.named(f"{action.name}Reply", _one(reply))
    several = {
        "type": "array",
        "items": components.named(f"{action.name}Result", _result(reply)),
    }
    more = messages.MORE_PARAMETERS.get(action.name, ())
    done = {"identifier": "cp001", "status": 200, "success": True, "payload": reply_example}
    failed = {
        "identifier": "cp002",
        "status": 502,
        "success": False,
        "payload": "cp002 is not connected",
    }
    return {
        "operationId": action.name[0].lower() + action.name[1:],
        "tags": [f"messages: {action.module}"],
        "summary": f"Send {action.name} to stations",
        "description": f"OCPP {action.version}, functional block {action.block}. The answer "
        "carries the station's own reply; success means that it replied. For several identifiers "
        "it is a list, one result each.",
        "parameters": [
            parameter(
                "identifier",
                "The station; repeat it for several",
                required=True,
                many=True,
                example=["cp001"],
            ),
            callback("the station's reply"),
            parameter("timeout", "Seconds to wait for the reply", kind="number"),
            tenant(),
            *(parameter(name, "Taken for CitrineOS' scripts and not used") for name in more),
        ],
        "requestBody": body(
            components.add(f"{action.name}Request", request),
            {"example": example},
            required=not empty,
        ),
        "responses": {
            "200": answer(
                "The station's reply",
                {"anyOf": [one, several]},
                {"success": True, "payload": reply_example},
            ),
            "207": answer("Several stations, and not all replied", several, [done, failed]),
            **refusals(STATION_REFUSALS),
        },
    }


def _one(reply: Json) -> Json:
    return {
        "type": "object",
        "required": ["success", "payload"],
        "properties": {"success": {"const": True}, "payload": reply},
    }


def _result(reply: Json) -> Json:
    return {
        "type": "object",
        "required": ["identifier", "status", "success", "payload"],
        "properties": {
            "identifier": {"type": "string"},
            "status": {"type": "integer", "description": "As the answer for it alone"},
            "success": {"type": "boolean"},
            "payload": {"anyOf": [reply, {"type": "string"}]},
        },
    }


def _password(components: Components) -> Json:
    password = "DbkTu048=xueA69@-dB94hjV*fGdyQOzgVuhhH1L"  # noqa: S105 - the seed's example
    return {
        "operationId": "setPassword",
        "tags": ["data"],
        "summary": "Set a station's password for security profiles 1 and 2",
        "description": "16 to 40 characters out of a-z A-Z 0-9 * - _ = : + | @ . In plain text; "
        "kept as a hash and never shown. OCPP use case A01.",
        "parameters": [callback("the outcome, or the station's reply,"), tenant()],
        "requestBody": body(
            components.add_model(PasswordBody),
            {
                "given": {"stationId": "cp001", "password": password, "setOnCharger": False},
                "generated": {"stationId": "cp001"},
                "already on the charger": {
                    "stationId": "cp001",
                    "password": password,
                    "setOnCharger": True,
                },
            },
        ),
        "responses": {
            "200": answer("Done", DONE, {"success": True, "payload": "Updated 1 attributes"}),
            **refusals(STATION_REFUSALS),
        },
    }


def _health() -> dict[str, Json]:
    ready: Json = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"enum": ["ready", "not ready"]},
            "problems": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    trouble = {"status": "not ready", "problems": {"directus": "does not answer"}}
    live: Json = {"type": "object", "properties": {"status": {"const": "live"}}}
    number = "# TYPE citrine_connections gauge\ncitrine_connections 1.0\n"
    return {
        "/health/live": _open("live", "The process runs", answer("OK", live, {"status": "live"})),
        "/health/ready": _open(
            "ready",
            "The service can work",
            answer("Ready", ready, {"status": "ready"}),
            more={"503": answer("Not ready; problems says why", ready, trouble)},
        ),
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "tags": ["health"],
                "summary": "Metrics for Prometheus",
                "responses": {
                    "200": answer("OK", {"type": "string"}, number, media="text/plain"),
                    **refusals(METRICS_REFUSALS),
                },
            }
        },
    }  # fmt: skip


def _documentation() -> dict[str, Json]:
    document = answer("OpenAPI 3.1", {"type": "object"}, {"openapi": "3.1.0"})
    page = answer("HTML", {"type": "string"}, "<!doctype html>", media="text/html")
    return {
        "/docs": _open("docs", "This documentation as a page", page, tag="documentation"),
        "/docs/json": _open("docsJson", "This document", document, tag="documentation"),
        "/openapi.json": _open("openapi", "This document", document, tag="documentation"),
    }


def _open(
    operation: str,
    summary: str,
    ok: Json,
    *,
    tag: str = "health",
    more: Mapping[str, Json] | None = None,
) -> Json:
    """A GET that needs no token."""
    return {
        "get": {
            "operationId": operation,
            "tags": [tag],
            "summary": summary,
            "security": [],
            "responses": {"200": ok, **(more or {})},
        }
    }
