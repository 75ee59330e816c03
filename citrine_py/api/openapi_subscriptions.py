"""Subscriptions and preferences in the OpenAPI document."""

from __future__ import annotations

from citrine_py.api.examples import row_of
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
from citrine_py.api.subscriptions import (
    PREFERENCES,
    SUBSCRIPTIONS,
    SubscriptionBody,
    UserPreferenceBody,
)
from citrine_py.model.subscriptions import SUBSCRIPTION

_TAGS = ["data"]
_URL = "https://csms.pro/hooks/stations"


def describe(components: Components) -> dict[str, Json]:
    """The paths."""
    row = components.add_model(SUBSCRIPTION.record)
    return {
        SUBSCRIPTIONS: {
            "post": _add(components.add_model(SubscriptionBody)),
            "get": _list(row),
            "delete": _remove(),
        },
        PREFERENCES: {
            "put": _put(components.add_model(UserPreferenceBody)),
            "get": _get(),
        },
    }


def _add(model: Json) -> Json:
    gone = {"stationId": "cp001", "url": _URL, "onConnect": True, "onClose": True}
    told = {"url": _URL, "onMessage": True, "messageRegexFilter": '"StatusNotification"'}
    return {
        "operationId": "postSubscription",
        "tags": _TAGS,
        "summary": "Have an address told of stations",
        "description": "Posted there, in order, is {stationId, event, origin, message, info, "
        "protocol, timestamp}: event is connected, closed or message; origin is cs for a message "
        "of the station and csms for one to it; message is the frame as a text, its secrets "
        "struck out. Best effort: tried again with pauses, and the oldest is dropped where too "
        "much waits. The answer is the id.",
        "parameters": [tenant()],
        "requestBody": body(model, {"comes and goes": gone, "messages of all": told}),
        "responses": {
            "200": answer("The id", {"type": "string"}, row_of(SUBSCRIPTION)["id"]),
            **refusals({**DATA_REFUSALS, "404": "No such station"}),
        },
    }


def _list(row: Json) -> Json:
    return {
        "operationId": "getSubscription",
        "tags": _TAGS,
        "summary": "Read subscriptions",
        "description": "With a stationId those of this station; those of all stations have none.",
        "parameters": [
            parameter("stationId", "Selects by stationId"),
            parameter("id", "Selects by id"),
            tenant(),
        ],
        "responses": {
            "200": answer(
                "What was found", {"type": "array", "items": row}, [row_of(SUBSCRIPTION)]
            ),
            **refusals(DATA_REFUSALS),
        },
    }


def _remove() -> Json:
    return {
        "operationId": "deleteSubscription",
        "tags": _TAGS,
        "summary": "Delete a subscription",
        "description": "What still waits to be posted is dropped.",
        "parameters": [
            parameter("id", "The subscription", required=True, example=row_of(SUBSCRIPTION)["id"]),
            tenant(),
        ],
        "responses": {
            "200": answer("Whether there was one", {"type": "boolean"}, True),
            **refusals(DATA_REFUSALS),
        },
    }


def _key_and_value() -> list[Json]:
    return [
        parameter("key", "Its name", required=True, example="dashboard"),
        parameter("value", "A text; for PUT in place of a body, as CitrineOS 1.5 has it"),
        tenant(),
    ]


def _put(model: Json) -> Json:
    return {
        "operationId": "putUserPreferences",
        "tags": _TAGS,
        "summary": "Keep a value for a program of yours",
        "parameters": _key_and_value(),
        "requestBody": body(
            model, {"value": {"value": {"columns": ["id", "isOnline"]}}}, required=False
        ),
        "responses": {
            "200": answer("Kept", {"const": True, "type": "boolean"}, True),
            **refusals(DATA_REFUSALS),
        },
    }


def _get() -> Json:
    return {
        "operationId": "getUserPreferences",
        "tags": _TAGS,
        "summary": "Read a value that a program of yours keeps",
        "parameters": _key_and_value(),
        "responses": {
            "200": answer("The value; null if there is none", {}, {"columns": ["id", "isOnline"]}),
            **refusals(DATA_REFUSALS),
        },
    }
