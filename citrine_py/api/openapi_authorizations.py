"""The routes of tokens and local lists in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from citrine_py.api.authorization_bodies import AuthorizationBodies
from citrine_py.api.authorizations import (
    LIST_VERSION,
    MOST,
    PAGE,
    PATH,
    RESTRICTIONS,
    LocalListState,
)
from citrine_py.api.examples import row_of
from citrine_py.api.openapi_parts import (
    DATA_REFUSALS,
    STATION_REFUSALS,
    Components,
    Json,
    answer,
    body,
    parameter,
    refusals,
    tenant,
)
from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.ocpp.schemas import Schemas

_TAGS = ["data"]
_INFO: Json = {
    "status": "Accepted",
    "groupIdToken": {"idToken": "FLEET-1", "type": "Central"},
    "language1": "de",
}
_BODIES: Json = {
    "as CitrineOS' scripts": {
        "idToken": {"idToken": "04A2B3C4D5E6F7", "type": "ISO14443"},
        "idTokenInfo": _INFO,
    },
    "blocked": {"status": "Blocked"},
    "restricted": {
        "status": "Accepted",
        "stations": ["cp001"],
        "evseIds": [1],
        "timesAllowed": [{"days": ["Monday", "Friday"], "from": "08:00", "to": "18:00"}],
        "timeZone": "Europe/Berlin",
        "inLocalList": False,
    },
}
_LIST: Json = {
    "stationId": "cp001",
    "versionNumber": 3,
    "wantedVersionNumber": 3,
    "status": "Current",
    "info": None,
    "entries": 12,
    "updatedAt": "2026-01-31T12:00:00.000Z",
}
_RESTRICTIONS: Json = {
    "types and prefixes": {
        "allowedConnectorTypes": ["cCCS2"],
        "disallowedEvseIdPrefixes": ["DE*ABC*E9"],
    }
}


def describe(schemas: Schemas, components: Components) -> dict[str, Json]:
    """The paths."""
    components.add("AuthorizeResponse", schemas.response_schema("2.0.1", "Authorize"))
    bodies = AuthorizationBodies(schemas)
    request = components.add_model(bodies.model)
    properties = components.schemas[bodies.model.__name__]["properties"]
    for name, kind in (("idToken", "IdTokenType"), ("idTokenInfo", "IdTokenInfoType")):
        properties[name] = {"$ref": f"#/components/schemas/{kind}"}
    row = components.add_model(Authorization)
    one = answer("The token as it is now", row, row_of(AUTHORIZATION))
    return {
        PATH: {
            "get": _get(row),
            "put": _put(
                "putAuthorization",
                "Create or change a token",
                "The body has OCPP's idToken and idTokenInfo, the fields of the record, or both. "
                "Fields that are left out stay as they are.",
                body(request, _BODIES),
                one,
            ),
            "delete": _delete(),
        },
        RESTRICTIONS: {
            "put": _put(
                "putAuthorizationRestrictions",
                "Say at which connectors and EVSEs a token is good",
                "disallowedEvseIdPrefixes are compared with the EVSEs' ISO 15118 ids.",
                body(components.add_model(bodies.restrictions), _RESTRICTIONS),
                one,
            )
        },
        LIST_VERSION: _local_list(components),
    }


def _token(*, id_needed: bool, type_needed: bool, example: str = "04A2B3C4D5E6F7") -> list[Json]:
    id_text = "The token, case-insensitive"
    type_text = "Its type: ISO14443, ISO15693, eMAID, KeyCode, Local, Central, MacAddress"
    kind = "ISO14443"
    return [
        parameter("idToken", id_text, required=id_needed, example=example if id_needed else None),
        parameter("type", type_text, required=type_needed, example=kind if type_needed else None),
        tenant(),
    ]


def _get(row: Json) -> Json:
    return {
        "operationId": "getAuthorization",
        "tags": _TAGS,
        "summary": "Read tokens",
        "description": (Authorization.__doc__ or "").strip(),
        "parameters": [
            *_token(id_needed=False, type_needed=False),
            parameter(
                "limit", f"At most so many, 1 to {MOST}; {PAGE} if not given", kind="integer"
            ),
            parameter("offset", "Leaves out so many first", kind="integer"),
        ],
        "responses": {
            "200": answer(
                "What was found", {"type": "array", "items": row}, [row_of(AUTHORIZATION)]
            ),
            **refusals(DATA_REFUSALS),
        },
    }


def _put(name: str, summary: str, text: str, request: Json, done: Json) -> Json:
    return {
        "operationId": name,
        "tags": _TAGS,
        "summary": summary,
        "description": text,
        "parameters": _token(id_needed=True, type_needed=True),
        "requestBody": request,
        "responses": {"200": done, **refusals(DATA_REFUSALS)},
    }


def _delete() -> Json:
    done = answer("How many", {"type": "string"}, "1 rows successfully deleted from Authorization")
    return {
        "operationId": "deleteAuthorization",
        "tags": _TAGS,
        "summary": "Delete tokens",
        "description": "Without a type, those of this id of all types.",
        "parameters": _token(id_needed=True, type_needed=False, example="04FFEEDDCCBBAA"),
        "responses": {"200": done, **refusals(DATA_REFUSALS)},
    }


def _local_list(components: Components) -> Json:
    state = components.add_model(LocalListState)
    station = [parameter("stationId", "The station", required=True, example="cp001"), tenant()]
    reply: dict[str, Any] = {
        "type": "object",
        "required": ["success", "payload"],
        "properties": {"success": {"const": True}, "payload": {"type": "object"}},
    }
    return {
        "get": {
            "operationId": "getLocalListVersion_data",
            "tags": _TAGS,
            "summary": "Read what is known of a station's local list",
            "description": "The station is not asked; GetLocalListVersion does that.",
            "parameters": station,
            "responses": {
                "200": answer("The state, or null", {"anyOf": [state, {"type": "null"}]}, _LIST),
                **refusals(DATA_REFUSALS),
            },
        },
        "post": {
            "operationId": "sendWholeLocalList",
            "tags": _TAGS,
            "summary": "Send a station its local list anew, whole",
            "description": "The list is made of the tokens that are marked for local lists. Edits "
            "of tokens reach the lists by themselves; this is for a list in doubt. The answer is "
            "that of the last SendLocalList.",
            "parameters": station,
            "responses": {
                "200": answer("Sent", reply, {"success": True, "payload": {"status": "Accepted"}}),
                **refusals(STATION_REFUSALS),
            },
        },
    }
