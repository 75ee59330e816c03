"""How the edge logs an exception: where it happened, not what it says.

An exception's text may quote a payload or a header, and with it a secret.
"""

from __future__ import annotations

import traceback

import structlog

log = structlog.get_logger()


def log_failure(event: str, error: Exception, **more: str) -> None:
    """Logs the error's type and the lines it came through."""
    lines = "".join(traceback.format_tb(error.__traceback__))
    log.error(event, error=type(error).__name__, traceback=lines, **more)
