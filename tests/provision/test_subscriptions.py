"""Webhooks as operators make them in Directus: in force at once, with how they go on the row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.api.receiver import Receiver, receiver
from tests.people import until
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

HEARTBEAT = '[2,"m1","Heartbeat",{}]'


def shows(person: Person, path: str, so: Callable[[Any], bool]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return so((await person.client.get(path)).json()["data"])

    return look


async def test_a_webhook_made_in_directus_works_at_once_and_says_how_it_goes(
    stack: Stack, api: httpx.AsyncClient, operator: Person, viewer: Person, station: str
) -> None:
    async with receiver(500) as hook:
        row = {
            "url": f"http://{hook.address}/told",
            "stationId": station,
            "onConnect": True,
            "onMessage": True,
            "messageRegexFilter": '"Heartbeat"',
        }
        assert (await viewer.client.post("/items/Subscription", json=row)).status_code == 403
        made = await operator.client.post("/items/Subscription", json=row)
        assert made.status_code == 200, made.text
        path = f"/items/Subscription/{made.json()['data']['id']}"
        key = made.json()["data"]["id"]

        async def in_force() -> bool:
            rows = await api.get("/data/ocpprouter/subscription", params={"id": key})
            return bool(rows.json())

        try:
            await until(in_force)
            await told_of_a_connection(stack, station, hook)
            await until(shows(operator, path, lambda now: bool(now["lastDeliveredAt"])))
            now = (await operator.client.get(path)).json()["data"]
            assert (now["failures"], now["lastFailure"]) == (0, "status 500")
            assert now["problem"] is None
        finally:
            assert (await operator.client.delete(path)).status_code == 204


async def told_of_a_connection(stack: Stack, station: str, hook: Receiver) -> None:
    url = f"{stack.websocket_urls[0]}/{station}"
    async with connect(url, subprotocols=["ocpp2.0.1"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(HEARTBEAT)
        await socket.recv()
        posts = await hook.received(3)
    events = [post.body["event"] for post in posts]
    assert events == ["connected", "connected", "message"], "the first was tried twice"
    assert posts[2].body["message"] == HEARTBEAT
    assert {post.station for post in posts} == {station}


async def test_one_that_cannot_work_says_why(
    operator: Person, people: People, api: httpx.AsyncClient
) -> None:
    row = {"url": "http://169.254.169.254/x", "onConnect": True}
    made = await operator.client.post("/items/Subscription", json=row)
    path = f"/items/Subscription/{made.json()['data']['id']}"
    problem = "url: callbacks to 169.254.169.254 are denied"
    try:
        await until(shows(operator, path, lambda now: now["problem"] == problem))
        answer = await operator.client.patch(path, json={"url": "http://127.0.0.1:9/x"})
        assert answer.status_code == 200, answer.text
        await until(shows(operator, path, lambda now: now["problem"] is None))
        changed = await operator.client.patch(path, json={"problem": "none"})
        assert changed.status_code == 403
        wrong = await operator.client.post("/items/Subscription", json={"url": "mailto:me"})
        assert wrong.status_code == 400
    finally:
        await people.admin.delete(path)


async def test_with_a_station_goes_its_webhook(
    operator: Person, people: People, api: httpx.AsyncClient, station: str
) -> None:
    path = "/data/ocpprouter/subscription"
    body = {"url": "http://127.0.0.1:9/x", "stationId": station, "onClose": True}
    key = (await api.post(path, json=body)).json()
    assert (await operator.client.get(f"/items/Subscription/{key}")).status_code == 200
    await people.admin.delete(f"/items/ChargingStation/{station}")
    assert (await operator.client.get(f"/items/Subscription/{key}")).status_code == 403


async def test_a_preference_is_the_same_in_directus(
    operator: Person, people: People, api: httpx.AsyncClient
) -> None:
    path = "/data/ocpprouter/userPreferences"
    try:
        answer = await api.put(path, params={"key": "t-theme"}, json={"value": "dark"})
        assert answer.json() is True
        shown = (await operator.client.get("/items/UserPreference/t-theme")).json()["data"]
        assert shown["value"] == '"dark"'
    finally:
        await people.admin.delete("/items/UserPreference/t-theme")
