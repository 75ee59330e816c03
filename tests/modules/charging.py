"""A station's transaction in messages, for the tests of its block."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.model.keys import authorization_key, transaction_key
from citrine_py.model.times import iso
from citrine_py.model.transactions import (
    LIVE_TRANSACTION,
    METER_VALUE,
    TRANSACTION,
    TRANSACTION_EVENT,
    MeterValue,
    Transaction,
    TransactionEvent,
)
from citrine_py.ports import Payload
from tests.fakes import T0
from tests.modules.world import STATION, World

TOKEN: Payload = {"idToken": "04AA", "type": "ISO14443"}


def at(minutes: float) -> str:
    """A time after the tests' beginning."""
    return iso(T0 + timedelta(minutes=minutes))


def sample(value: float, context: str | None = None, **more: Any) -> Payload:
    """A sampled value; without a measurand it is the register."""
    return {"value": value} | ({} if context is None else {"context": context}) | more


def values(minutes: float, *samples: Payload) -> Payload:
    """A set of values of one time."""
    return {"timestamp": at(minutes), "sampledValue": list(samples)}


def event(
    kind: str,
    seq_no: int,
    minutes: float,
    wh: float | None = None,
    *,
    trigger: str = "ChargingStateChanged",
    transaction: str = "tx-1",
    token: Payload | None = None,
    context: str | None = None,
    **more: Any,
) -> Payload:
    """A TransactionEvent; `wh` is the register at its time, `more` goes into transactionInfo but
    for evse, offline and meterValue."""
    outer = {name: more.pop(name) for name in ("evse", "offline", "meterValue") if name in more}
    payload: Payload = {
        "eventType": kind,
        "seqNo": seq_no,
        "timestamp": at(minutes),
        "triggerReason": trigger,
        "transactionInfo": {"transactionId": transaction, **more},
        **outer,
    }
    if wh is not None:
        payload["meterValue"] = [values(minutes, sample(wh, context))]
    if token is not None:
        payload["idToken"] = token
    return payload


def session(start: float = 0) -> list[Payload]:
    """One hour from `start` minutes on: 5 to authorize, 40 of charging 8 kWh, 10 of waiting for
    the car to leave, 5 unplugged."""
    evse = {"id": 1, "connectorId": 1}
    periodic: Any = {"trigger": "MeterValuePeriodic", "chargingState": "Charging"}
    return [
        event("Started", 0, start, 1000, trigger="CablePluggedIn", context="Transaction.Begin",
              chargingState="EVConnected", evse=evse),
        event("Updated", 1, start + 5, trigger="Authorized", token=TOKEN),
        event("Updated", 2, start + 5, chargingState="Charging"),
        event("Updated", 3, start + 15, 3000, **periodic),
        event("Updated", 4, start + 25, 5000, **periodic),
        event("Updated", 5, start + 35, 7000, **periodic),
        event("Updated", 6, start + 45, 9000, chargingState="SuspendedEV"),
        event("Updated", 7, start + 55, trigger="EVCommunicationLost", chargingState="Idle"),
        event("Ended", 8, start + 60, 9000, trigger="EVDeparted", context="Transaction.End",
              stoppedReason="EVDisconnected"),
    ]  # fmt: skip


class Charging(World):
    """A station that charges."""

    async def tell(self, *events: Payload) -> list[Payload]:
        """Sends events; the answers. What waits for Directus is done afterwards."""
        answers = [await self.call("TransactionEvent", each) for each in events]
        await self.jobs.settle()
        return answers

    def accept(self, id_token: str, group: str | None = None) -> None:
        """An operator has entered the card."""
        key = authorization_key(id_token, "ISO14443")
        card = {"idToken": id_token, "type": "ISO14443", "status": "Accepted"}
        self.records.have(AUTHORIZATION, Authorization(id=key, groupIdToken=group, **card))

    def live(self, transaction: str = "tx-1") -> Transaction | None:
        return self.records.get(LIVE_TRANSACTION, transaction_key(STATION, transaction))

    def record(self, transaction: str = "tx-1") -> Transaction:
        """The record as Directus shows it."""
        key = transaction_key(STATION, transaction)
        return next(each for each in self.records.all(TRANSACTION) if each.id == key)

    def facts(self, transaction: str = "tx-1") -> dict[str, Any]:
        """All of the record that does not depend on when we heard of it."""
        return self.record(transaction).model_dump(exclude={"updatedAt"})

    def events(self) -> list[TransactionEvent]:
        return self.records.all(TRANSACTION_EVENT)

    def meter_values(self) -> list[MeterValue]:
        return self.records.all(METER_VALUE)

    def forget(self, transaction: str = "tx-1") -> None:
        """It has left memory, and is in Directus."""
        shelf: dict[str, Any] = self.records._shelf(LIVE_TRANSACTION)
        shelf.pop(transaction_key(STATION, transaction), None)


async def charging(**more: Any) -> Charging:
    """A booted station."""
    world = Charging(**more)
    world.accept(TOKEN["idToken"], "group-1")
    await world.connect()
    await world.accepted()
    return world
