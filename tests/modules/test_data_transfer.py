"""P02: vendors' own messages."""

from __future__ import annotations

from citrine_py.model.operations import STATION_EVENT
from citrine_py.ports import Call, Payload
from tests.modules.world import World


async def _echo(call: Call) -> Payload:
    return {"status": "Accepted", "data": call.payload["data"]}


async def test_an_unknown_vendor_or_message_is_answered_so_and_recorded() -> None:
    """P02.FR.06, P02.FR.07."""
    world = World(vendors={"acme": {"echo": _echo}})
    await world.accepted()
    vendor = {"vendorId": "other", "messageId": "echo", "data": {"password": "plain-text"}}
    assert await world.call("DataTransfer", vendor) == {"status": "UnknownVendorId"}
    message = {"vendorId": "acme", "messageId": "other"}
    assert await world.call("DataTransfer", message) == {"status": "UnknownMessageId"}
    assert await world.call("DataTransfer", {"vendorId": "acme"}) == {"status": "UnknownMessageId"}
    rows = world.records.all(STATION_EVENT)
    assert [(row.kind, row.type, row.info) for row in rows] == [
        ("DataTransfer", "other", "echo"),
        ("DataTransfer", "acme", "other"),
        ("DataTransfer", "acme", None),
    ]
    assert "plain-text" not in repr(rows)


async def test_who_knows_the_message_answers_it() -> None:
    world = World(vendors={"acme": {"echo": _echo}})
    await world.accepted()
    payload = {"vendorId": "acme", "messageId": "echo", "data": "hello"}
    assert await world.call("DataTransfer", payload) == {"status": "Accepted", "data": "hello"}


async def test_who_knows_a_vendor_answers_all_of_its_messages() -> None:
    world = World(vendors={"acme": _echo})
    await world.accepted()
    for message in ({}, {"messageId": "any"}):
        payload = {"vendorId": "acme", "data": "hello", **message}
        assert await world.call("DataTransfer", payload) == {"status": "Accepted", "data": "hello"}
