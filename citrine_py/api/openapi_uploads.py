"""The routes of uploaded files in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from citrine_py.api.openapi_parts import DONE, METRICS_REFUSALS, Json, answer, refusals
from citrine_py.api.uploads import PATH

_BYTES: Json = {"type": "string", "format": "binary"}


def describe() -> dict[str, Json]:
    """The paths."""
    plain, named = f"{PATH}/{{name}}", f"{PATH}/{{name}}/{{file}}"
    name = _in_path("name", "The secret of the address; for GET the job's id")
    file = _in_path("file", "The file's name, as some stations add it")
    return {
        plain: {
            "get": {**_get(), "parameters": [name]},
            "put": {**_take("putLog"), "parameters": [name]},
            "post": {**_take("postLog"), "parameters": [name]},
        },
        named: {
            "put": {**_take("putNamedLog"), "parameters": [name, file]},
            "post": {**_take("postNamedLog"), "parameters": [name, file]},
        },
    }


def _in_path(name: str, text: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string"},
        "example": "log",
    }


def _get() -> Json:
    found: Json = answer("The file", _BYTES, "log", media="application/octet-stream")
    return {
        "operationId": "getLogFile",
        "tags": ["files"],
        "summary": "Read the file that a station uploaded for a job",
        "responses": {"200": found, **refusals({**METRICS_REFUSALS, "404": "There is none"})},
    }


def _take(operation: str) -> Json:
    form: Json = {"type": "object", "properties": {"file": _BYTES}}
    content: dict[str, Any] = {
        "application/octet-stream": {"schema": _BYTES, "example": "log"},
        "multipart/form-data": {"schema": form, "example": {"file": "log"}},
    }
    told = {
        "400": "A form without a file",
        "404": "No file is expected",
        "413": "It is too long",
        "500": "An error of the service",
    }
    return {
        "operationId": operation,
        "tags": ["files"],
        "summary": "Upload a log; stations do, to the address that GetLog gave them",
        "security": [{}],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "201": answer("Kept", DONE, {"success": True, "payload": "3 bytes"}),
            **refusals(told),
        },
    }
