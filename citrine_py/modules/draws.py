"""What the cars draw at this moment, as their stations' TransactionEvents tell.

In memory only: after a start nothing is known of a car until its next meter values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from citrine_py.model.keys import transaction_key
from citrine_py.modules.blocks import Handler
from citrine_py.modules.meter_values import columns
from citrine_py.ports import Call, Payload

FRESH = timedelta(minutes=15)
"""A reading older than this says nothing of now."""


@dataclass(frozen=True, slots=True)
class Draws:
    """The latest power of each transaction. `told`: by Transaction.id, W and when."""

    told: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def of(self, transaction: str, now: datetime) -> float | None:
        """W that the transaction drew lately; None if that is not known."""
        found = self.told.get(transaction)
        return found[0] if found is not None and now - found[1] <= FRESH else None

    def since(self, transaction: str, moment: datetime | None) -> bool:
        """Whether that was told after `moment`."""
        found = self.told.get(transaction)
        return found is not None and (moment is None or found[1] > moment)

    def noting(self, handle: Handler) -> Handler:
        """`handle`, which answers TransactionEvent, with a look at what it is told."""

        async def answer(call: Call) -> Payload:
            reply = await handle(call)
            self._note(call)
            return reply

        return answer

    def _note(self, call: Call) -> None:
        key = transaction_key(call.station, call.payload["transactionInfo"]["transactionId"])
        if call.payload["eventType"] == "Ended":
            self.told.pop(key, None)
        elif not call.payload.get("offline"):
            for value in call.payload.get("meterValue", ()):
                power = columns(value)["powerImport"]
                if power is not None:
                    self.told[key] = (power, call.received)

    def forget(self, now: datetime) -> None:
        """Drops what is not fresh any more, of transactions whose end nobody told too."""
        for gone in [key for key, (_, at) in self.told.items() if now - at > FRESH]:
            del self.told[gone]
