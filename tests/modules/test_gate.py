"""TC_B_30: before acceptance only BootNotification and what we asked for."""

from __future__ import annotations

import pytest

from citrine_py.modules.gate import TRIGGER_LIFETIME
from citrine_py.ports import Payload
from tests.modules.world import STATION, World, data

STATUS: Payload = {
    "timestamp": "2026-01-01T00:00:00Z",
    "connectorStatus": "Available",
    "evseId": 1,
    "connectorId": 1,
}


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_tc_b_30_other_messages_get_security_error(status: str) -> None:
    """TC_B_30_CSMS (B02.FR.09, B03.FR.07)."""
    world = World()
    world.set_boot(status=status)
    await world.boot()
    assert await world.refused("StatusNotification", STATUS) == "SecurityError"
    assert await world.refused("Heartbeat") == "SecurityError"
    assert await world.refused("NoSuchThing") == "SecurityError"
    assert world.records.posted == []


async def test_before_any_boot_other_messages_get_security_error() -> None:
    world = World()
    await world.connect()
    assert await world.refused("Heartbeat") == "SecurityError"
    await world.accepted()
    assert await world.call("Heartbeat")


async def test_acceptance_outlives_the_connection_and_a_restart() -> None:
    """A station that reconnects without booting goes on."""
    world = World()
    await world.connect()
    await world.accepted()
    await world.leave()
    await world.rules.presence.reset()
    await world.connect()
    assert await world.call("StatusNotification", STATUS) == {}


async def test_an_operators_edit_counts_from_the_next_boot_on() -> None:
    world = World()
    await world.accepted()
    world.set_boot(status="Rejected")
    assert await world.call("Heartbeat")
    await world.boot()
    assert await world.refused("Heartbeat") == "SecurityError"


async def pending() -> World:
    world = World()
    world.set_boot(status="Pending")
    await world.boot()
    await world.jobs.settle()
    return world


async def test_a_report_that_was_asked_for_passes_and_no_other() -> None:
    """B02 with B07: NotifyReport answers GetBaseReport and GetReport."""
    world = await pending()
    world.stations.answers["GetBaseReport"] = {"status": "Accepted"}
    asked = {"requestId": 42, "reportBase": "FullInventory"}
    await world.rules.requests.send(STATION, "GetBaseReport", asked)
    assert await world.report(42, 0, [data("A", "x")]) == {}
    other = {"requestId": 43, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
    assert await world.refused("NotifyReport", other) == "SecurityError"
    assert await world.refused("NotifyReport", {}) == "SecurityError"


async def test_a_refused_report_is_not_expected() -> None:
    world = await pending()
    world.stations.answers["GetBaseReport"] = {"status": "Rejected"}
    asked = {"requestId": 42, "reportBase": "FullInventory"}
    await world.rules.requests.send(STATION, "GetBaseReport", asked)
    payload = {"requestId": 42, "generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0}
    assert await world.refused("NotifyReport", payload) == "SecurityError"


async def test_a_triggered_message_passes_once() -> None:
    """B02 with F06."""
    world = await pending()
    world.stations.answers["TriggerMessage"] = {"status": "Accepted"}
    asked = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}
    await world.rules.requests.send(STATION, "TriggerMessage", asked)
    assert await world.refused("Heartbeat") == "SecurityError"
    assert await world.call("StatusNotification", STATUS) == {}
    assert await world.refused("StatusNotification", STATUS) == "SecurityError"


async def test_a_triggered_message_passes_before_the_answer_to_the_trigger_is_known() -> None:
    world = await pending()

    async def answer(_: Payload) -> Payload:
        assert await world.call("Heartbeat")
        return {"status": "Accepted"}

    world.stations.answers["TriggerMessage"] = answer
    await world.rules.requests.send(STATION, "TriggerMessage", {"requestedMessage": "Heartbeat"})


@pytest.mark.parametrize("status", ["Rejected", "NotImplemented"])
async def test_a_trigger_that_was_refused_lets_nothing_pass(status: str) -> None:
    world = await pending()
    world.stations.answers["TriggerMessage"] = {"status": status}
    await world.rules.requests.send(STATION, "TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert await world.refused("Heartbeat") == "SecurityError"


async def test_what_a_trigger_asked_for_is_expected_for_a_while_only() -> None:
    world = await pending()
    world.stations.answers["TriggerMessage"] = {"status": "Accepted"}
    await world.rules.requests.send(STATION, "TriggerMessage", {"requestedMessage": "Heartbeat"})
    world.clock.advance(TRIGGER_LIFETIME)
    assert await world.refused("Heartbeat") == "SecurityError"


async def test_a_rejected_station_may_not_even_send_what_was_triggered() -> None:
    """B03."""
    world = World()
    world.set_boot(status="Rejected")
    await world.boot()
    world.stations.answers["TriggerMessage"] = {"status": "Accepted"}
    await world.rules.requests.send(STATION, "TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert await world.refused("Heartbeat") == "SecurityError"
