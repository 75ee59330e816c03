"""TransactionEvent and MeterValues: always answered, stored once, right in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citrine_py.model.keys import evse_key
from citrine_py.model.stations import CONNECTOR, EVSE, Connector
from citrine_py.model.transactions import METER_VALUE
from citrine_py.ports import Payload
from tests.fakes_tokens import ScriptedOutside
from tests.modules.charging import TOKEN, Charging, at, charging, event, sample, session, values
from tests.modules.world import STATION

LONG_AGO = -60 * 48
"""Minutes; a transaction that may have left memory."""

# ---- the answer --------------------------------------------------------------------------


async def test_every_event_of_a_session_is_answered_and_the_record_adds_up() -> None:
    world = await charging()
    answers = await world.tell(*session())
    assert answers[1] == {
        "idTokenInfo": {
            "status": "Accepted",
            "groupIdToken": {"idToken": "group-1", "type": "Central"},
        }
    }
    assert [each for number, each in enumerate(answers) if number != 1] == [{}] * 8
    record = world.record()
    assert (record.isActive, record.energyWh, record.groupIdToken) == (False, 8000.0, "group-1")
    assert record.evse == evse_key(STATION, 1)
    assert len(world.events()) == 9
    assert all(each.transaction == record.id for each in world.events())
    assert len(world.meter_values()) == 6


@pytest.mark.parametrize(
    "payload",
    [
        event("Updated", 5, 0),
        event("Ended", 9, 0, stoppedReason="PowerLoss"),
        event("Started", 0, -60 * 24 * 400),
        event("Started", -1, 60 * 24 * 400, offline=True),
        event("Updated", 2**31 - 1, 0, evse={"id": 0}),
        event("Updated", 1, 0, remoteStartId=2**31 - 1, evse={"id": -5, "connectorId": -1}),
        event("Ended", 1, 0, token={"idToken": "", "type": "NoAuthorization"}),
    ],
)
async def test_odd_events_are_answered_and_kept(payload: Payload) -> None:
    world = await charging()
    await world.tell(payload)
    record = world.record()
    assert record.isActive is (payload["eventType"] != "Ended")
    assert [each.transaction for each in world.events()] == [record.id]


async def test_a_token_is_answered_only_where_there_is_one_and_an_unknown_one_refuses_nothing(
) -> None:  # fmt: skip
    outside = ScriptedOutside()
    world = await charging(outside=outside)
    start = event("Started", 0, 0, token={"idToken": "stranger", "type": "Central"},
                  evse={"id": 2})  # fmt: skip
    assert await world.tell(start) == [{"idTokenInfo": {"status": "Unknown"}}]
    asked = outside.questions[0]
    assert (asked["evseId"], asked["transactionId"]) == (2, "tx-1")
    assert world.record().isActive
    assert world.events()[0].idTokenStatus == "Unknown"


async def test_repeated_events_are_stored_once() -> None:
    world = await charging()
    events = session()
    await world.tell(*events)
    before = world.facts()
    await world.tell(*reversed(events))
    assert world.facts() == before
    assert (len(world.events()), len(world.meter_values())) == (9, 6)


async def test_nothing_is_answered_that_is_not_kept() -> None:
    world = await charging()
    world.records.full = True
    with pytest.raises(Exception, match="journal"):
        await world.tell(session()[0])
    assert world.live() is None


# ---- any order, through the handler --------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_order_repetition_and_loss_of_memory_make_no_difference(data: st.DataObject) -> None:
    events = session(LONG_AGO)
    ordered = await charging()
    await ordered.tell(*events)
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
    world = await charging()
    for each in data.draw(st.permutations([*events, *repeated])):
        await world.tell(each)
        if data.draw(st.booleans()):
            world.forget()
    assert world.facts() == ordered.facts()
    assert sorted(each.id for each in world.events()) == sorted(e.id for e in ordered.events())
    assert all(each.transaction for each in [*world.events(), *world.meter_values()])


# ---- what is not in memory -----------------------------------------------------------------


async def test_a_late_event_of_a_transaction_long_ago_is_joined_behind_its_answer() -> None:
    world = await charging()
    first, *others = session(LONG_AGO)
    await world.tell(*others[:3], *others[4:])
    world.forget()
    world.records.directus_away = True
    assert await world.call("TransactionEvent", first) == {}
    assert await world.call("TransactionEvent", others[3]) == {}
    assert world.live() is None
    assert [e.transaction for e in world.events() if e.seqNo in (0, 4)] == [None, None]
    assert world.events()[-1].payload == others[3]
    world.records.directus_away = False
    await world.jobs.settle()
    assert (world.record().energyWh, world.record().missingSeqNos) == (8000.0, None)
    assert all(each.transaction for each in [*world.events(), *world.meter_values()])


async def test_nobody_outside_is_asked_twice_about_the_token_of_a_late_event() -> None:
    group = {"idToken": "fleet", "type": "Central"}
    outside = ScriptedOutside({"status": "Accepted", "groupIdToken": group})
    world = await charging(outside=outside)
    await world.tell(event("Updated", 1, LONG_AGO, token={"idToken": "stranger", "type": "Local"}))
    assert len(outside.questions) == 1
    (row,) = world.events()
    assert (row.groupIdToken, row.transaction) == ("fleet", world.record().id)


async def test_a_late_event_does_not_bring_an_ended_transaction_back_into_memory_as_new() -> None:
    world = await charging()
    await world.tell(*session())
    before = world.facts()
    world.forget()
    await world.tell(event("Started", 0, -60 * 48, offline=True))
    assert world.live() is None
    record = world.record()
    assert (record.isActive, record.endedAt) == (False, before["endedAt"])


async def test_events_that_a_stopped_service_has_left_are_taken_up() -> None:
    world = await charging()
    world.records.directus_away = True
    await world.call("TransactionEvent", session()[3])
    await world.jobs.stop()
    world.rules.transactions.late._waiting.clear()
    world.records.directus_away = False
    await world.rules.transactions.late.resume()
    await world.jobs.settle()
    assert world.record().meterStop == 3000.0
    assert world.events()[0].transaction == world.record().id


# ---- tokens ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "group", "reason", "doubt"),
    [
        ("04BB", "GROUP-1", "Local", False),
        ("04BB", "group-2", "Local", True),
        ("04BB", None, "Local", True),
        ("04BB", "masters", "MasterPass", False),
        ("04aa", None, "Local", False),  # the same, since OCPP's tokens have no case
    ],
)
async def test_a_stop_by_another_token_is_doubtful_unless_it_is_of_the_group(
    other: str, group: str | None, reason: str, doubt: bool
) -> None:
    world = await charging()
    world.accept(other, group)
    start = event("Started", 0, 0, token=TOKEN)
    stop = event("Ended", 1, 5, token={"idToken": other, "type": "ISO14443"}, stoppedReason=reason)
    _, answer = await world.tell(start, stop)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    record = world.record()
    assert record.isActive is False
    assert record.idToken == "04AA"
    assert record.stopIdToken == (None if other == "04aa" else other)
    assert ("not of the group" in (record.doubt or "")) is doubt


async def test_the_transactions_that_a_token_runs_are_known() -> None:
    world = await charging()
    await world.tell(
        event("Started", 0, 5, token=TOKEN, transaction="second"),
        event("Started", 0, 0, token=TOKEN, transaction="first"),
        event("Started", 0, 0, token={"idToken": "other", "type": "ISO14443"}, transaction="x"),
    )
    running = world.rules.active_transactions.of_token("04aa", "ISO14443")
    assert running == [world.record("first").id, world.record("second").id]
    assert world.rules.active_transactions.of_token("04aa", "Central") == []
    await world.tell(event("Ended", 1, 9, transaction="first"))
    assert len(world.rules.active_transactions.of_token("04AA", "ISO14443")) == 1


# ---- places ------------------------------------------------------------------------------


async def test_evse_and_connector_come_into_being_with_the_event_that_names_them() -> None:
    world = await charging()
    await world.tell(event("Started", 0, 0), event("Updated", 1, 1, evse={"id": 3}))
    assert world.record().evse == evse_key(STATION, 3)
    assert world.records.get(EVSE, evse_key(STATION, 3)) is not None
    assert world.records.all(CONNECTOR) == []
    await world.tell(event("Updated", 2, 2, evse={"id": 3, "connectorId": 2}))
    assert [each.connectorId for each in world.records.all(CONNECTOR)] == [2]
    assert world.record().connectorId == 2


async def test_what_a_connector_can_deliver_bounds_what_is_believed() -> None:
    world = await charging()
    evse = {"id": 1, "connectorId": 1}
    await world.tell(event("Started", 0, 0, 0, evse=evse))
    connector = world.records.all(CONNECTOR)[0]
    world.records.have(CONNECTOR, Connector(**{**connector.__dict__, "connectorType": "cType2"}))
    await world.tell(event("Ended", 1, 60, 200_000))
    assert world.record().energyWh == 0.0


# ---- MeterValues ---------------------------------------------------------------------------


async def test_meter_values_outside_of_transactions_are_kept_once() -> None:
    world = await charging()
    told = {
        "evseId": 1,
        "meterValue": [values(0, sample(5, "Sample.Clock")), values(15, sample(6, "Sample.Clock"))],
    }
    assert await world.call("MeterValues", told) == {}
    assert await world.call("MeterValues", told) == {}
    rows = world.records.all(METER_VALUE)
    assert [(each.evseId, each.energyImport, each.transaction) for each in rows] == [
        (1, 5.0, None),
        (1, 6.0, None),
    ]
    assert rows[0].context == "Sample.Clock"
    assert rows[0].signatureStatus is None


async def test_signed_values_are_kept_word_for_word() -> None:
    world = await charging()
    signed: dict[str, Any] = {
        "signedMeterData": "T0NNRnx7fXx7fQ==",
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "OCMF",
        "publicKey": "",
    }
    value = values(0, sample(0, "Transaction.Begin", signedMeterValue=signed))
    await world.tell(event("Started", 0, 0, meterValue=[value], trigger="SignedDataReceived"))
    row = world.meter_values()[0]
    assert row.sampledValue == value["sampledValue"]
    assert row.signatureStatus == "NotVerified"
    assert row.timestamp is not None
    assert row.timestamp.isoformat()[:16] == at(0)[:16]


# ---- E14 -----------------------------------------------------------------------------------


async def ask(world: Charging, reply: Payload, **payload: Any) -> None:
    world.stations.answers["GetTransactionStatus"] = reply
    await world.rules.requests.send(STATION, "GetTransactionStatus", payload)


@pytest.mark.parametrize(
    ("ongoing", "queue", "active"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)
async def test_the_answer_to_get_transaction_status_shows_on_the_record(
    ongoing: bool, queue: bool, active: bool
) -> None:
    """E14."""
    world = await charging()
    await world.tell(*session()[:5])
    world.clock.advance(1800)
    reply = {"ongoingIndicator": ongoing, "messagesInQueue": queue}
    await ask(world, reply, transactionId="tx-1")
    record = world.record()
    assert (record.isActive, record.messagesInQueue) == (active, queue)
    assert record.statusAskedAt == world.clock.now()
    if not active:
        assert record.stoppedReason is None
        assert record.durationSeconds == 25 * 60
        assert "nothing more will come" in (record.doubt or "")


async def test_without_a_transaction_the_queue_is_noted_on_all_that_wait() -> None:
    world = await charging()
    await world.tell(*session()[:2], event("Started", 0, 0, transaction="over"),
                     event("Ended", 1, 1, transaction="over"))  # fmt: skip
    await ask(world, {"messagesInQueue": True})
    assert world.record().messagesInQueue is True
    assert world.record("over").messagesInQueue is None


async def test_what_the_station_tells_after_all_replaces_our_closing() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    await ask(world, {"ongoingIndicator": False, "messagesInQueue": False}, transactionId="tx-1")
    assert world.record().isActive is False
    await world.tell(*session()[4:])
    record = world.record()
    assert (record.stoppedReason, record.energyWh, record.doubt) == ("EVDisconnected", 8000.0, None)


async def test_a_station_that_comes_back_is_asked_about_what_ran() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    await world.leave()
    world.clock.advance(600)
    world.stations.answers["GetTransactionStatus"] = {
        "ongoingIndicator": False, "messagesInQueue": False,
    }  # fmt: skip
    await world.connect()
    await world.jobs.settle()
    assert world.stations.sent("GetTransactionStatus") == [{"transactionId": "tx-1"}]
    assert 30 in world.clock.slept
    assert world.record().isActive is False


async def test_a_station_that_came_back_and_told_by_itself_is_not_asked() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    await world.leave()
    await world.connect()
    world.clock.advance(5)
    await world.tell(session()[4])
    assert world.stations.sent("GetTransactionStatus") == []
    assert world.record().isActive is True


async def test_a_silent_transaction_is_asked_about_now_and_then_and_believed() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    world.stations.answers["GetTransactionStatus"] = {
        "ongoingIndicator": True, "messagesInQueue": False,
    }  # fmt: skip
    for _ in range(100):
        await world.rules.transactions.sweep()
        world.clock.advance(3600)
    assert world.record().isActive is True
    assert len(world.stations.sent("GetTransactionStatus")) == 16


async def test_the_transaction_of_a_station_that_stays_away_is_closed_in_the_end() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    await world.leave()
    for _ in range(71):
        world.clock.advance(3600)
        await world.rules.transactions.sweep()
    assert world.record().isActive is True
    world.clock.advance(3600)
    await world.rules.transactions.sweep()
    record = world.record()
    assert record.isActive is False
    assert record.energyWh == 2000.0
    assert "the station is away" in (record.doubt or "")


async def test_a_transaction_that_was_closed_and_goes_on_runs_again() -> None:
    world = await charging()
    await world.tell(*session()[:4])
    await world.leave()
    world.clock.advance(timedelta(hours=73).total_seconds())
    await world.rules.transactions.sweep()
    assert world.record().isActive is False
    await world.connect()
    await world.tell(event("Updated", 4, 20, 3500, offline=True))
    assert world.record().isActive is False
    await world.tell(event("Updated", 5, 74 * 60, 4000))
    assert (world.record().isActive, world.record().endedAt) == (True, None)
