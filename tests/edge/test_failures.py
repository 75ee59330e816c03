"""An exception is logged with its place and without its words."""

import structlog

from citrine_py.edge.failures import log_failure


def test_the_log_tells_where_and_not_what():
    secret = "hunter" + "2"
    with structlog.testing.capture_logs() as logs:
        try:
            {}[secret]
        except KeyError as error:
            log_failure("call.failed", error, action="Reset")
    (line,) = logs
    assert (line["event"], line["error"], line["action"]) == ("call.failed", "KeyError", "Reset")
    assert "test_failures.py" in line["traceback"]
    assert "hunter2" not in str(line)
