"""Who may call: everybody on this machine but web pages; beyond it, who has the token."""

from __future__ import annotations

import pytest

from tests.api.world import World, running

PATH = "/data/configuration/boot?stationId=cp001"
TOKEN = "s3cret-tök"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LOCALHOST", "api.localhost", "127.0.0.1:1", "[::1]:8"]
)
async def test_on_loopback_no_token_is_needed_under_a_loopback_name(
    world: World, host: str
) -> None:
    assert (await world.call("GET", PATH, headers={"Host": host}))[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "10.0.0.1", "[", ""]
)
async def test_another_host_name_is_refused_as_dns_rebinding(world: World, host: str) -> None:
    status, answer = await world.call("GET", PATH, headers={"Host": host})

    assert (status, answer["success"]) == (403, False)
    assert "Host" in answer["payload"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:3000", 403),
        ("http://[", 403),
        ("http://localhost:8080", 200),
        ("https://LOCALHOST:8080", 200),
    ],
)
async def test_a_page_of_another_origin_is_refused(world: World, origin: str, status: int) -> None:
    headers = {"Host": "localhost:8080", "Origin": origin}
    assert (await world.call("PUT", PATH, {}, headers=headers))[0] == status


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer ", "Basic Y3A6cHc=", "s3cret", "Bearer \udcff"]
)
@pytest.mark.parametrize("on_loopback", [True, False])
async def test_a_token_that_is_sent_must_be_right(given: str, on_loopback: bool) -> None:
    async with running(token=TOKEN, on_loopback=on_loopback) as world:
        raw = given.encode("utf-8", "surrogateescape").decode("latin-1")
        try:
            status, answer, headers = await world.call_for_headers(
                "GET", PATH, headers={"Authorization": raw}
            )
        except ValueError:  # the client cannot send it
            return
    assert (status, answer["success"]) == (401, False)
    assert headers["WWW-Authenticate"].startswith("Bearer")


async def test_beyond_loopback_a_call_without_token_is_told_so() -> None:
    async with running(token=TOKEN, on_loopback=False) as world:
        for path in (PATH, "/metrics", "/nowhere", "/ocpp/configuration/reset"):
            status, answer, headers = await world.call_for_headers("GET", path)
            assert status == 401
            assert answer["payload"].startswith("this API needs a token")
            assert headers["WWW-Authenticate"] == 'Bearer realm="citrine-py"'


async def test_beyond_loopback_the_token_opens_under_any_name_and_origin() -> None:
    async with running(token=TOKEN, on_loopback=False) as world:
        headers = {**RIGHT, "Host": "csms.example", "Origin": "https://ops.example"}
        assert (await world.call("PUT", PATH, {}, headers=headers))[0] == 200


async def test_beyond_loopback_health_and_documentation_are_open() -> None:
    async with running(token=TOKEN, on_loopback=False) as world:
        for path in ("/health/live", "/health/ready", "/docs", "/docs/json", "/docs/start.js",
                     "/docs/assets/swagger-ui.css", "/openapi.json"):  # fmt: skip
            assert (await world.call("GET", path))[0] == 200


async def test_beyond_loopback_without_a_token_set_nobody_gets_in() -> None:
    async with running(on_loopback=False) as world:
        assert (await world.call("GET", PATH))[0] == 401
        assert (await world.call("GET", PATH, headers={"Authorization": "Bearer "}))[0] == 401
        assert (await world.call("GET", PATH, headers={"Authorization": "Bearer None"}))[0] == 401


async def test_path_tricks_do_not_pass_for_documentation() -> None:
    async with running(token=TOKEN, on_loopback=False) as world:
        for path in ("/docs/../metrics", "/docs/%2e%2e/metrics", "//docs/x", "/docsx"):
            from yarl import URL

            url = URL(world.base + path, encoded=True)
            async with world.client.get(url, allow_redirects=False) as answer:
                assert answer.status in {401, 404}
