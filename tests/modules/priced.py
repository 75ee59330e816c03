"""Sessions to be priced, as a Transaction tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from citrine_py.model.tariffs import Tariff


def utc(text: str) -> datetime:
    """A moment in UTC, `2026-01-15T21:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def segment(start: str, minutes: float, state: str | None, wh: float = 0) -> dict[str, Any]:
    """A segment as JSON holds it."""
    begin = utc(start)
    end = begin + timedelta(minutes=minutes)
    return {"from": begin.isoformat(), "to": end.isoformat(), "state": state, "energyWh": wh}


@dataclass(frozen=True)
class Session:
    """costs.PricedSession, as a test needs it."""

    segments: Sequence[Mapping[str, Any]] | None = None
    station: str | None = "cp001"
    evseId: int | None = 1  # noqa: N815
    connectorId: int | None = 1  # noqa: N815
    startedAt: datetime | None = None  # noqa: N815
    endedAt: datetime | None = None  # noqa: N815
    energyWh: float | None = None  # noqa: N815
    chargingSeconds: float | None = None  # noqa: N815
    idleSeconds: float | None = None  # noqa: N815
    tariff: str | None = None
    costBreakdown: Mapping[str, Any] | None = None  # noqa: N815
    transactionId: str | None = "tx1"  # noqa: N815


def tariff(**fields: Any) -> Tariff:
    """A tariff of Berlin: 0.45 EUR/kWh."""
    usual = {"currency": "EUR", "timeZone": "Europe/Berlin", "pricePerKwh": "0.45"}
    return Tariff(**{"id": "t1", **usual, **fields})


NIGHT: dict[str, Any] = {"name": "Night", "from": "22:00", "to": "06:00", "pricePerKwh": 0.3}
