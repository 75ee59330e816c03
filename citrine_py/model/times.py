"""Times as OCPP and Directus write them: UTC, ISO 8601 with milliseconds and a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """`moment` (timezone-aware) as `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The moment that an ISO 8601 text names; UTC when it names no zone.

    Raises:
        ValueError: the text is no ISO 8601 date and time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
