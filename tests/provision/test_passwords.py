"""Passwords on a real Directus: set by who may, read by nobody, planted by nobody."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest

from citrine_py.model.keys import password_key
from tests.people import until
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

HASHES = ("passwordHash", "pendingPasswordHash", "previousPasswordHash")


def new_password() -> str:
    return f"Secret-{uuid.uuid4().hex[:24]}"


async def hash_of(people: People, service: httpx.AsyncClient, station: str) -> str | None:
    answer = await service.get("/citrine/credentials", params={"keys": password_key(station)})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    return rows[0]["passwordHash"] if rows else None


async def told(client: httpx.AsyncClient, path: str, **params: Any) -> str:
    answer = await client.get(path, params={"limit": "-1", **params})
    assert answer.status_code in {200, 403}, answer.text
    return answer.text


async def set_by_operator(
    people: People, operator: Person, service: httpx.AsyncClient, station: str
) -> tuple[str, str]:
    """The password that the operator has set, and its hash."""
    password = new_password()
    answer = await operator.client.patch(
        f"/items/ChargingStation/{station}", json={"password": password}
    )
    assert answer.status_code == 200, answer.text
    found: list[str] = []

    async def stored() -> bool:
        found[:] = [each for each in [await hash_of(people, service, station)] if each]
        return bool(found)

    await until(stored)
    return password, found[0]


async def test_an_operator_sets_a_password_and_nobody_finds_it_anywhere(
    stack: Stack, people: People, operator: Person, service: httpx.AsyncClient, station: str
) -> None:
    password, hashed = await set_by_operator(people, operator, service, station)
    places = [
        await told(client, path, **params)
        for client in (people.admin, operator.client, service)
        for path, params in (
            (f"/items/ChargingStation/{station}", {"fields": "*.*"}),
            (
                "/items/VariableAttribute",
                {"fields": "*," + ",".join(HASHES), "filter[station][_eq]": station},
            ),
            ("/revisions", {"filter[item][_in]": f"{station},{password_key(station)}"}),
            ("/activity", {"sort": "-timestamp"}),
            ("/notifications", {}),
        )
    ]
    places.append(stack.log())
    for text in places:
        assert password not in text
        assert hashed not in text


async def test_hashes_are_concealed_however_they_are_asked_for(
    people: People, operator: Person, service: httpx.AsyncClient, station: str
) -> None:
    _, hashed = await set_by_operator(people, operator, service, station)
    of_station = json.dumps({"station": {"_eq": station}})
    begins = {"passwordHash": {"_starts_with": hashed[:4]}}
    queries: list[dict[str, str]] = [
        {"sort": "passwordHash", "filter": of_station},
        {"groupBy[]": "passwordHash", "filter": of_station},
        {"aggregate[min]": "passwordHash", "filter": of_station},
        {"aggregate[max]": "passwordHash", "filter": of_station},
        {"alias[shown]": "passwordHash", "fields": "shown", "filter": of_station},
        {"filter": json.dumps(begins)},
        {"search": hashed},
        {"export": "csv", "fields": "id,passwordHash", "filter": of_station},
    ]
    for person in (people.admin, operator.client):
        for query in queries:
            answer = await person.get("/items/VariableAttribute", params=query)
            assert hashed not in answer.text, query
            if not query.keys() & {"search", "export"}:
                assert answer.status_code == 403, (query, answer.text)
        related = {"variableAttributes": begins}
        for attempt in (
            person.get("/items/ChargingStation", params={"filter": json.dumps(related)}),
            person.get(
                "/items/ChargingStation",
                params={
                    "fields": "variableAttributes.id",
                    "deep": json.dumps({"variableAttributes": {"_filter": begins}}),
                },
            ),
            person.get(
                "/items/ChargingStation",
                params={
                    "fields": "variableAttributes.id",
                    "deep": json.dumps({"variableAttributes": {"_sort": ["passwordHash"]}}),
                },
            ),
            person.patch(
                "/items/ChargingStation",
                json={"query": {"filter": related}, "data": {"notes": "found"}},
            ),
        ):
            answer = await attempt
            assert answer.status_code == 403, answer.text
    for asked in (
        "{ VariableAttribute(limit: -1) { id passwordHash } }",
        '{ VariableAttribute(limit: -1, sort: ["passwordHash"]) { id } }',
        '{ VariableAttribute_aggregated(groupBy: ["passwordHash"]) { group } }',
    ):
        answer = await people.admin.post("/graphql", json={"query": asked})
        assert hashed not in answer.text


async def test_who_may_not_set_a_password_neither_sets_nor_plants_one(
    people: People, viewer: Person, service: httpx.AsyncClient, station: str
) -> None:
    for person in (viewer, people.anybody()):
        one = {"password": new_password()}
        answer = await person.client.patch(f"/items/ChargingStation/{station}", json=one)
        assert answer.status_code in {401, 403}, answer.text
        key = f"t-{uuid.uuid4().hex[:12]}"
        answer = await person.client.post("/items/ChargingStation", json={"id": key, **one})
        assert answer.status_code in {401, 403}, answer.text
        row = {
            "station": station,
            "component": "SecurityCtrlr",
            "variable": "BasicAuthPassword",
            "type": "Actual",
            "value": one["password"],
        }
        answer = await person.client.post("/items/VariableAttribute", json=row)
        assert answer.status_code in {401, 403}, answer.text
        made = await people.admin.post("/items/ChargingStation", json={"id": key})
        assert made.status_code == 200, made.text
        assert await hash_of(people, service, key) is None
        assert await hash_of(people, service, station) is None
        await people.admin.delete(f"/items/ChargingStation/{key}")


async def test_one_who_may_not_cannot_change_a_password_by_its_variable(
    people: People,
    operator: Person,
    viewer: Person,
    service: httpx.AsyncClient,
    station: str,
) -> None:
    _, hashed = await set_by_operator(people, operator, service, station)
    path = f"/items/VariableAttribute/{password_key(station)}"
    for person in (viewer, operator, people.anybody()):
        answer = await person.client.patch(path, json={"value": new_password()})
        assert answer.status_code in {401, 403}, answer.text
    assert await hash_of(people, service, station) == hashed


async def test_a_person_writes_no_hash_not_even_an_admin_nor_nested(
    people: People, operator: Person, service: httpx.AsyncClient, station: str
) -> None:
    _, hashed = await set_by_operator(people, operator, service, station)
    key = password_key(station)
    for person in (people.admin, operator.client):
        for field in HASHES:
            answer = await person.patch(f"/items/VariableAttribute/{key}", json={field: "x"})
            assert answer.status_code == 403, answer.text
            nested = {"variableAttributes": {"update": [{"id": key, field: "x"}]}}
            answer = await person.patch(f"/items/ChargingStation/{station}", json=nested)
            assert answer.status_code == 403, answer.text
            answer = await person.post(
                "/items/VariableAttribute", json={"station": station, field: "x"}
            )
            assert answer.status_code == 403, answer.text
    assert await hash_of(people, service, station) == hashed


async def test_a_new_station_takes_its_password_from_the_form(
    people: People, operator: Person, service: httpx.AsyncClient
) -> None:
    key, password = f"t-{uuid.uuid4().hex[:12]}", new_password()
    answer = await operator.client.post(
        "/items/ChargingStation", json={"id": key, "password": password}
    )
    assert answer.status_code == 200, answer.text
    assert password not in answer.text

    async def stored() -> bool:
        return await hash_of(people, service, key) is not None

    await until(stored)
    await people.admin.delete(f"/items/ChargingStation/{key}")


async def test_a_password_that_breaks_the_rules_is_refused_with_the_rule(
    operator: Person, station: str
) -> None:
    for bad in ("short", "with spaces in the middle", "x" * 41):
        answer = await operator.client.patch(
            f"/items/ChargingStation/{station}", json={"password": bad}
        )
        assert answer.status_code == 400, answer.text
        assert "16 to 40" in answer.text or "passwordString" in answer.text


async def test_only_the_services_account_reads_credentials(
    people: People, operator: Person, viewer: Person, service: httpx.AsyncClient
) -> None:
    for person in (people.admin, operator.client, viewer.client, people.anybody().client):
        assert (await person.get("/citrine/credentials")).status_code == 403
        body = {"collection": "OcppMessage", "rows": []}
        assert (await person.post("/citrine/upsert", json=body)).status_code == 403
        body = {"collection": "OcppMessage", "keys": []}
        assert (await person.post("/citrine/delete", json=body)).status_code == 403
    assert (await service.get("/citrine/credentials")).status_code == 200


async def test_a_password_of_another_type_is_refused_not_dropped(
    people: People, operator: Person, service: httpx.AsyncClient, station: str
) -> None:
    for odd in (1234567890123456, [new_password()], {"x": new_password()}):
        path = f"/items/ChargingStation/{station}"
        answer = await operator.client.patch(path, json={"password": odd})
        assert answer.status_code == 400, answer.text
        assert "16 to 40" in answer.text
    assert await hash_of(people, service, station) is None


async def test_a_password_for_a_station_that_is_not_there_makes_none(
    people: People, operator: Person
) -> None:
    path = f"/items/ChargingStation/t-{uuid.uuid4().hex[:12]}"
    for client in (people.admin, operator.client):
        answer = await client.patch(path, json={"password": new_password()})
        assert answer.status_code in {400, 403}, answer.text
    assert (await people.admin.get(path)).status_code in {403, 404}
