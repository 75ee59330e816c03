"""The running configuration in the OpenAPI document."""

from __future__ import annotations

from citrine_py.api.openapi_parts import (
    DATA_REFUSALS,
    Components,
    Json,
    answer,
    body,
    refusals,
    tenant,
)
from citrine_py.api.system_config import MODULES, SystemConfig, SystemConfigPut, path

_TAGS = ["settings"]
_EXAMPLE = {
    "settings": {"calls": {"timeout": 45.0, "queue": 100, "frame_limit": 1048576}},
    "changeable": ["calls.timeout"],
    "overrides": {
        "calls.timeout": {
            "value": 45.0,
            "environment": 30.0,
            "since": "2026-01-31T12:00:00.000Z",
            "from": "PUT /data/monitoring/systemConfig",
        }
    },
}


def describe(components: Components) -> dict[str, Json]:
    """The paths, one for each module."""
    shown = components.add_model(SystemConfig)
    put = components.add_model(SystemConfigPut)
    return {path(module): _module(module, shown, put) for module in MODULES}


def _module(module: str, shown: Json, put: Json) -> Json:
    name = f"{module[0].upper()}{module[1:]}SystemConfig"
    now = answer("The settings in force", shown, _EXAMPLE)
    refused = {each: DATA_REFUSALS[each] for each in ("400", "401", "403", "413", "500", "503")}
    return {
        "get": {
            "operationId": f"get{name}",
            "tags": _TAGS,
            "summary": f"Read the settings that concern {module}",
            "parameters": [tenant()],
            "responses": {"200": now, **refusals(refused)},
        },
        "put": {
            "operationId": f"put{name}",
            "tags": _TAGS,
            "summary": f"Change settings that concern {module}",
            "description": "In force at once, and after a restart. What cannot be changed while "
            "the service runs is refused, with the variable to set instead.",
            "parameters": [tenant()],
            "requestBody": body(
                put,
                {
                    "change": {"settings": {"calls": {"timeout": 45}}},
                    "back to the environment's": {"settings": {"calls": {"timeout": None}}},
                },
            ),
            "responses": {"200": now, **refusals(refused)},
        },
    }
