"""What a CSMS does from afar, as a simulated station takes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from citrine_py.model.times import iso
from tests.simulator.mind import OTHER, T0, TOKEN, Mind, ok, profile, sampled

START: dict[str, Any] = {"idToken": TOKEN, "remoteStartId": 7, "evseId": 1}


def test_f02_a_remote_start_and_stop() -> None:
    mind = Mind()
    mind.plug()
    assert mind.ask("RequestStartTransaction", START)["status"] == "Accepted"
    first = mind.events[0]
    assert (first["triggerReason"], first["transactionInfo"]["remoteStartId"]) == ("RemoteStart", 7)
    assert first["idToken"] == TOKEN
    assert mind.all("Authorize") == []
    number = first["transactionInfo"]["transactionId"]
    mind.run(30)
    assert mind.ask("RequestStopTransaction", {"transactionId": number})["status"] == "Accepted"
    last = mind.events[-1]
    assert (last["eventType"], last["triggerReason"]) == ("Ended", "RemoteStop")
    assert last["transactionInfo"]["stoppedReason"] == "Remote"
    assert mind.ask("RequestStopTransaction", {"transactionId": number})["status"] == "Rejected"


def test_f01_a_remote_start_may_be_authorized_first() -> None:
    mind = Mind()
    mind.set("AuthCtrlr", "AuthorizeRemoteStart", "true")
    mind.plug()
    mind.info["CARD1"] = {"status": "Blocked"}
    mind.ask("RequestStartTransaction", START)
    assert len(mind.all("Authorize")) == 1
    assert mind.events == []
    mind.info["CARD1"] = ok()
    mind.ask("RequestStartTransaction", START)
    assert mind.story()[0][:2] == ("Started", "RemoteStart")


def test_f01_the_evse_with_a_waiting_car_is_chosen_and_an_unknown_one_refused() -> None:
    mind = Mind()
    mind.plug(2)
    anywhere = {"idToken": TOKEN, "remoteStartId": 8}
    mind.ask("RequestStartTransaction", anywhere)
    assert mind.events[0]["evse"]["id"] == 2
    assert mind.ask("RequestStartTransaction", {**START, "evseId": 9})["status"] == "Rejected"
    assert mind.ask("RequestStartTransaction", {**START, "evseId": 2})["status"] == "Rejected"


def test_f01_its_profile_holds_for_the_transaction() -> None:
    mind = Mind()
    mind.plug(power=11)
    own = profile(6000, "TxProfile", chargingProfileKind="Relative")
    mind.ask("RequestStartTransaction", {**START, "chargingProfile": own})
    mind.run(100)
    assert sampled(mind.events[-1], "Power.Active.Import") == [6000]
    wrong = {**START, "evseId": 2, "chargingProfile": profile(6000)}
    assert mind.ask("RequestStartTransaction", wrong)["status"] == "Rejected"


def test_f03_a_running_transaction_is_named_in_the_answer() -> None:
    mind = Mind()
    mind.set("TxCtrlr", "TxStartPoint", "EVConnected")
    mind.plug()
    answer = mind.ask("RequestStartTransaction", START)
    assert answer["transactionId"] == mind.events[0]["transactionInfo"]["transactionId"]


def test_e14_the_status_of_a_transaction() -> None:
    mind = Mind()
    assert mind.ask("GetTransactionStatus", {}) == {"messagesInQueue": False}
    mind.charge(30)
    number = mind.events[0]["transactionInfo"]["transactionId"]
    asked = {"transactionId": number}
    answer = mind.ask("GetTransactionStatus", asked)
    assert answer == {"messagesInQueue": False, "ongoingIndicator": True}
    mind.cut()
    mind.present()
    answer = mind.ask("GetTransactionStatus", asked)
    assert answer == {"messagesInQueue": True, "ongoingIndicator": False}


def test_f05_a_connector_is_unlocked_unless_it_is_in_use() -> None:
    mind = Mind()
    mind.plug()
    assert mind.ask("UnlockConnector", {"evseId": 1, "connectorId": 1})["status"] == "Unlocked"
    assert mind.states()[-1] == "Available"
    mind.charge(30)
    answer = mind.ask("UnlockConnector", {"evseId": 1, "connectorId": 1})
    assert answer["status"] == "OngoingAuthorizedTransaction"
    answer = mind.ask("UnlockConnector", {"evseId": 5, "connectorId": 1})
    assert answer["status"] == "UnknownConnector"


def test_f06_a_transaction_is_told_when_asked_for() -> None:
    mind = Mind()
    asked = {"requestedMessage": "TransactionEvent"}
    assert mind.ask("TriggerMessage", asked)["status"] == "Rejected"
    mind.charge(30)
    assert mind.ask("TriggerMessage", asked)["status"] == "Accepted"
    last = mind.events[-1]
    assert last["triggerReason"] == "Trigger"
    assert last["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"


# ---- reservations --------------------------------------------------------------------------


def reserve(mind: Mind, token: dict[str, Any] = TOKEN, **more: Any) -> str:
    asked = {"id": 1, "expiryDateTime": iso(mind.time + timedelta(minutes=5)), "idToken": token}
    status: str = mind.ask("ReserveNow", {**asked, **more})["status"]
    return status


def test_h01_a_reserved_evse_lets_only_the_right_token_charge() -> None:
    mind = Mind()
    assert reserve(mind, evseId=1) == "Accepted"
    assert mind.states() == ["Reserved"]
    mind.plug()
    assert mind.present(OTHER) == [False]
    assert mind.present(TOKEN) == [True]
    assert mind.events[0]["reservationId"] == 1
    mind.run(600)
    assert mind.all("ReservationStatusUpdate") == []


def test_h04_a_reservation_that_nobody_uses_ends_and_that_is_told() -> None:
    mind = Mind()
    reserve(mind, evseId=1)
    mind.run(301)
    told = {"reservationId": 1, "reservationUpdateStatus": "Expired"}
    assert mind.all("ReservationStatusUpdate") == [told]
    assert mind.states() == ["Reserved", "Available"]


def test_h02_a_reservation_is_cancelled_once() -> None:
    mind = Mind()
    reserve(mind, evseId=1)
    assert mind.ask("CancelReservation", {"reservationId": 1})["status"] == "Accepted"
    assert mind.ask("CancelReservation", {"reservationId": 1})["status"] == "Rejected"
    mind.run(600)
    assert mind.all("ReservationStatusUpdate") == []


@pytest.mark.parametrize(("evse", "status"), [(1, "Occupied"), (2, "Unavailable"), (9, "Rejected")])
def test_h01_what_cannot_be_reserved(evse: int, status: str) -> None:
    mind = Mind()
    mind.plug()
    mind.ask("ChangeAvailability", {"operationalStatus": "Inoperative", "evse": {"id": 2}})
    assert reserve(mind, evseId=evse) == status


def test_h01_any_evse_is_kept_until_the_last_free_one() -> None:
    mind = Mind()
    assert reserve(mind) == "Accepted"
    assert mind.present(OTHER) == [True]
    mind.plug()
    assert mind.present(OTHER, evse=2) == [False]
    assert reserve(mind, OTHER, id=2) == "Occupied"
    assert mind.present(TOKEN, evse=2) == [True]


def test_h01_a_reservation_in_the_past_is_refused() -> None:
    assert reserve(Mind(), expiryDateTime=iso(T0 - timedelta(seconds=1))) == "Rejected"
