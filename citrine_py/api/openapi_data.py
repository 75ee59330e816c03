"""The data routes in the OpenAPI document, derived from the collections."""

from __future__ import annotations

from typing import Any

from citrine_py.api import data
from citrine_py.api.edits import Edits
from citrine_py.api.examples import REPORT_DATA, edits_of, row_of
from citrine_py.api.openapi_parts import (
    DATA_REFUSALS,
    Components,
    Json,
    answer,
    body,
    parameter,
    refusals,
    tenant,
)
from citrine_py.model.collection import Collection, Query
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.model.variables import VARIABLE_ATTRIBUTE
from citrine_py.ocpp.schemas import Schemas

_TAGS = ["data"]
_IDS = {"deleteCertificate": "deleteCertificateRecord"}
"""Where a message has the usual id already."""
_EXAMPLES = {"station": "cp001", "evseId": 1, "connectorId": 1}


def describe(schemas: Schemas, components: Components) -> dict[str, Json]:
    """The paths of all data routes."""
    edits = Edits(schemas)
    # OCPP's ReportData stands in the schema of NotifyReport only.
    components.add("NotifyReportRequest", schemas.request_schema("2.0.1", "NotifyReport"))
    return {
        data.path(collection): _collection(collection, edits, components)
        for collection in data.served()
    }


def _collection(collection: Collection[Any], edits: Edits, components: Components) -> Json:
    row = components.add_model(collection.record)
    operations: Json = {"get": _get(collection, row), "delete": _delete(collection, row)}
    if data.editable(collection):
        model = components.add_model(edits.model(collection))
        operations["put"] = _put(collection, model, row)
    if collection is VARIABLE_ATTRIBUTE:
        operations["put"] = _put_variable_attribute(row)
    return operations


def _query(collection: Collection[Any], required: tuple[str, ...] = ()) -> list[Json]:
    def one(query: Query) -> Json:
        needed = query.required or query.parameter in required
        repeated = f"; repeat it for several, also as {query.parameter}[]" if query.many else ""
        example = _EXAMPLES.get(query.field) or row_of(collection)[collection.key]
        return parameter(
            query.parameter,
            f"Selects by {query.field}{repeated}",
            required=needed,
            many=query.many,
            kind="integer" if query.number else "boolean" if query.boolean else "string",
            example=example if needed else None,
        )

    return [*(one(query) for query in collection.query), tenant()]


def _get(collection: Collection[Any], row: Json) -> Json:
    paging = [
        parameter("limit", f"At most so many, 1 to {data.MOST}; {data.PAGE} if not given",
                  kind="integer"),
        parameter("offset", "Leaves out so many first", kind="integer"),
    ]  # fmt: skip
    example = row_of(collection)
    found = (
        answer("The record, or null", {"anyOf": [row, {"type": "null"}]}, example)
        if data.single(collection)
        else answer("What was found", {"type": "array", "items": row}, [example])
    )
    return {
        "operationId": f"get{collection.name}",
        "tags": _TAGS,
        "summary": f"Read {collection.name}",
        "description": (collection.record.__doc__ or "").strip(),
        "parameters": [*_query(collection), *paging],
        "responses": {"200": found, **refusals(DATA_REFUSALS)},
    }


def _delete(collection: Collection[Any], row: Json) -> Json:
    name = collection.name
    deleted = (
        answer("What was deleted; null if there was nothing", {"anyOf": [row, {"type": "null"}]},
               row_of(collection))
        if data.single(collection)
        else answer(
            "How many", {"type": "string"}, f"3 rows successfully deleted from {name}"
        )
    )  # fmt: skip
    return {
        "operationId": _IDS.get(f"delete{name}", f"delete{name}"),
        "tags": _TAGS,
        "summary": f"Delete {name}",
        "description": f"At most {data.MOST_DELETED} rows at once.",
        "parameters": _query(collection, required=(collection.query[0].parameter,)),
        "responses": {"200": deleted, **refusals(DATA_REFUSALS)},
    }


def _put(collection: Collection[Any], model: Json, row: Json) -> Json:
    name = collection.name
    queries = tuple(query.parameter for query in collection.query if query.parameter != "id")
    described, now = "Fields that are left out stay as they are.", row
    if collection is DEAD_LETTER:
        queries = ("id",)
        described = (
            "Retry has the change written once more, but for what was written since; Discard gives "
            "it up. The answer is null once that is done."
        )
        now = {"anyOf": [row, {"type": "null"}]}
    return {
        "operationId": f"put{name}",
        "tags": _TAGS,
        "summary": f"Create or change {name}",
        "description": described,
        "parameters": _query(collection, required=queries),
        "requestBody": body(model, edits_of(collection)),
        "responses": {
            "200": answer("The record as it is now", now, row_of(collection)),
            **refusals(DATA_REFUSALS),
        },
    }


def _put_variable_attribute(row: Json) -> Json:
    return {
        "operationId": "putVariableAttribute",
        "tags": _TAGS,
        "summary": "Set variable attributes in our device model",
        "description": "The body is OCPP's ReportData. The station is not told; to tell it, send "
        "SetVariables, or say whenOnline. A BasicAuthPassword is hashed and never shown.",
        "parameters": [
            parameter("stationId", "The station", required=True, example="cp001"),
            parameter(
                "setOnCharger", "true: the station has the value already", kind="boolean"
            ),
            parameter(
                "whenOnline",
                "true: the value is wanted, and sent to the station at once or when it is back; an "
                "attribute without a value is not wanted any more",
                kind="boolean",
            ),
            tenant(),
        ],
        "requestBody": body(
            {"$ref": "#/components/schemas/ReportDataType"}, {"variable": REPORT_DATA}
        ),
        "responses": {
            "200": answer(
                "The rows", {"type": "array", "items": row}, [row_of(VARIABLE_ATTRIBUTE)]
            ),
            **refusals(DATA_REFUSALS),
        },
    }  # fmt: skip
