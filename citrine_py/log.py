"""structlog, set up once by the roots: JSON in production, readable on a terminal.

Everybody else only calls `structlog.get_logger()`. Values under a secret's name
are struck out here, as the last net under the rule that nobody logs one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO

import structlog

_SECRET_WORDS = ("password", "token", "authorization", "secret", "hash")
STRUCK_OUT = "**********"


def strike_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """A structlog processor: hides values whose name says that they are secret."""
    for name in event:
        if name != "event" and any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = STRUCK_OUT
    return event


def set_up(
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "json", "console"] = "auto",
    stream: TextIO | None = None,
) -> None:
    """Configures structlog, and the standard library's loggers of others to warnings."""
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer()
    )
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        strike_secrets,
    ]
    if not console:
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream, force=True)
