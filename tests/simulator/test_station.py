"""The simulated station against a tiny CSMS over a real websocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from citrine_py.simulator.link import NoAnswer
from citrine_py.simulator.scenarios import Pace, StationConfig
from citrine_py.simulator.station import SimulatedStation, run
from tests.simulator.tiny_csms import TinyCsms, boot, tiny_csms

QUICK = Pace(retry=0.05, reboot=0.01, first_wait=0.01, longest_wait=0.05, answer=2)
OLD, NEW = "old-password-0123456789", "new-password-0123456789"


@pytest.fixture
async def csms() -> AsyncIterator[TinyCsms]:
    async with tiny_csms() as running:
        yield running


def station(csms: TinyCsms, scenario: str = "stay", **more: Any) -> SimulatedStation:
    config = StationConfig(id="cp001", url=csms.url, scenario=scenario, pace=QUICK, **more)
    return SimulatedStation(config)


def set_password(value: str) -> dict[str, Any]:
    return {
        "setVariableData": [
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
                "attributeValue": value,
            }
        ]
    }


async def test_it_boots_tells_its_connectors_and_then_sends_heartbeats(csms: TinyCsms) -> None:
    csms.boots = [boot("Accepted", 1)]
    async with station(csms, evses=2) as it:
        await it.accepted()
        await csms.until(lambda: "Heartbeat" in csms.actions())
    assert csms.actions()[:3] == ["BootNotification", "StatusNotification", "StatusNotification"]
    assert csms.payloads("BootNotification")[0]["reason"] == "PowerUp"
    assert [each["evseId"] for each in csms.payloads("StatusNotification")] == [1, 2]
    assert it.behaviour.heartbeat_interval == 1


async def test_boot_scenario_ends_once_accepted(csms: TinyCsms) -> None:
    config = StationConfig(url=csms.url, scenario="boot", pace=QUICK)
    async with asyncio.timeout(10):
        assert await run([config])
    assert csms.actions() == ["BootNotification", "StatusNotification", "StatusNotification"]


async def test_boot_scenario_gives_up_when_the_upgrade_is_refused(csms: TinyCsms) -> None:
    csms.password = OLD
    config = StationConfig(url=csms.url, scenario="boot", pace=QUICK)
    async with asyncio.timeout(10):
        assert not await run([config])


async def test_boot_scenario_gives_up_when_nobody_is_there() -> None:
    config = StationConfig(url="ws://127.0.0.1:1", scenario="boot", pace=QUICK)
    async with asyncio.timeout(10):
        assert not await run([config])


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_b02_b03_it_asks_again_and_says_nothing_else_until_accepted(
    csms: TinyCsms, status: str
) -> None:
    csms.boots = [boot(status, 0), boot(status, 0), boot("Accepted")]
    async with station(csms) as it:
        await it.accepted()
    assert csms.actions()[:4] == ["BootNotification"] * 3 + ["StatusNotification"]


async def test_f06_a_triggered_boot_comes_before_the_interval_with_its_reason(
    csms: TinyCsms,
) -> None:
    csms.boots = [boot("Pending", 3600), boot("Accepted")]
    async with station(csms) as it:
        await it.until(lambda it: it.registration == "Pending")
        answer = await csms.ask("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert answer[2] == {"status": "Accepted"}
        await it.accepted()
    reasons = [each["reason"] for each in csms.payloads("BootNotification")]
    assert reasons == ["PowerUp", "Triggered"]


async def test_b07_a_full_report_comes_in_parts_after_the_answer(csms: TinyCsms) -> None:
    async with station(csms, variables=200, report_items=30) as it:
        await it.accepted()
        asked = {"requestId": 7, "reportBase": "FullInventory"}
        assert (await csms.ask("GetBaseReport", asked))[2] == {"status": "Accepted"}
        await csms.until(lambda: len(csms.payloads("NotifyReport")) == 7)
    parts = csms.payloads("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(7))
    assert [part["tbc"] for part in parts] == [True] * 6 + [False]
    assert sum(len(part["reportData"]) for part in parts) == 200
    assert {part["requestId"] for part in parts} == {7}


async def test_an_interrupted_report_breaks_the_line_and_is_whole_the_next_time(
    csms: TinyCsms,
) -> None:
    csms.boots = [boot("Pending", 3600)]
    asked = {"requestId": 1, "reportBase": "FullInventory"}
    async with station(csms, "report-interrupted") as it:
        await it.until(lambda it: it.boots == 1)
        await csms.ask("GetBaseReport", asked)
        await it.until(lambda it: it.connections == 2 and it.boots == 2)
        assert csms.payloads("NotifyReport")[-1]["tbc"] is True
        await csms.ask("GetBaseReport", asked)
        await csms.until(lambda: csms.payloads("NotifyReport")[-1]["tbc"] is False)


async def test_b11_a_reset_hangs_up_and_boots_anew_for_that_reason(csms: TinyCsms) -> None:
    async with station(csms) as it:
        await it.accepted()
        assert (await csms.ask("Reset", {"type": "OnIdle"}))[2] == {"status": "Accepted"}
        await it.until(lambda it: it.boots == 2)
        await it.accepted()
    assert it.connections == 2
    assert csms.payloads("BootNotification")[1]["reason"] == "RemoteReset"


async def test_a01_it_signs_in_with_the_new_password_at_once_and_does_not_boot(
    csms: TinyCsms,
) -> None:
    csms.password = OLD
    async with station(csms, password=OLD) as it:
        await it.accepted()
        csms.password = NEW
        answer = await csms.ask("SetVariables", set_password(NEW))
        assert answer[2]["setVariableResult"][0]["attributeStatus"] == "Accepted"
        await it.until(lambda it: it.connections == 2)
    assert csms.users == [f"cp001:{OLD}", f"cp001:{NEW}"]
    assert it.boots == 1


async def test_a01_a_password_that_takes_a_reboot_is_used_after_it(csms: TinyCsms) -> None:
    csms.password = OLD
    async with station(csms, "password-reboot", password=OLD) as it:
        await it.accepted()
        answer = await csms.ask("SetVariables", set_password(NEW))
        assert answer[2]["setVariableResult"][0]["attributeStatus"] == "RebootRequired"
        assert it.password == OLD
        csms.password = NEW
        await csms.ask("Reset", {"type": "Immediate"})
        await it.until(lambda it: it.boots == 2)
    assert csms.users[-1] == f"cp001:{NEW}"


async def test_a01_an_answer_that_is_lost_leaves_it_with_the_new_password(csms: TinyCsms) -> None:
    async with station(csms, "password-unanswered", password=OLD) as it:
        await it.accepted()
        csms.password = NEW
        assert csms.socket is not None
        frame = set_password(NEW)
        asking = asyncio.ensure_future(csms.ask("SetVariables", frame))
        await it.until(lambda it: it.connections == 2)
        assert not asking.done()
        asking.cancel()
    assert it.password == NEW


async def test_a_station_that_lost_its_line_goes_on_without_booting(csms: TinyCsms) -> None:
    async with station(csms) as it:
        await it.accepted()
        it.drop()
        await it.until(lambda it: it.connections == 2)
        await csms.until(lambda: "Heartbeat" in csms.actions())
    assert it.boots == 1


async def test_a_security_error_makes_it_boot_again(csms: TinyCsms) -> None:
    async with station(csms) as it:
        await it.accepted()
        csms.refuse = lambda action: "SecurityError" if action == "Heartbeat" else None
        it.drop()
        await it.until(lambda it: it.boots == 2)
    assert csms.payloads("BootNotification")[1]["reason"] == "Unknown"


async def test_it_keeps_trying_while_it_is_refused(csms: TinyCsms) -> None:
    csms.password = NEW
    async with station(csms, password=OLD) as it:
        await it.until(lambda it: it.refusal == 401)
        csms.password = OLD
        await it.accepted()
        assert it.refusal is None


async def test_no_boot_scenario_sends_heartbeats_only(csms: TinyCsms) -> None:
    async with station(csms, "no-boot"):
        await csms.until(lambda: bool(csms.received))
    assert csms.actions() == ["Heartbeat"]


async def test_silent_scenario_never_answers(csms: TinyCsms) -> None:
    async with station(csms, "silent") as it:
        await it.accepted()
        asking = asyncio.ensure_future(csms.ask("GetReport", {"requestId": 1}))
        await it.called("GetReport")
        assert (await it.call("Heartbeat", {}))["currentTime"]  # the line works
        assert not asking.done()
        asking.cancel()


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Dance", {}, "NotImplemented"),
        ("GetLog", {"requestId": 1, "logType": "SecurityLog", "log": {"remoteLocation": "x"}},
         "NotSupported"),
        ("Reset", {"type": "Gently"}, "PropertyConstraintViolation"),
        ("Reset", {}, "OccurrenceConstraintViolation"),
    ],
)  # fmt: skip
async def test_what_it_cannot_do_it_refuses_with_the_right_code(
    csms: TinyCsms, action: str, payload: dict[str, Any], code: str
) -> None:
    async with station(csms, "basic") as it:
        await it.accepted()
        answer = await csms.ask(action, payload)
    assert (answer[0], answer[2]) == (4, code)


async def test_call_tells_why_there_is_no_answer(csms: TinyCsms) -> None:
    async with station(csms) as it:
        await it.accepted()
        csms.refuse = lambda _action: "NotSupported"
        with pytest.raises(NoAnswer, match="NotSupported"):
            await it.call("Heartbeat", {})
    with pytest.raises(NoAnswer, match="not connected"):
        await it.call("Heartbeat", {})


async def test_the_state_of_a_station_is_in_its_repr(csms: TinyCsms) -> None:
    async with station(csms) as it:
        await it.accepted()
        assert repr(it) == "<SimulatedStation cp001, connected, Accepted>"
