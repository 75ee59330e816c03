"""The rows that a transaction's messages make: its events and the meter's values.

Keys follow from what a message tells, so that one which comes again meets its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citrine_py.model.keys import (
    derived,
    evse_key,
    meter_value_key,
    transaction_event_key,
    transaction_key,
)
from citrine_py.model.times import iso, parse
from citrine_py.model.transactions import METER_VALUE, TRANSACTION_EVENT, SignatureStatus
from citrine_py.modules import meter_values
from citrine_py.modules.variables import put_places
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Payload, Put, Records
from citrine_py.ports_charging import MeterSignatures


@dataclass(frozen=True, slots=True)
class Message:
    """A TransactionEvent as it came."""

    station: str
    payload: Payload
    received: datetime
    token_status: str | None = None  # what its idToken was answered
    group: str = ""  # the groupIdToken in that answer

    @property
    def transaction_id(self) -> str:
        return str(self.payload["transactionInfo"]["transactionId"])

    @property
    def transaction(self) -> str:
        """Key of its Transaction."""
        return transaction_key(self.station, self.transaction_id)

    @property
    def key(self) -> str:
        """Key of its TransactionEvent."""
        told = self.payload
        at = iso(parse(told["timestamp"]))
        return transaction_event_key(
            self.station, self.transaction_id, told["seqNo"], told["eventType"], at
        )


def event_rows(message: Message, verify: MeterSignatures, *, joined: bool) -> list[Put]:
    """The rows of an event. `joined`: its Transaction record has it already, or takes it with
    the same write."""
    told, info = message.payload, message.payload["transactionInfo"]
    evse = told.get("evse", {})
    payload = redact("TransactionEvent", told)
    if joined:
        payload = {name: value for name, value in payload.items() if name != "meterValue"}
    fields = {
        "station": message.station,
        "transaction": message.transaction if joined else None,
        "transactionId": message.transaction_id,
        "seqNo": told["seqNo"],
        "eventType": told["eventType"],
        "triggerReason": told["triggerReason"],
        "timestamp": parse(told["timestamp"]),
        "receivedAt": message.received,
        "offline": told.get("offline", False),
        "chargingState": info.get("chargingState"),
        "stoppedReason": info.get("stoppedReason"),
        "evseId": evse.get("id"),
        "connectorId": evse.get("connectorId"),
        "idToken": told.get("idToken", {}).get("idToken"),
        "idTokenStatus": message.token_status,
        "groupIdToken": message.group or None,
        "payload": payload,
    }
    common = {"transaction": message.transaction if joined else None,
              "transactionEvent": message.key, "evseId": evse.get("id")}  # fmt: skip
    rows = [
        _meter_row(message.station, value, meter_value_key(message.key, number), verify,
                   {**common, "receivedAt": message.received})
        for number, value in enumerate(told.get("meterValue", ()))
    ]  # fmt: skip
    return [Put(TRANSACTION_EVENT, message.key, fields), *rows]


def joining(message: Message) -> list[Put]:
    """Links the rows of an event that waited to its Transaction."""
    payload = redact("TransactionEvent", message.payload)
    kept = {name: value for name, value in payload.items() if name != "meterValue"}
    link = {"transaction": message.transaction}
    rows = [
        Put(METER_VALUE, meter_value_key(message.key, number), link)
        for number, _ in enumerate(message.payload.get("meterValue", ()))
    ]
    return [Put(TRANSACTION_EVENT, message.key, {**link, "payload": kept}), *rows]


def meter_value_rows(
    station: str, payload: Payload, received: datetime, verify: MeterSignatures
) -> list[Put]:
    """The rows of a MeterValues message."""
    evse_id = payload["evseId"]
    found: list[Put] = []
    for number, value in enumerate(payload["meterValue"]):
        owner = derived("MeterValues", station, evse_id, iso(parse(value["timestamp"])))
        fields = {"evseId": evse_id, "receivedAt": received}
        found.append(_meter_row(station, value, meter_value_key(owner, number), verify, fields))
    return found


def _meter_row(
    station: str, value: Payload, key: str, verify: MeterSignatures, more: Mapping[str, Any]
) -> Put:
    fields: dict[str, Any] = {
        "station": station,
        "timestamp": parse(value["timestamp"]),
        **meter_values.columns(value),
        "sampledValue": value["sampledValue"],
        **more,
    }
    results = [verify(station, each) for each in meter_values.signed(value)]
    if results:
        order: tuple[SignatureStatus, ...] = ("Invalid", "NotVerified", "Verified")
        worst = min(results, key=lambda each: order.index(each[0]))
        fields["signatureStatus"], fields["signatureInfo"] = worst
    return Put(METER_VALUE, key, fields)


def place(
    records: Records, station: str, evse_id: int | None, connector_id: int | None
) -> tuple[str | None, list[Put]]:
    """The key of the EVSE that a message names, and what must be made for it to be there."""
    puts = put_places(station, [] if evse_id is None else [(evse_id, connector_id)])
    if evse_id is None or not puts:
        return None, []
    return evse_key(station, evse_id), [
        put for put in puts if records.get(put.collection, put.key) is None
    ]
