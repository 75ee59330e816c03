"""The log shows decisions and no secrets."""

import io
import json

import pytest
import structlog

from citrine_py.log import STRUCK_OUT, set_up, strike_secrets


@pytest.fixture(autouse=True)
def _restore_structlog():
    yield
    structlog.reset_defaults()


def test_values_named_as_secrets_are_struck_out():
    event = strike_secrets(
        None,
        "info",
        {"event": "password.set", "newPassword": "x", "api_token": "y", "station": "z"},
    )
    assert event == {
        "event": "password.set",
        "newPassword": STRUCK_OUT,
        "api_token": STRUCK_OUT,
        "station": "z",
    }


def test_production_logs_are_one_json_object_a_line():
    stream = io.StringIO()
    set_up("info", "auto", stream)
    structlog.get_logger().info("boot.accepted", station="cp001")
    structlog.get_logger().debug("too.quiet")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "boot.accepted"


def test_a_console_gets_readable_lines():
    stream = io.StringIO()
    set_up("info", "console", stream)
    structlog.get_logger().info("boot.accepted", station="cp001")
    assert "boot.accepted" in stream.getvalue()
    assert "station=cp001" in stream.getvalue()
