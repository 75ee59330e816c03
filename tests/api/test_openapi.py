"""The OpenAPI document: valid, complete, and true to what the API does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from citrine_py.api.app import build_app
from citrine_py.api.callbacks import Callbacks
from citrine_py.api.examples import row_of
from citrine_py.api.openapi import build
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.ocpp.catalogue import sendable
from citrine_py.runtime import SystemClock
from tests.api.world import CONFIG, SCHEMAS, World, running

DOCUMENT = build(SCHEMAS, "1.2.3", with_token=True)
OF_THE_PAGE = {"/", "/docs/", "/docs/start.js", "/docs/assets"}
"""What the documentation's page itself is made of."""


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def contents() -> Iterator[tuple[str, Any, Any]]:
    """Every schema of a body or answer with each of its examples."""
    for path, method, operation in operations():
        places = [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for place, holder in places:
            for content in holder.get("content", {}).values():
                shown = [each["value"] for each in content.get("examples", {}).values()]
                for example in shown or [content["example"]]:
                    yield f"{method} {path} {place}", content["schema"], example


def test_it_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_route_is_in_it_and_nothing_else() -> None:
    app = build_app(CONFIG, World().ports(), Callbacks((), SystemClock()))
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    documented = {(method.upper(), path) for path, method, _ in operations()}

    assert {each for each in served if each[1] not in OF_THE_PAGE} == documented
    assert isinstance(app, web.Application)


def test_every_example_fits_its_schema() -> None:
    names: set[str] = set()
    for name, schema, example in contents():
        whole = {**schema, "components": DOCUMENT["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        errors = [str(error) for error in validator.iter_errors(example)]
        assert not errors, f"{name}: {errors}"
        names.add(name)
    assert len(names) > 500


def test_every_body_and_answer_has_an_example() -> None:
    assert all(example is not None for _, _, example in contents())


@pytest.mark.parametrize("action", sendable("2.0.1"), ids=lambda action: action.name)
def test_the_example_of_a_message_fits_ocpps_own_schema(action: Any) -> None:
    operation = DOCUMENT["paths"][f"/ocpp/{action.path}"]["post"]
    content = operation["requestBody"]["content"]["application/json"]

    SCHEMAS.check_request("2.0.1", action.name, content["examples"]["example"]["value"])


def test_operations_have_names_of_their_own_and_a_summary() -> None:
    names = [operation["operationId"] for *_, operation in operations()]

    assert len(names) == len(set(names))
    assert all(operation["summary"] and operation["tags"] for *_, operation in operations())


def test_a_name_means_the_same_schema_in_all_of_ocpps_files() -> None:
    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            left_out = {"description", "javaType", "comment", "additionalItems"}
            return {key: bare(value) for key, value in node.items() if key not in left_out}
        return [bare(each) for each in node] if isinstance(node, list) else node

    seen: dict[str, Any] = {}
    for action in sendable("2.0.1"):
        for schema in (SCHEMAS.request_schema, SCHEMAS.response_schema):
            for name, definition in schema("2.0.1", action.name)["definitions"].items():
                assert seen.setdefault(name, bare(definition)) == bare(definition), name


def test_health_and_documentation_say_that_they_need_no_token() -> None:
    open_paths = {path for path, _, operation in operations() if operation.get("security") == []}

    assert open_paths == {
        "/health/live",
        "/health/ready",
        "/docs",
        "/docs/json",
        "/openapi.json",
    }
    assert DOCUMENT["security"] == [{"token": []}]
    assert {} in build(SCHEMAS, "1", with_token=False)["security"]


async def test_parameters_that_are_documented_are_the_ones_taken(world: World) -> None:
    for path, method, operation in operations():
        if not path.startswith(("/data", "/ocpp")):
            continue
        _, answer = await world.call(method.upper(), f"{path}?colour=red")
        names = answer["payload"].rpartition("there are: ")[2].split(", ")
        told = {name for name in names if not name.endswith("[]")}  # other ways of the same
        assert told == {each["name"] for each in operation["parameters"]}, path


async def test_parameters_that_are_documented_as_required_are(world: World) -> None:
    for path, method, operation in operations():
        if path.startswith("/files"):  # they stand in the path
            continue
        for parameter in operation.get("parameters", ()):
            if not parameter["required"]:
                continue
            others = "&".join(
                f"{each['name']}={_first(each['example'])}"
                for each in operation["parameters"]
                if each["required"] and each is not parameter
            )
            status, answer = await world.call(method.upper(), f"{path}?{others}", {})
            assert (status, f"{parameter['name']} is missing" in answer["payload"]) == (400, True)


async def test_the_examples_work_against_the_api() -> None:
    async with running() as world:
        world.requests.answers["cp001"] = {}
        await world.call("PUT", "/data/configuration/location?id=" + _row_id("Location"), {})
        tariff = {"currency": "EUR"}
        await world.call("PUT", "/data/transactions/tariff?id=" + _row_id("Tariff"), tariff)
        for path, method, operation in operations():
            if path.startswith("/files"):  # a secret is no example: test_uploads
                continue
            query = "&".join(
                f"{each['name']}={_first(each['example'])}"
                for each in operation.get("parameters", ())
                if each["required"]
            )
            content = operation.get("requestBody", {}).get("content", {})
            examples = content.get("application/json", {}).get(
                "examples", {"none": {"value": None}}
            )
            for example in examples.values():
                world.records.edit(DEAD_LETTER, row_of(DEAD_LETTER)["id"], status="Open")
                status, answer = await world.call(
                    method.upper(), f"{path}?{query}", example["value"]
                )
                assert status == 200, (path, answer)


def _first(example: Any) -> Any:
    return example[0] if isinstance(example, list) else example


def _row_id(name: str) -> str:
    """The id of a collection's row in the examples."""
    get = next(each for _, _, each in operations() if each["operationId"] == f"get{name}")
    content = get["responses"]["200"]["content"]
    identity: str = content["application/json"]["example"][0]["id"]
    return identity
