"""What floors and blocks ask of each other about what charging costs and meters sign; see
`ports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from citrine_py.model.costs import Cost, OpenTransaction, PricedSession
from citrine_py.model.transactions import SignatureStatus
from citrine_py.ports import Payload


class MeterSignatures(Protocol):
    def __call__(self, station: str, signed: Payload) -> tuple[SignatureStatus, str | None]:
        """Whether OCPP's SignedMeterValueType is what the meter signed; else why not. The latest
        key of each meter is remembered."""


class RemoteStarts(Protocol):
    async def began(self, station: str, transaction_id: str, remote_start_id: int) -> None:
        """A station has said that its transaction is the one that this remote start asked for
        (F01). Durable on return."""


class Pricing(Protocol):
    """What a transaction costs, from memory."""

    def running(self, transaction: PricedSession, until: datetime) -> Cost | None:
        """The cost so far (I02): its last state is taken to go on `until` then. None without
        a tariff."""

    def final(self, transaction: PricedSession) -> Cost | None:
        """The cost of a transaction that has ended (I03). None without a tariff."""


class OpenTransactions(Protocol):
    """Which transactions go on."""

    def active(self) -> Sequence[OpenTransaction]:
        """Those that have begun and not ended, of all stations, from memory."""


class Tariffs(Protocol):
    """Tariffs, as people want to know them before they charge."""

    def text(
        self, station: str, *, evse_id: int | None, at: datetime, language: str | None
    ) -> str | None:
        """The tariff that holds at a station, as a driver is told it (I01): at most 512
        characters, in `language` (RFC 5646) if it is one that we speak, else in English.
        None without a tariff."""

    def told(self, tariff: str, language: str | None) -> str:
        """The text of one tariff. Raises as `preview`."""

    def preview(
        self, tariff: str, *, kwh: Decimal, minutes: Decimal, idle_minutes: Decimal, at: datetime
    ) -> Cost:
        """What a session that begins `at` would cost.

        Raises:
            NotFound: no such tariff.
            BadRequest: the tariff cannot be read; says why.
        """
