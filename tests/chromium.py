"""The Chromium that browser tests drive, and how it is started so that it asks nobody outside."""

from __future__ import annotations

import os
import shutil

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def program() -> str | None:
    """The one that make found, else the machine's; None for the one playwright installed."""
    installed = filter(None, map(shutil.which, _PROGRAMS))
    return os.environ.get("CITRINE_TEST_CHROMIUM") or next(installed, None)
