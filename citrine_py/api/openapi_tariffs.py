"""The tariffs' own routes in the OpenAPI document."""

from __future__ import annotations

from citrine_py.api.edits import Edits
from citrine_py.api.examples import edits_of, row_of
from citrine_py.api.openapi_parts import (
    DATA_REFUSALS,
    DONE,
    Components,
    Json,
    answer,
    body,
    parameter,
    refusals,
    tenant,
)
from citrine_py.api.tariffs import CHECK, LONGEST, PREVIEW, Preview
from citrine_py.model.tariffs import TARIFF
from citrine_py.ocpp.schemas import Schemas

_TAGS = ["data"]
_PREVIEW = {
    "currency": "EUR",
    "net": "11.34",
    "tax": "2.16",
    "total": "13.50",
    "lines": [
        {"what": "Energy", "quantity": "30", "unit": "kWh", "price": "0.45", "net": "11.34",
         "tax": "2.16", "gross": "13.50"}
    ],
    "text": "City: 0.45 EUR/kWh, incl. 19% tax.",
}  # fmt: skip


def describe(schemas: Schemas, components: Components) -> dict[str, Json]:
    """The paths beside those of the rows."""
    edit = components.add_model(Edits(schemas).model(TARIFF))
    return {PREVIEW: {"get": _preview(components)}, CHECK: {"post": _check(edit)}}


def _preview(components: Components) -> Json:
    numbers = (
        ("kWh", f"Energy, at most {LONGEST}", True, 30),
        ("minutes", "Of charging", True, 45),
        ("idleMinutes", "Connected after it; none if not given", False, None),
    )
    return {
        "operationId": "previewTariff",
        "tags": _TAGS,
        "summary": "What a usual charge costs by a tariff",
        "description": "Use cases I02 and I03, for a session that nobody has had. Money is told "
        "as decimal texts; price is net or gross as the tariff's prices are. text is what drivers "
        "read (I01).",
        "parameters": [
            parameter("id", "The tariff", required=True, example=row_of(TARIFF)["id"]),
            *(
                parameter(name, text, required=needed, kind="number", example=example)
                for name, text, needed, example in numbers
            ),
            parameter("at", "When it begins, ISO 8601; now if not given"),
            parameter("language", "Of the text, RFC 5646: en, de, fr or nl; else English"),
            tenant(),
        ],
        "responses": {
            "200": answer("The cost", components.add_model(Preview), _PREVIEW),
            **refusals({**DATA_REFUSALS, "404": "No such tariff"}),
        },
    }


def _check(edit: Json) -> Json:
    return {
        "operationId": "checkTariff",
        "tags": _TAGS,
        "summary": "Whether a tariff would be taken",
        "description": "Checks a whole tariff and writes nothing; Directus asks this before it "
        "saves one. Fields that people do not own are left aside.",
        "parameters": [tenant()],
        "requestBody": body(edit, edits_of(TARIFF)),
        "responses": {
            "200": answer("It can be applied", DONE,
                          {"success": True, "payload": "The tariff can be applied"}),
            **refusals(DATA_REFUSALS),
        },
    }  # fmt: skip
