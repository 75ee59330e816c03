"""H01-H04: a reservation is seen from the wish to its end, whatever the station says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from citrine_py.errors import BadRequest, StationOffline, StationSilent
from citrine_py.model.keys import reservation_key
from citrine_py.model.operations import STATION_EVENT
from citrine_py.model.reservations import RESERVATION, Reservation
from citrine_py.model.times import iso
from citrine_py.modules.reservations import GRACE, ReservationSweep, ended
from citrine_py.ports import Payload
from tests.modules.charging import event
from tests.modules.world import STATION, World

TOKEN = {"idToken": "04A2B3", "type": "ISO14443"}


def wanted(world: World, **more: object) -> Payload:
    later = iso(world.clock.now() + timedelta(hours=1))
    return {"id": 7, "expiryDateTime": later, "idToken": TOKEN, "evseId": 1, **more}


async def reserved(world: World, **answer: object) -> Reservation:
    world.stations.answers["ReserveNow"] = {"status": "Accepted", **answer}
    await world.rules.requests.send(STATION, "ReserveNow", wanted(world))
    return the_record(world)


def the_record(world: World) -> Reservation:
    (record,) = world.records.all(RESERVATION)
    return record


async def test_h01_an_accepted_reservation_is_active() -> None:
    world = World()
    record = await reserved(world)
    assert record.id == reservation_key(STATION, 7)
    assert (record.status, record.statusInfo) == ("Active", "Accepted")
    assert (record.idToken, record.idTokenType, record.evseId) == ("04A2B3", "ISO14443", 1)
    assert record.expiryDateTime == world.clock.now() + timedelta(hours=1)


@pytest.mark.parametrize("status", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_h01_a_station_that_cannot_says_why(status: str) -> None:
    world = World()
    info = {"reasonCode": "TxInProgress"}
    record = await reserved(world, status=status, statusInfo=info)
    assert (record.status, record.statusInfo) == ("Refused", f"{status} (TxInProgress)")


async def test_h01_the_wish_stands_on_record_before_it_is_sent() -> None:
    world = World()
    seen: list[str | None] = []

    def answer(_: Payload) -> Payload:
        seen.append(the_record(world).status)
        return {"status": "Accepted"}

    world.stations.answers["ReserveNow"] = answer
    await world.rules.requests.send(STATION, "ReserveNow", wanted(world))
    assert seen == ["Requested"]


async def test_h01_no_answer_leaves_it_open_and_no_connection_refuses_it() -> None:
    world = World()
    world.stations.answers["ReserveNow"] = StationSilent("no answer")
    with pytest.raises(StationSilent):
        await world.rules.requests.send(STATION, "ReserveNow", wanted(world))
    assert the_record(world).status == "Requested"
    world.stations.answers["ReserveNow"] = StationOffline("not connected")
    with pytest.raises(StationOffline):
        await world.rules.requests.send(STATION, "ReserveNow", wanted(world))
    assert the_record(world).status == "Refused"


async def test_h01_an_expiry_that_is_over_is_told_to_the_caller() -> None:
    world = World()
    over = iso(world.clock.now() - timedelta(seconds=1))
    with pytest.raises(BadRequest, match="expiryDateTime is over"):
        await world.rules.requests.send(STATION, "ReserveNow", wanted(world, expiryDateTime=over))
    assert world.stations.calls == []


async def test_h01_a_number_that_is_left_out_is_filled_in() -> None:
    world = World()
    world.stations.answers["ReserveNow"] = {"status": "Accepted"}
    body = wanted(world)
    del body["id"]
    await world.rules.requests.send(STATION, "ReserveNow", body)
    (sent,) = world.stations.sent("ReserveNow")
    assert the_record(world).reservationId == sent["id"]


@pytest.mark.parametrize(("answer", "status"), [("Accepted", "Cancelled"), ("Rejected", "Removed")])
async def test_h02_a_cancelled_reservation_is_over(answer: str, status: str) -> None:
    world = World()
    await reserved(world)
    world.stations.answers["CancelReservation"] = {"status": answer}
    reply = await world.rules.requests.send(STATION, "CancelReservation", {"reservationId": 7})
    assert reply["status"] == answer
    assert the_record(world).status == status


async def test_h02_cancelling_what_is_over_or_unknown_changes_no_record() -> None:
    world = World()
    await reserved(world)
    await world.records.write(ended(STATION, 7, "Used", world.clock.now(), transaction_id="tx"))
    world.stations.answers["CancelReservation"] = {"status": "Rejected"}
    for number in (7, 8):
        await world.rules.requests.send(STATION, "CancelReservation", {"reservationId": number})
    record = the_record(world)
    assert (record.status, record.transactionId) == ("Used", "tx")


@pytest.mark.parametrize("status", ["Expired", "Removed"])
async def test_h03_h04_the_stations_word_ends_it_and_stands_in_its_history(status: str) -> None:
    world = World()
    await world.accepted()
    await reserved(world)
    told = {"reservationId": 7, "reservationUpdateStatus": status}
    assert await world.call("ReservationStatusUpdate", told) == {}
    assert the_record(world).status == status
    (line,) = world.records.all(STATION_EVENT)
    assert (line.kind, line.type, line.info) == ("Reservation", status, "reservation 7")


async def test_a_reservation_that_nobody_ended_expires_by_itself() -> None:
    world = World()
    await reserved(world)
    sweep = ReservationSweep(world.records, world.clock)
    world.clock.advance(3600)
    assert await sweep.sweep() == 0  # the station may still tell it
    world.clock.advance(GRACE.total_seconds() + 1)
    assert await sweep.sweep() == 1
    assert the_record(world).status == "Expired"
    assert await sweep.sweep() == 0


async def test_h03_a_transaction_that_names_a_reservation_uses_it() -> None:
    world = World()
    await world.accepted()
    await reserved(world)
    await world.call("TransactionEvent", {**event("Started", 0, 0), "reservationId": 7})
    record = the_record(world)
    assert (record.status, record.transactionId) == ("Used", "tx-1")


async def test_h03_a_late_event_of_a_transaction_uses_its_reservation_too() -> None:
    world = World()
    await world.accepted()
    await reserved(world)
    await world.call("TransactionEvent", {**event("Updated", 3, 0), "reservationId": 7})
    assert the_record(world).status == "Used"
