"""Block P, vendors' own messages and data, over the whole stack."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.conformance.csms import Csms
from tests.conformance.raw import Payload, now

pytestmark = pytest.mark.stack
case = pytest.mark.case

CUSTOM: Payload = {"vendorId": "org.example", "shade": "green"}


@case(
    "TC_P_02_CSMS",
    "Data Transfer to the CSMS - Rejected / Unknown VendorId / Unknown MessageId",
    "P02.FR.06",
    "P02.FR.07",
)
async def test_tc_p_02_an_unknown_vendor_is_told_so(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        answer = await station.call("DataTransfer", {"vendorId": "org.example", "messageId": "m"})
        assert answer["status"] in {"UnknownVendorId", "UnknownMessageId", "Rejected"}


@case("TC_P_03_CSMS", "CustomData - Receive custom data")
async def test_tc_p_03_custom_data_are_taken(csms: Csms) -> None:
    async with csms.station() as station:
        await station.booted()
        status = {
            "timestamp": now(),
            "connectorStatus": "Available",
            "evseId": 1,
            "connectorId": 1,
            "customData": CUSTOM,
        }
        assert await station.call("StatusNotification", status) == {}
        transaction_id = str(uuid4())
        event = {
            "eventType": "Started",
            "timestamp": now(),
            "triggerReason": "CablePluggedIn",
            "seqNo": 0,
            "evse": {"id": 1, "connectorId": 1},
            "transactionInfo": {"transactionId": transaction_id, "customData": CUSTOM},
            "customData": CUSTOM,
        }
        assert await station.call("TransactionEvent", event) == {}
        assert (await csms.transaction(transaction_id))["isActive"]


async def test_an_operator_sends_a_vendors_message(csms: Csms) -> None:
    """P01."""
    async with csms.station() as station:
        await station.booted()

        async def play() -> None:
            asked = await station.asked("DataTransfer")
            assert asked.payload == {"vendorId": "org.example", "data": {"shade": "green"}}
            await station.answer(asked, {"status": "Accepted", "data": "done"})

        payload = {"vendorId": "org.example", "data": {"shade": "green"}}
        body = await csms.while_sending("configuration/dataTransfer", payload, play)
        assert body["payload"] == {"status": "Accepted", "data": "done"}
