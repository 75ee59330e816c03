"""Tokens as operators make them in Directus: under the key that the service gives, and at once."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from citrine_py.model.keys import authorization_key
from tests.people import until
from tests.provision.people import People, Person

pytestmark = pytest.mark.stack


@pytest.fixture
async def card(people: People) -> AsyncIterator[str]:
    """A token's id in mixed case that nobody has entered."""
    name = f"Ab|c\\{uuid.uuid4().hex[:12].upper()}"
    yield name
    await people.admin.delete(f"/items/Authorization/{authorization_key(name, 'ISO14443')}")


async def enter(person: Person, card: str, **more: Any) -> httpx.Response:
    fields = {"idToken": card, "type": "ISO14443", **more}
    return await person.client.post("/items/Authorization", json=fields)


async def test_a_row_made_by_hand_has_the_services_key_and_is_accepted(
    operator: Person, api: httpx.AsyncClient, card: str
) -> None:
    answer = await enter(operator, card, id=str(uuid.uuid4()))
    assert answer.status_code == 200, answer.text
    row = answer.json()["data"]
    assert row["id"] == authorization_key(card.lower(), "ISO14443")
    assert (row["status"], row["inLocalList"]) == ("Accepted", False)

    async def served() -> bool:
        params = {"idToken": card.lower(), "type": "ISO14443"}
        found = await api.get("/data/evdriver/authorization", params=params)
        return [each["idToken"] for each in found.json()] == [card]

    await until(served)


async def test_the_api_meets_the_row_that_was_made_by_hand(
    people: People, operator: Person, api: httpx.AsyncClient, card: str
) -> None:
    await enter(operator, card, holder="Ada")
    key = authorization_key(card, "ISO14443")
    params = {"idToken": card.upper(), "type": "ISO14443"}

    async def served() -> bool:
        return len((await api.get("/data/evdriver/authorization", params=params)).json()) == 1

    await until(served)
    body = {"idTokenInfo": {"status": "Blocked"}, "stations": ["cp001"]}
    answer = await api.put("/data/evdriver/authorization", params=params, json=body)
    assert answer.status_code == 200, answer.text
    row = (await people.admin.get(f"/items/Authorization/{key}")).json()["data"]
    assert (row["holder"], row["status"], row["idToken"]) == ("Ada", "Blocked", card)
    assert row["stations"] == [{"key": "cp001", "collection": "ChargingStation"}]


async def test_the_same_token_cannot_be_entered_twice(operator: Person, card: str) -> None:
    assert (await enter(operator, card)).status_code == 200
    again = await enter(operator, card.lower())
    assert again.status_code == 400
    assert "unique" in again.text


async def test_a_tokens_id_and_type_stay_as_they_are(operator: Person, card: str) -> None:
    await enter(operator, card)
    path = f"/items/Authorization/{authorization_key(card, 'ISO14443')}"
    for change in ({"type": "KeyCode"}, {"idToken": "other"}):
        answer = await operator.client.patch(path, json=change)
        assert answer.status_code == 400, answer.text
        assert "cannot be changed" in answer.text
    same = {"idToken": card.lower(), "status": "Blocked"}
    assert (await operator.client.patch(path, json=same)).status_code == 200


async def test_a_start_buttons_token_is_empty_and_no_other_is(
    people: People, operator: Person
) -> None:
    answer = await operator.client.post("/items/Authorization", json={"type": "NoAuthorization"})
    key = authorization_key("", "NoAuthorization")
    assert answer.json()["data"]["id"] == key
    await people.admin.delete(f"/items/Authorization/{key}")
    for wrong in ({"type": "KeyCode"}, {"type": "KeyCode", "idToken": "  "}, {"idToken": "x"}):
        answer = await operator.client.post("/items/Authorization", json=wrong)
        assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"timeZone": "Mars/Olympus"}, "Europe/Berlin"),
        ({"timesAllowed": [{"from": "8 o'clock", "to": "18:00"}]}, "08:00"),
        ({"timesAllowed": [None]}, "08:00"),
        ({"evseIds": ["one"]}, "numbers"),
        ({"stations": "cp001"}, "a list"),
        ({"status": "Fine"}, "One of"),
        ({"chargingPriority": 12}, "-9 to 9"),
    ],
)
async def test_a_mistake_in_the_form_is_explained(
    operator: Person, card: str, fields: dict[str, Any], told: str
) -> None:
    answer = await enter(operator, card, **fields)
    assert answer.status_code == 400, answer.text
    assert told in answer.text or "Validation failed" in answer.text


async def test_viewers_see_tokens_and_change_none(
    operator: Person, viewer: Person, card: str
) -> None:
    await enter(operator, card)
    path = f"/items/Authorization/{authorization_key(card, 'ISO14443')}"
    assert (await viewer.client.get(path)).json()["data"]["idToken"] == card
    assert (await viewer.client.patch(path, json={"status": "Blocked"})).status_code == 403
    assert (await enter(viewer, f"{card}2")).status_code == 403
    assert (await operator.client.delete(path)).status_code == 204
