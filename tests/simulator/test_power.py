"""Availability, resets and power losses of a simulated station that charges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.mind import Mind


def test_g03_availability_waits_for_the_end_of_a_transaction() -> None:
    mind = Mind()
    mind.charge(30)
    asked = {"operationalStatus": "Inoperative", "evse": {"id": 1}}
    assert mind.ask("ChangeAvailability", asked) == {"status": "Scheduled"}
    assert mind.states()[-1] == "Occupied"
    mind.present()
    assert mind.states()[-1] == "Unavailable"
    mind.unplug()
    mind.ask("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 1}})
    assert mind.states()[-1] == "Available"


def test_g03_an_operative_connector_takes_back_what_was_scheduled() -> None:
    mind = Mind()
    mind.charge(30)
    mind.ask("ChangeAvailability", {"operationalStatus": "Inoperative"})
    mind.ask("ChangeAvailability", {"operationalStatus": "Operative"})
    mind.present()
    mind.unplug()
    assert mind.states()[-1] == "Available"


def test_an_inoperative_evse_charges_nobody() -> None:
    mind = Mind()
    mind.ask("ChangeAvailability", {"operationalStatus": "Inoperative"})
    assert mind.present() == [False]


def test_b12_a_reset_on_idle_waits_for_the_transaction() -> None:
    mind = Mind()
    mind.charge(30)
    assert mind.ask("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
    assert mind.reasons == ["PowerUp"]
    mind.present()
    assert mind.reasons == ["PowerUp", "ScheduledReset"]


@pytest.mark.parametrize("more", [{}, {"evseId": 1}])
def test_b12_an_immediate_reset_ends_the_transaction(more: dict[str, Any]) -> None:
    mind = Mind()
    mind.charge(30)
    assert mind.ask("Reset", {"type": "Immediate", **more}) == {"status": "Accepted"}
    last = mind.events[-1]
    assert (last["eventType"], last["triggerReason"]) == ("Ended", "ResetCommand")
    assert last["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    assert mind.reasons == (["PowerUp"] if more else ["PowerUp", "RemoteReset"])


def test_a_power_loss_ends_the_transaction_when_it_is_over() -> None:
    mind = Mind("reboot-in-transaction")
    mind.charge(400)
    assert mind.reasons == ["PowerUp", "PowerUp"]
    last = mind.events[-1]
    assert (last["eventType"], last["triggerReason"]) == ("Ended", "AbnormalCondition")
    assert last["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert len({it["transactionInfo"]["transactionId"] for it in mind.events}) == 1


def test_a_transaction_may_go_on_after_a_power_loss() -> None:
    mind = Mind("reboot-and-resume")
    mind.charge(400)
    assert mind.reasons == ["PowerUp", "PowerUp"]
    assert mind.outlet.transaction is not None
    assert mind.outlet.supply.meter.power > 0
    mind.present()
    assert len({it["transactionInfo"]["transactionId"] for it in mind.events}) == 1
    assert [it["seqNo"] for it in mind.events] == list(range(len(mind.events)))
