"""E: one transaction and the events that tell of it.

No I/O. Every event goes into the outbox, so that none is lost without a line.
"""

from __future__ import annotations

from uuid import uuid4

from citrine_py.simulator.core import Core
from citrine_py.simulator.deeds import Payload, Tell, Then


class Transaction:
    """A running transaction.

    Attributes:
        state: the charging state that was told last.
        cost: what the CSMS said it costs until now, None if it has not.
        token: the one that it was authorized by, None before.
    """

    def __init__(self, core: Core, evse: int, register: float) -> None:
        self.id = str(uuid4())
        self.evse = evse
        self.register = register
        self.began = core.clock.now()
        self.state = ""
        self.cost: float | None = None
        self.token: Payload | None = None
        self.remote_start_id: int | None = None
        self._core = core
        self._seq_no = 0
        self._charging_since: float | None = None
        self._charged = 0.0

    def tell(
        self,
        kind: str,
        reason: str,
        state: str,
        then: Then | None = None,
        *,
        meter: Payload | None = None,
        stopped: str | None = None,
        **more: object,
    ) -> None:
        """Adds an event: `more` are further fields of it, those that are None left out."""
        self._count(state)
        info: Payload = {
            "transactionId": self.id,
            "chargingState": state,
            "timeSpentCharging": round(self._charged),
            "stoppedReason": stopped,
            "remoteStartId": self.remote_start_id,
        }
        event: Payload = {
            "eventType": kind,
            "timestamp": self._core.now(),
            "triggerReason": reason,
            "seqNo": self._seq_no,
            "evse": {"id": self.evse, "connectorId": 1},
            "transactionInfo": {name: it for name, it in info.items() if it is not None},
            "meterValue": None if meter is None else [meter],
            **more,
        }
        if not self._core.online:
            event["offline"] = True
        self._seq_no += 1
        told = {name: it for name, it in event.items() if it is not None}
        self._core.outbox.add(Tell("TransactionEvent", told, then), last=kind == "Ended")

    def costs(self, total: float) -> None:
        """Keeps what the CSMS says that it costs until now, and shows it (I02)."""
        self.cost = total
        self._core.log.info("transaction.cost", id=self.id, cost=total)

    def _count(self, state: str) -> None:
        now = self._core.clock.elapsed
        if self._charging_since is not None:
            self._charged += now - self._charging_since
        self._charging_since = now if state == "Charging" else None
        self.state = state
