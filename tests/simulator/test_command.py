"""`citrine-py simulate`: what its options become."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from citrine_py.errors import BadRequest, CitrineError
from citrine_py.settings import Settings
from citrine_py.simulator import command
from citrine_py.simulator.car import CarModel
from citrine_py.simulator.scenarios import SCENARIOS, Drive


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, chargers={"open_port": 7001, "password_port": 7002}, **more)


def test_the_port_follows_from_the_password() -> None:
    (config,) = command.configurations(settings(), options())
    assert (config.id, config.url, config.password) == ("cp001", "ws://127.0.0.1:7001", None)
    (config,) = command.configurations(settings(), options("--password", "p" * 20))
    assert config.url == "ws://127.0.0.1:7002"


def test_every_option_reaches_the_station() -> None:
    told = options(
        "--url", "ws://h:1", "--station", "x1", "--count", "2", "--variables", "500",
        "--connectors", "3", "--model", "M", "--vendor", "V", "--serial", "S", "--scenario", "boot",
    )  # fmt: skip
    first, second = command.configurations(settings(), told)
    assert (first.id, second.id, first.url) == ("x1", "x2", "ws://h:1")
    assert (first.variables, first.evses, first.scenario) == (500, 3, "boot")
    assert (first.plate.model, first.plate.vendor, first.plate.serial) == ("M", "V", "S")


def test_a_car_comes_as_the_options_say() -> None:
    told = options(
        "--car", "--token", "CARD1", "--battery", "80", "--soc", "10", "--dc", "--iso15118",
        "--minutes", "45", "--every", "90", "--ends", "cable", "--cars", "2", "--speed", "60",
    )  # fmt: skip
    (config,) = command.configurations(settings(), told)
    assert config.drive == Drive(
        token="CARD1", token_type="ISO14443", minutes=45, every=90, ends="cable", cars=2,
        car=CarModel(battery=80, soc=10, power=120, talks=True),
    )  # fmt: skip
    assert (config.direct_current, config.speed) == (True, 60)


def test_without_a_token_the_driver_presses_a_button() -> None:
    (config,) = command.configurations(settings(), options("--scenario", "offline-queue"))
    assert config.drive == Drive()
    assert config.drive.token_type == "NoAuthorization"


def test_no_car_comes_unasked_and_now_and_then_in_the_demo() -> None:
    assert command.drive(options()) is None
    demo = command.drive(options("--demo"))
    assert demo is not None
    assert (demo.every, demo.minutes) == (15, 8)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--url", "http://h"],
        ["--count", "20000"],
        ["--speed", "0"],
        ["--car", "--cars", "3"],
        ["--car", "--soc", "101"],
    ],
)
def test_options_that_make_no_sense_are_told(wrong: list[str]) -> None:
    with pytest.raises(BadRequest):
        command.configurations(settings(), options(*wrong))


def test_a_missing_port_is_told() -> None:
    only_open = settings(listeners=[{"id": "open", "port": 1, "allow_unknown_stations": True}])
    with pytest.raises(BadRequest, match="security profile 1"):
        command.configurations(only_open, options("--password", "p" * 20))


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--scenario", "dance"]])
def test_values_out_of_range_are_wrong_usage(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        options(*wrong)


def test_help_tells_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert all(name.split("-")[0] in shown for name in SCENARIOS)
    assert "--stations" in shown


class _Api(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, str | None, Any]] = []
    status = 200

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append((self.command, self.path, self.headers.get("Authorization"), body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def api() -> Iterator[type[_Api]]:
    kind: Any = type("Api", (_Api,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    kind.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_demo_sets_the_boot_to_pending_with_report(api: Any) -> None:
    command.set_boot_pending(settings(api={"port": api.port, "token": "t-1"}), "cp001")
    assert api.seen == [
        (
            "PUT",
            "/data/configuration/boot?stationId=cp001",
            "Bearer t-1",
            {"status": "Pending", "getBaseReportOnPending": True},
        )
    ]


def test_demo_tells_when_the_api_refuses_or_is_away(api: Any) -> None:
    api.status = 401
    with pytest.raises(CitrineError, match="HTTP 401"):
        command.set_boot_pending(settings(api={"port": api.port}), "cp001")
    with pytest.raises(CitrineError, match="make up"):
        command.set_boot_pending(settings(api={"port": 1}), "cp001")
