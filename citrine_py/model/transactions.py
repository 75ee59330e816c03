"""Transactions: what was charged, the events that told of it and the meter's values.

Transactions are two views of one table. `TRANSACTION` is all of them, on demand, as
the API shows them. `LIVE_TRANSACTION` is in memory and has those that run and those
that were told of in the last `LIVE_DAYS`: decisions are made on it, and it does not
grow with the years. An event of a transaction that is in neither memory nor flight is
joined in behind the answer (`modules.late_events`), so that no answer waits for Directus.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from citrine_py.model.collection import Collection, Delivery, Query, Record, Services

TransactionEventType = Literal["Started", "Updated", "Ended"]
ChargingState = Literal["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"]
SignatureStatus = Literal["Verified", "NotVerified", "Invalid"]

LIVE_DAYS = 7
"""Days after its last event for which a transaction that has ended stays in memory. The
endpoint extension selects by the same number."""


class Transaction(Record):
    """One transaction of a station. Everything follows from the events that came, whatever
    their order; `doubt` says where they contradict each other or something is missing."""

    id: str  # keys.transaction_key
    station: Services[str | None] = None
    transactionId: Services[str | None] = None  # the station's own id for it
    isActive: Services[bool | None] = None
    chargingState: Services[ChargingState | None] = None
    triggerReason: Services[str | None] = None  # of the newest event
    stoppedReason: Services[str | None] = None
    evse: Services[str | None] = None  # Evse.id
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    idToken: Services[str | None] = None
    idTokenType: Services[str | None] = None
    tokenKey: Services[str | None] = None  # keys.token_key of the two
    groupIdToken: Services[str | None] = None
    stopIdToken: Services[str | None] = None  # where another token stopped it
    startedAt: Services[datetime | None] = None  # the station's time
    endedAt: Services[datetime | None] = None
    lastEventAt: Services[datetime | None] = None
    updatedAt: Services[datetime | None] = None  # our time of the last event that came
    durationSeconds: Services[int | None] = None
    chargingSeconds: Services[int | None] = None
    idleSeconds: Services[int | None] = None
    """Connected without charging, after it had charged, by the car's or the driver's doing."""
    timeSpentCharging: Services[int | None] = None  # seconds, as the station counts
    meterStart: Services[float | None] = None  # Wh
    meterStop: Services[float | None] = None  # Wh
    energyWh: Services[float | None] = None
    totalKwh: Services[float | None] = None  # the same in kWh
    segments: Services[list[dict[str, Any]] | None] = None
    """{from, to, state, energyWh}, in order and without gaps; for prices by time."""
    tariff: Services[str | None] = None  # Tariff.id, chosen at the start
    totalCost: Services[Decimal | None] = None  # running while it runs, then final
    currency: Services[str | None] = None
    costBreakdown: Services[Any] = None
    remoteStartId: Services[int | None] = None
    reservationId: Services[int | None] = None
    numberOfPhasesUsed: Services[int | None] = None
    cableMaxCurrent: Services[int | None] = None  # A
    firstSeqNo: Services[int | None] = None
    lastSeqNo: Services[int | None] = None
    missingSeqNos: Services[str | None] = None  # as "3, 7-9"; None without a gap
    messagesInQueue: Services[bool | None] = None  # as the station said when asked (E14)
    statusAskedAt: Services[datetime | None] = None
    doubt: Services[str | None] = None  # for people: why the figures may be wrong
    bookkeeping: Services[dict[str, Any] | None] = None  # modules.ledger


class TransactionEvent(Record):
    """One TransactionEvent, stored once however often it comes."""

    id: str  # keys.transaction_event_key
    station: Services[str | None] = None
    transaction: Services[str | None] = None  # Transaction.id; None until it is joined in
    transactionId: Services[str | None] = None
    seqNo: Services[int | None] = None
    eventType: Services[TransactionEventType | None] = None
    triggerReason: Services[str | None] = None
    timestamp: Services[datetime | None] = None  # the station's time
    receivedAt: Services[datetime | None] = None
    offline: Services[bool | None] = None
    chargingState: Services[ChargingState | None] = None
    stoppedReason: Services[str | None] = None
    evseId: Services[int | None] = None
    connectorId: Services[int | None] = None
    idToken: Services[str | None] = None
    idTokenStatus: Services[str | None] = None  # what it was answered
    groupIdToken: Services[str | None] = None  # in that answer
    payload: Services[dict[str, Any] | None] = None
    """The message; its meterValue only until it is joined in, then those are rows."""


class MeterValue(Record):
    """One set of sampled values; a column for each of the usual, `sampledValue` has all."""

    id: str  # keys.meter_value_key
    station: Services[str | None] = None
    transaction: Services[str | None] = None  # Transaction.id, if it was told within one
    transactionEvent: Services[str | None] = None  # TransactionEvent.id
    evseId: Services[int | None] = None
    timestamp: Services[datetime | None] = None  # the station's time
    receivedAt: Services[datetime | None] = None
    context: Services[str | None] = None
    energyImport: Services[float | None] = None  # Wh, Energy.Active.Import.Register
    energyExport: Services[float | None] = None  # Wh, Energy.Active.Export.Register
    powerImport: Services[float | None] = None  # W, Power.Active.Import
    powerOffered: Services[float | None] = None  # W
    currentImport: Services[float | None] = None  # A, of the phase with the most
    currentOffered: Services[float | None] = None  # A
    voltage: Services[float | None] = None  # V, mean of the phases
    soc: Services[float | None] = None  # percent
    sampledValue: Services[list[dict[str, Any]] | None] = None
    signatureStatus: Services[SignatureStatus | None] = None  # None: nothing is signed
    signatureInfo: Services[str | None] = None


_STATION = Query("stationId", "station")
_TRANSACTION_ID = Query("transactionId", "transactionId")

TRANSACTION = Collection(
    "Transaction",
    Transaction,
    "transactions/transaction",
    resident=False,
    delivery=Delivery.ITEMS,
    rank=4,
    query=(
        _STATION,
        _TRANSACTION_ID,
        Query("isActive", "isActive", boolean=True),
        Query("idToken", "idToken"),
    ),
)
LIVE_TRANSACTION = Collection(
    "LiveTransaction",
    Transaction,
    "",
    resident=True,
    delivery=Delivery.ITEMS,
    rank=4,
    source="/citrine/transactions",
    table="Transaction",
)
TRANSACTION_EVENT = Collection(
    "TransactionEvent",
    TransactionEvent,
    "transactions/transactionEvent",
    resident=False,
    delivery=Delivery.BULK,
    rank=5,
    query=(_STATION, _TRANSACTION_ID, Query("eventType", "eventType")),
    retained_by="receivedAt",
    evidence=True,
)
METER_VALUE = Collection(
    "MeterValue",
    MeterValue,
    "transactions/meterValue",
    resident=False,
    delivery=Delivery.BULK,
    rank=6,
    query=(
        _STATION,
        Query("transaction", "transaction"),
        Query("evseId", "evseId", number=True),
    ),
    retained_by="receivedAt",
    evidence=True,
)

COLLECTIONS: tuple[Collection[Any], ...] = (
    TRANSACTION,
    LIVE_TRANSACTION,
    TRANSACTION_EVENT,
    METER_VALUE,
)
