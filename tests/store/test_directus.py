"""The client: what Directus' answers mean, when it tries again, and what it says in the log."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from structlog.testing import capture_logs

from citrine_py.store.directus import (
    Directus,
    DirectusAway,
    DirectusFault,
    DirectusRefused,
    DirectusUnavailable,
)
from tests.store.support import InstantClock


def client(answer: Callable[[httpx.Request], httpx.Response], clock: InstantClock) -> Directus:
    transport = httpx.MockTransport(answer)
    return Directus(httpx.AsyncClient(base_url="http://directus", transport=transport), clock)


def error(status: int, code: str = "CODE", **headers: str) -> httpx.Response:
    body = {"errors": [{"message": "why", "extensions": {"code": code}}]}
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("answer", "kind", "attempts"),
    [
        (error(400, "INVALID_FOREIGN_KEY"), DirectusRefused, 1),
        (error(403, "FORBIDDEN"), DirectusRefused, 1),
        (error(413, "CONTENT_TOO_LARGE"), DirectusRefused, 1),
        (error(404, "ROUTE_NOT_FOUND"), DirectusUnavailable, 1),
        (error(401, "INVALID_CREDENTIALS"), DirectusAway, 1),
        (error(403, "INVALID_TOKEN"), DirectusAway, 1),
        (error(500, "INTERNAL_SERVER_ERROR"), DirectusFault, 1),
        (error(429, "REQUESTS_EXCEEDED"), DirectusAway, 3),
        (error(503, "SERVICE_UNAVAILABLE"), DirectusAway, 3),
        (httpx.Response(502, content=b"<html>"), DirectusAway, 3),
        (httpx.Response(200, content=b"<html>"), DirectusAway, 3),
        (httpx.Response(200), DirectusAway, 3),
        (httpx.Response(200, json={}), DirectusAway, 3),
        (httpx.Response(200, json=None), DirectusAway, 3),
        (httpx.Response(302, headers={"Location": "/login"}), DirectusAway, 3),
        (httpx.Response(400, content=b"<html>"), DirectusAway, 3),
        (httpx.Response(403, content=b"<html>"), DirectusAway, 1),
        (httpx.Response(404, content=b"<html>"), DirectusAway, 3),
        (httpx.Response(413, content=b"<html>"), DirectusRefused, 1),
    ],
)
async def test_each_answer_has_its_meaning(
    answer: httpx.Response, kind: type[Exception], attempts: int
) -> None:
    clock = InstantClock()
    directus = client(lambda request: answer, clock)
    with pytest.raises(kind) as caught:
        await directus.call("update", "PATCH", "/items/Site", [])
    assert type(caught.value) is kind
    assert directus.calls["update"] == attempts


async def test_our_endpoints_forbidding_is_not_the_rows_fault() -> None:
    directus = client(lambda request: error(403, "FORBIDDEN"), InstantClock())
    with pytest.raises(DirectusUnavailable):
        await directus.call("upsert", "POST", "/citrine/upsert", {})


async def test_retry_after_is_honoured_within_reason() -> None:
    clock = InstantClock()
    answers = [
        error(429, **{"Retry-After": "7"}),
        error(503, **{"Retry-After": "9999"}),
        httpx.Response(200, json={"data": 1}),
    ]
    directus = client(lambda request: answers.pop(0), clock)
    assert await directus.call("read", "GET", "/x") == 1
    assert clock.slept == [7.0, 30.0]


async def test_an_outage_is_logged_once_and_its_end_with_its_length() -> None:
    clock = InstantClock()
    working = False

    def answer(request: httpx.Request) -> httpx.Response:
        if not working:
            raise httpx.ConnectError("refused")
        return httpx.Response(204)

    directus = client(answer, clock)
    with capture_logs() as logs:
        for _ in range(5):
            with pytest.raises(DirectusAway):
                await directus.call("read", "GET", "/x")
        clock.time += 100
        working = True
        assert await directus.call("read", "GET", "/x") is None
    assert [each["event"] for each in logs] == ["directus.away", "directus.back"]
    assert logs[1]["seconds"] > 100
    assert directus.away_since is None


async def test_a_row_that_is_forbidden_is_no_closed_way() -> None:
    for code, error in (("FORBIDDEN", DirectusUnavailable), ("ROW_FORBIDDEN", DirectusRefused)):
        told = {"errors": [{"message": "no", "extensions": {"code": code}}]}
        directus = client(lambda request, told=told: httpx.Response(403, json=told), InstantClock())
        with pytest.raises(error):
            await directus.call("update", "POST", "/citrine/update", {})


@pytest.mark.parametrize(
    "told",
    [None, [], {}, {"Site": {}}, {"Site": {"mark": "m", "count": 1}},
     {"Site": {"mark": None, "changed": [], "count": 1}},
     {"Site": {"mark": "m", "changed": [1], "count": 1}}],
)  # fmt: skip
async def test_something_else_than_changes_is_no_answer(told: object) -> None:
    directus = client(lambda request: httpx.Response(200, json={"data": told}), InstantClock())
    with pytest.raises(DirectusAway):
        await directus.changes({"Site": None}, [])


async def test_something_else_than_rows_is_no_answer() -> None:
    directus = client(lambda request: httpx.Response(200, json={"data": 3}), InstantClock())
    with pytest.raises(DirectusAway):
        await directus.read("Site", ("id",))
