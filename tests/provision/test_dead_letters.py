"""What a real Directus refuses: seen by everybody, retried and given up by operators alone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from citrine_py import files
from citrine_py.model.keys import dead_letter_key, evse_key
from citrine_py.provision.definition import load
from tests.people import Json, until
from tests.provision.people import People, Person

pytestmark = pytest.mark.stack

PATH = "/data/store/deadLetter"
EVSE_PATH = "/data/configuration/evse"
FLOWS = {str(flow.data["name"]): flow.id for flow in load(files.directus_folder()).flows}


class Rule:
    """A validation of Evse.name that refuses one word, which no other test writes."""

    def __init__(self, admin: httpx.AsyncClient) -> None:
        self._admin = admin
        self.word = f"bad-{uuid.uuid4().hex[:8]}"

    async def be(self, validation: Json | None) -> None:
        body = {"meta": {"validation": validation}}
        answer = await self._admin.patch("/fields/Evse/name", json=body)
        assert answer.status_code == 200, answer.text

    async def make(self) -> None:
        await self.be({"name": {"_neq": self.word}})

    async def drop(self) -> None:
        await self.be(None)


@pytest.fixture
async def rule(people: People) -> AsyncIterator[Rule]:
    made = Rule(people.admin)
    await made.make()
    yield made
    await made.drop()


@pytest.fixture
async def letter(
    rule: Rule, api: httpx.AsyncClient, station: str, people: People
) -> AsyncIterator[str]:
    """The id of the letter of a refused name."""
    query = {"stationId": station, "evseId": "1"}
    answer = await api.put(EVSE_PATH, params=query, json={"name": rule.word})
    assert (answer.status_code, "Directus refused it" in answer.text) == (400, True)
    key = dead_letter_key("Evse", evse_key(station, 1))
    await until(lambda: is_there(people.admin, "DeadLetter", key))
    yield key
    await api.delete(PATH, params={"id": key})


async def row(client: httpx.AsyncClient, collection: str, key: str) -> Json | None:
    params = {"filter[id][_eq]": key}
    answer = await client.get(f"/items/{collection}", params=params)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["data"]
    return found[0] if found else None


async def is_there(client: httpx.AsyncClient, collection: str, key: str) -> bool:
    return await row(client, collection, key) is not None


async def gone(admin: httpx.AsyncClient, api: httpx.AsyncClient, letter: str) -> None:
    """The letter is gone, in Directus and in the service."""

    async def seen() -> bool:
        found = (await api.get(PATH, params={"id": letter})).json()
        return found == [] and not await is_there(admin, "DeadLetter", letter)

    await until(seen)


async def press(person: Person, flow: str, letter: str) -> httpx.Response:
    body = {"collection": "DeadLetter", "keys": [letter]}
    return await person.client.post(f"/flows/trigger/{FLOWS[flow]}", json=body)


async def test_a_refused_name_is_put_right_and_retried_by_the_button(
    people: People, operator: Person, api: httpx.AsyncClient, rule: Rule, station: str, letter: str
) -> None:
    held = await row(operator.client, "DeadLetter", letter)
    assert held is not None
    assert (held["station"], held["collection"], held["status"]) == (station, "Evse", "Open")
    assert held["payload"] == {"station": station, "evseId": 1, "name": rule.word}
    assert held["code"] == "FAILED_VALIDATION"
    assert 'field "name"' in held["reason"]

    # the others flow
    query = {"stationId": station, "evseId": "2"}
    answer = await api.put(EVSE_PATH, params=query, json={"name": "good"})
    assert (answer.status_code, answer.json()["name"]) == (200, "good")
    assert await is_there(people.admin, "Evse", evse_key(station, 2))

    # too early
    assert (await press(operator, "Retry", letter)).status_code == 200
    note = (await operator.notes())[0]
    assert "failed" in note["subject"], note
    assert "Refused again: A field's rule is broken" in note["message"]
    held = await row(operator.client, "DeadLetter", letter)
    assert held is not None
    assert (held["status"], held["timesRefused"]) == ("Open", 2)

    # put right
    await rule.drop()
    assert (await press(operator, "Retry", letter)).status_code == 200
    note = (await operator.notes())[0]
    assert note["subject"] == f"Retry: Evse {evse_key(station, 1)} done"
    await gone(people.admin, api, letter)
    evse = await row(people.admin, "Evse", evse_key(station, 1))
    assert evse is not None
    assert (evse["name"], evse["station"]) == (rule.word, station)


async def test_a_retry_is_asked_for_in_the_form_too(
    people: People, operator: Person, api: httpx.AsyncClient, rule: Rule, station: str, letter: str
) -> None:
    path = f"/items/DeadLetter/{letter}"
    answer = await operator.client.patch(path, json={"status": "Perhaps"})
    assert answer.status_code == 400
    await rule.drop()
    answer = await operator.client.patch(path, json={"status": "Retry"})
    assert answer.status_code == 200, answer.text
    await gone(people.admin, api, letter)
    assert await is_there(people.admin, "Evse", evse_key(station, 1))


async def discard_by_button(operator: Person, letter: str, _api: httpx.AsyncClient) -> None:
    assert (await press(operator, "Discard", letter)).status_code == 200
    assert "given up" in (await operator.notes())[0]["message"]


async def discard_in_the_form(operator: Person, letter: str, _api: httpx.AsyncClient) -> None:
    answer = await operator.client.patch(f"/items/DeadLetter/{letter}", json={"status": "Discard"})
    assert answer.status_code == 200, answer.text


async def discard_by_deletion(operator: Person, letter: str, _api: httpx.AsyncClient) -> None:
    answer = await operator.client.delete(f"/items/DeadLetter/{letter}")
    assert answer.status_code == 204, answer.text


async def discard_by_the_api(_operator: Person, letter: str, api: httpx.AsyncClient) -> None:
    answer = await api.delete(PATH, params={"id": letter})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "discard", [discard_by_button, discard_in_the_form, discard_by_deletion, discard_by_the_api]
)
async def test_an_operator_gives_it_up(
    people: People,
    operator: Person,
    api: httpx.AsyncClient,
    station: str,
    letter: str,
    discard: Callable[[Person, str, httpx.AsyncClient], Awaitable[None]],
) -> None:
    await discard(operator, letter, api)
    await gone(people.admin, api, letter)
    assert not await is_there(people.admin, "Evse", evse_key(station, 1))


async def test_an_operator_writes_the_status_and_makes_no_letter(
    operator: Person, letter: str
) -> None:
    path = f"/items/DeadLetter/{letter}"
    for field, value in (("reason", "x"), ("payload", {}), ("timesRefused", 0)):
        answer = await operator.client.patch(path, json={field: value})
        assert answer.status_code == 403, field
    made: dict[str, Any] = {"id": str(uuid.uuid4()), "status": "Retry"}
    answer = await operator.client.post("/items/DeadLetter", json=made)
    assert answer.status_code == 403


async def test_a_viewer_sees_it_and_can_do_nothing(
    people: People, viewer: Person, letter: str
) -> None:
    path = f"/items/DeadLetter/{letter}"
    assert (await viewer.client.get(path)).status_code == 200
    assert (await viewer.client.patch(path, json={"status": "Discard"})).status_code == 403
    assert (await viewer.client.delete(path)).status_code == 403
    for flow in ("Retry", "Discard"):
        answer = await press(viewer, flow, letter)
        assert answer.status_code == 403
        assert "operator" in answer.text.lower()
        assert (await press(people.anybody(), flow, letter)).status_code in {401, 403}
    held = await row(people.admin, "DeadLetter", letter)
    assert held is not None
    assert (held["status"], held["timesRefused"]) == ("Open", 1)


async def test_the_metric_counts_them(api: httpx.AsyncClient, letter: str) -> None:
    text = (await api.get("/metrics")).text
    (line,) = [each for each in text.splitlines() if each.startswith("citrine_dead_letters ")]
    assert float(line.split()[1]) >= 1, letter
