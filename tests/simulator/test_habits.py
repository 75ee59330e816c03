"""Vendors' habits: in each scenario, all that is told is right, and a session is whole."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.simulator.car import CarModel
from citrine_py.simulator.scenarios import SCENARIOS, Drive
from tests.simulator.mind import TOKEN, Mind, ok, profile, register

TALKERS = [name for name, it in SCENARIOS.items() if it.habits.answers and it.habits.boots]
CAR = CarModel(battery=20, soc=50, talks=True)
DRIVE = Drive(token="CARD1", token_type="ISO14443", car=CAR, first=10, minutes=20, every=30)


def whole(events: list[dict[str, Any]]) -> None:
    """Of each transaction: all events once, one Started and one Ended, the register rising."""
    transactions: dict[str, dict[int, dict[str, Any]]] = {}
    for it in events:
        number = it["transactionInfo"]["transactionId"]
        transactions.setdefault(number, {})[it["seqNo"]] = it
    assert transactions
    for told in transactions.values():
        ordered = [told[number] for number in sorted(told)]
        assert sorted(told) == list(range(len(told)))
        kinds = [it["eventType"] for it in ordered]
        assert kinds == ["Started", *["Updated"] * (len(kinds) - 2), "Ended"]
        registers = [register(it) for it in ordered if "meterValue" in it]
        assert registers == sorted(registers)
        times = [it["timestamp"] for it in ordered]
        assert times == sorted(times)


@pytest.mark.parametrize("scenario", TALKERS)
@pytest.mark.parametrize("direct", [False, True], ids=["ac", "dc"])
def test_in_each_scenario_all_messages_are_valid_and_each_session_whole(
    scenario: str, direct: bool
) -> None:
    mind = Mind(scenario, drive=DRIVE, direct_current=direct)
    mind.run(100)
    for action, payload in (
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
        ("TriggerMessage", {"requestedMessage": "TransactionEvent"}),
        ("TriggerMessage", {"requestedMessage": "SignChargingStationCertificate"}),
        ("TriggerMessage", {"requestedMessage": "PublishFirmwareStatusNotification"}),
        ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}),
    ):
        mind.ask(action, payload)
    mind.run(75 * 60)
    mind.run(700)
    whole(mind.events)
    assert len({it["transactionInfo"]["transactionId"] for it in mind.events}) >= 3


def test_offline_queue_tells_afterwards_what_happened_without_a_line() -> None:
    mind = Mind("offline-queue", drive=DRIVE)
    mind.run(1500)
    assert mind.hung_up == 1
    offline = [it.get("offline", False) for it in mind.events]
    assert 4 <= offline.count(True) <= 6
    assert offline[0] is False
    assert offline[-1] is False
    whole(mind.events)


def test_out_of_order_swaps_events() -> None:
    mind = Mind("out-of-order", drive=DRIVE)
    mind.run(1500)
    numbers = [it["seqNo"] for it in mind.events]
    assert numbers[:4] == [1, 0, 3, 2]
    assert sorted(numbers) == list(range(len(numbers)))


def test_repeats_sends_each_event_twice() -> None:
    mind = Mind("repeats", drive=DRIVE)
    mind.run(1500)
    numbers = [it["seqNo"] for it in mind.events]
    assert numbers[:6] == [0, 0, 1, 1, 2, 2]


def test_clock_wrong_is_right_after_the_boot() -> None:
    mind = Mind("clock-wrong", drive=DRIVE)
    (event,) = mind.all("SecurityEventNotification")
    assert event["type"] == "SettingSystemTime"
    assert "1970-01-01" in event["techInfo"]
    mind.run(100)
    assert mind.events[0]["timestamp"].startswith("2026-01-01T00:00")


def test_events_only_never_sends_a_statusnotification() -> None:
    mind = Mind("events-only", drive=DRIVE)
    mind.run(1500)
    assert mind.all("StatusNotification") == []
    told = [it["eventData"][0]["actualValue"] for it in mind.all("NotifyEvent")]
    assert told == ["Occupied", "Available"]
    assert {it.action for it in mind.it.statuses()} == {"NotifyEvent"}


# ---- drivers -------------------------------------------------------------------------------


def test_a_driver_comes_charges_and_leaves_now_and_then() -> None:
    mind = Mind(drive=DRIVE)
    mind.run(3600)
    kinds = [it["eventType"] for it in mind.events if it["eventType"] != "Updated"]
    assert kinds == ["Started", "Ended", "Started", "Ended"]
    assert mind.states() == ["Occupied", "Available"] * 2
    assert mind.events[0]["idToken"] == TOKEN


def test_a_refused_driver_leaves_and_comes_again() -> None:
    mind = Mind(drive=DRIVE)
    mind.info["CARD1"] = {"status": "Unknown"}
    mind.run(100)
    assert mind.states() == ["Occupied", "Available"]
    mind.info["CARD1"] = ok()
    mind.run(1800)
    assert mind.events[0]["eventType"] == "Started"


def test_a_driver_may_pull_the_cable_and_show_the_token_first() -> None:
    mind = Mind(drive=Drive(minutes=5, ends="cable", token_first=True))
    mind.run(600)
    assert mind.events[0]["triggerReason"] == "CablePluggedIn"
    assert mind.events[-1]["transactionInfo"]["stoppedReason"] == "EVDisconnected"


def test_a_driver_plugs_in_after_a_remote_start_and_leaves_after_a_remote_stop() -> None:
    mind = Mind(drive=Drive(first=1e6))
    mind.ask("RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 1, "evseId": 2})
    mind.run(60)
    number = mind.events[0]["transactionInfo"]["transactionId"]
    mind.ask("RequestStopTransaction", {"transactionId": number})
    mind.run(60)
    assert mind.states() == ["Occupied", "Available"]


def test_several_cars_at_once() -> None:
    mind = Mind(drive=Drive(minutes=10, cars=2))
    mind.ask(
        "SetChargingProfile",
        {"evseId": 0, "chargingProfile": profile(12_000, "ChargingStationMaxProfile")},
    )
    mind.run(300)
    assert [it.supply.meter.power for it in mind.it.outlets] == [6000, 6000]
