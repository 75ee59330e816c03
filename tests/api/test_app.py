"""The application as a whole: every answer is JSON, every request is told and counted."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from structlog.testing import capture_logs

from citrine_py.api.app import ApiServer
from citrine_py.errors import CitrineError
from tests.api.world import CONFIG, World, running


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/nowhere", 404, "/docs"),
        ("GET", "/data", 404, "/docs"),
        ("GET", "/ocpp/configuration/heartbeat?identifier=cp001", 404, "/docs"),
        ("GET", "/ocpp/1.6/configuration/reset", 404, "/docs"),
        ("GET", "/ocpp/configuration/reset", 405, "POST"),
        ("POST", "/data/configuration/boot?stationId=cp001", 405, "DELETE, GET, HEAD, PUT"),
        ("PATCH", "/data/configuration/password", 405, "POST"),
        ("OPTIONS", "/data/configuration/boot", 405, "PUT"),
        ("PROPFIND", "/docs", 405, "GET"),
    ],
)
async def test_unknown_paths_and_methods_are_told_in_json(
    world: World, method: str, path: str, status: int, told: str
) -> None:
    got, answer, headers = await world.call_for_headers(method, path)

    assert got == status
    assert answer["success"] is False
    assert told in answer["payload"]
    assert ("Allow" in headers) == (status == 405)


async def test_a_body_beyond_the_limit_is_413() -> None:
    async with running(body_limit=1000) as world:
        assert await world.call("PUT", "/data/configuration/boot?stationId=cp001", b" " * 1001) == (
            413,
            {"success": False, "payload": "the body is too large"},
        )


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_encoded_wrongly_is_the_callers_mistake(
    world: World, encoding: str
) -> None:
    status, answer = await world.call(
        "PUT",
        "/data/configuration/boot?stationId=cp001",
        b"no such encoding",
        headers={"Content-Encoding": encoding},
    )
    assert (status, answer["success"]) == (400, False)


async def test_a_fault_of_ours_is_500_without_its_words_and_logged(world: World) -> None:
    world.records.failing = RuntimeError("the secret inside")
    with capture_logs() as logs:
        status, answer = await world.call("PUT", "/data/configuration/boot?stationId=cp001", {})

    assert (status, answer["success"]) == (500, False)
    assert "secret" not in answer["payload"]
    assert [log["event"] for log in logs] == ["api.failed", "api.answered"]


async def test_each_request_is_one_log_line_without_query_and_body(world: World) -> None:
    with capture_logs() as logs:
        await world.call(
            "POST",
            "/data/configuration/password?callbackUrl=u:hidden@csms.invalid",
            {"stationId": "cp001", "password": "hidden"},
        )
        await world.call("GET", "/health/live")

    told = [log for log in logs if log["event"] == "api.answered"]
    assert [(log["route"], log["status"], log["log_level"]) for log in told] == [
        ("/data/configuration/password", 200, "info"),
        ("/health/live", 200, "debug"),
    ]
    assert "hidden" not in str(logs)


async def test_the_root_leads_to_the_documentation(world: World) -> None:
    status, _, headers = await world.call_for_headers("GET", "/")
    assert (status, headers["Location"]) == (302, "/docs")


async def test_a_taken_port_gives_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = ApiServer(_on(port), World().ports())
        with pytest.raises(CitrineError) as error:
            await server.start()
        await server.stop()

    text = str(error.value)
    assert text.startswith(f"port {port} on 127.0.0.1, for the API, is taken")
    assert "CITRINE_API_PORT" in text
    assert "\n" not in text


async def test_it_stops_twice_and_frees_its_port() -> None:
    server = ApiServer(CONFIG, World().ports())
    await server.start()
    port = server.port
    await server.stop()
    await server.stop()
    again = ApiServer(_on(port), World().ports())
    await again.start()
    assert again.port == port
    await again.stop()


def _on(port: int) -> Any:
    from dataclasses import replace

    return replace(CONFIG, port=port)


def test_the_configuration_does_not_show_its_token() -> None:
    from dataclasses import replace

    assert "hidden" not in repr(replace(CONFIG, token="hidden"))


async def test_a_thousand_stations_fit_into_one_request(world: World) -> None:
    stations = [f"station-with-a-long-name-{number:04}" for number in range(1000)]
    world.requests.answers.update({station: {"status": "Accepted"} for station in stations})
    query = "&".join(f"identifier={station}" for station in stations)

    status, results = await world.call("POST", f"/ocpp/evdriver/clearCache?{query}")

    assert (status, len(results)) == (200, 1000)
    status, answer = await world.call(
        "POST", f"/ocpp/evdriver/clearCache?{query}&identifier=one-more"
    )
    assert (status, answer["payload"]) == (400, "at most 1000 stations in one call")


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer hidden\x01\r\n\r\n",
        "GET /hidden" + "x" * 70_000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "hidden\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_400_and_a_log_line_without_its_words(
    world: World, request_text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(world.base.rpartition(":")[2])
    with capture_logs() as logs:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_text.encode())
        answer = await reader.read(100)
        writer.close()
        await writer.wait_closed()

    assert b" 400 " in answer.splitlines()[0]
    assert {log["event"] for log in logs} <= {"api.unreadable"}
    captured = capfd.readouterr()
    assert "hidden" not in str(logs) + captured.out + captured.err
