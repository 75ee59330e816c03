"""B02: from Pending to Accepted, and every way in which that fails and is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from citrine_py.errors import StationOffline, StationRefused, StationSilent
from citrine_py.model.stations import BOOT, CHARGING_STATION
from citrine_py.modules.pending_boot import read_settings
from citrine_py.ports import Delete, Payload
from tests.fakes import idle
from tests.modules.world import STATION, World, data, set_all

ACCEPTED: Payload = {"status": "Accepted"}


def pending(**boot: Any) -> World:
    world = World()
    world.stations.answers |= {
        "GetBaseReport": ACCEPTED,
        "TriggerMessage": ACCEPTED,
        "Reset": ACCEPTED,
        "SetVariables": set_all(),
    }
    world.set_boot(status="Pending", **boot)
    return world


async def with_report() -> tuple[World, int]:
    """A station that was asked for its report; the requestId."""
    world = pending(getBaseReportOnPending=True)
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    (asked,) = world.stations.sent("GetBaseReport")
    return world, asked["requestId"]


# ---- the report ------------------------------------------------------------------------


async def test_the_answer_leaves_before_the_report_is_asked_for() -> None:
    world = pending(getBaseReportOnPending=True)
    await world.boot()
    assert world.stations.calls == []
    await world.jobs.settle()
    assert [call.action for call in world.stations.calls] == ["GetBaseReport"]


async def test_tc_b_02_the_full_inventory_is_asked_for_then_the_boot_is_accepted() -> None:
    """TC_B_02_CSMS: Pending, GetBaseReport, NotifyReport, a trigger, Accepted."""
    world, request_id = await with_report()
    assert world.stations.sent("GetBaseReport") == [
        {"requestId": request_id, "reportBase": "FullInventory"}
    ]
    assert world.progress() == "ReportRequested"
    assert world.boot_record.reportRequestId == request_id
    await world.report(request_id, 0, [data("A", "x"), data("A", "y")], tbc=True)
    await world.jobs.settle()
    assert world.progress() == "ReportReceiving"
    assert world.boot_record.reportVariables == 2
    await world.report(request_id, 1, [data("B", "z")])
    assert world.stations.sent("TriggerMessage") == []
    await world.jobs.settle()
    assert world.stations.sent("TriggerMessage") == [{"requestedMessage": "BootNotification"}]
    assert world.status() == "Accepted"
    assert world.progress() == "AwaitingBoot"
    assert world.boot_record.reportVariables == 3
    assert {row.variable for row in world.attributes.values()} == {"x", "y", "z"}
    await world.accepted()
    assert world.progress() == "Done"
    assert await world.call("Heartbeat")


async def test_parts_may_come_out_of_order_and_twice() -> None:
    world, request_id = await with_report()
    for seq_no in (2, 0, 2, 0):
        await world.report(request_id, seq_no, [data("A", f"v{seq_no}")], tbc=seq_no != 2)
        await world.jobs.settle()
        assert world.status() == "Pending"
    await world.report(request_id, 1, [data("A", "v1")], tbc=True)
    await world.jobs.settle()
    assert world.status() == "Accepted"
    assert world.boot_record.reportVariables == 3


async def test_parts_may_come_before_the_answer_to_get_base_report() -> None:
    world = pending(getBaseReportOnPending=True)

    async def answer(payload: Payload) -> Payload:
        await world.report(payload["requestId"], 0, [data("A", "x")])
        return ACCEPTED

    world.stations.answers["GetBaseReport"] = answer
    await world.boot()
    await world.jobs.settle()
    assert world.status() == "Accepted"


async def test_a_station_that_ignores_the_trigger_boots_after_its_interval() -> None:
    for answer in ({"status": "Rejected"}, StationRefused("NotSupported", "", {})):
        world = pending(getBaseReportOnPending=True)
        world.stations.answers["TriggerMessage"] = answer
        await world.boot()
        await world.jobs.settle()
        await world.report(world.boot_record.reportRequestId or 0, 0, [data("A", "x")])
        await world.jobs.settle()
        assert world.progress() == "AwaitingBoot"
        assert "if it does not, reset it" in (world.boot_record.progressInfo or "")
        await world.accepted()
        assert world.boot_record.progressInfo is None


async def test_an_operators_edit_during_the_report_stands() -> None:
    world, request_id = await with_report()
    world.set_boot(status="Rejected")
    await world.report(request_id, 0, [data("A", "x")])
    await world.jobs.settle()
    assert world.status() == "Rejected"
    assert world.stations.sent("TriggerMessage") == []


async def test_an_accepted_boot_ends_a_conversation_that_is_not_needed_any_more() -> None:
    world, _ = await with_report()
    world.set_boot(status="Accepted")
    await world.accepted()
    await world.jobs.settle()
    world.jobs.time_out()
    await world.jobs.settle()
    assert world.progress() == "Done"


# ---- what goes wrong with it -----------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": "Rejected"}, "GetBaseReport was answered Rejected"),
        (
            {"status": "NotSupported", "statusInfo": {"reasonCode": "No", "additionalInfo": "way"}},
            "GetBaseReport was answered NotSupported (No, way)",
        ),
        ({"status": "EmptyResultSet"}, "GetBaseReport was answered EmptyResultSet"),
        (StationRefused("InternalError", "oops", {}), "the station answered InternalError: oops"),
        (StationSilent("cp001 did not answer"), "cp001 did not answer"),
        (StationOffline("cp001 is not connected"), "cp001 is not connected"),
    ],
)
async def test_a_refused_report_is_visible_and_the_next_boot_tries_again(
    answer: Any, told: str
) -> None:
    world = pending(getBaseReportOnPending=True)
    world.stations.answers["GetBaseReport"] = [answer, ACCEPTED]
    await world.boot()
    await world.jobs.settle()
    assert (world.boot_record.progress, world.boot_record.progressInfo) == ("Failed", told)
    assert world.status() == "Pending"
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    assert world.progress() == "ReportRequested"
    assert world.boot_record.progressInfo is None
    first, second = world.stations.sent("GetBaseReport")
    assert first["requestId"] != second["requestId"]


WITHHELD = (
    "no part of it came; a station may send it only once it is accepted: set the status to "
    "Accepted, then ask"
)


@pytest.mark.parametrize(
    ("parts", "lack"),
    [
        (
            [],
            WITHHELD,
        ),
        ([(0, True)], "the last part did not come; 1 part did"),
        ([(2, True)], "the last part did not come; 1 part did, without 0, 1"),
        ([(0, True), (3, False)], "the last part came, but part 1, 2 did not"),
    ],
)
async def test_a_report_that_stops_is_visible_and_says_what_is_missing(
    parts: list[tuple[int, bool]], lack: str
) -> None:
    world, request_id = await with_report()
    for seq_no, tbc in parts:
        await world.report(request_id, seq_no, [data("A", f"v{seq_no}")], tbc=tbc)
        await world.jobs.settle()
    world.jobs.time_out()
    await world.jobs.settle()
    assert world.progress() == "Failed"
    assert world.boot_record.progressInfo == f"the report stopped for 120 s: {lack}"
    assert world.status() == "Pending"
    await world.boot()
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 2


async def test_a_lost_connection_is_visible_and_the_next_boot_tries_again() -> None:
    world, request_id = await with_report()
    await world.report(request_id, 0, [data("A", "x")], tbc=True)
    await world.jobs.settle()
    await world.leave()
    await world.jobs.settle()
    assert world.progress() == "Failed"
    assert world.boot_record.progressInfo == (
        "the connection was lost at ReportReceiving (connection lost)"
    )
    await world.connect()
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 2


async def test_a_second_boot_on_the_same_connection_does_not_begin_anew() -> None:
    world, request_id = await with_report()
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 1
    await world.report(request_id, 0, [data("A", "x")])
    await world.jobs.settle()
    await world.accepted()


async def test_a_boot_on_a_new_connection_begins_anew_at_once() -> None:
    """The edge tells of no `gone` where a newer connection has taken the place."""
    world, _ = await with_report()
    await world.connect()
    await world.boot()
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 2
    assert world.progress() == "ReportRequested"


async def test_after_a_restart_of_the_service_the_conversation_is_taken_up() -> None:
    old, _ = await with_report()
    await old.jobs.stop()
    world = World()
    world.stations.answers |= {"GetBaseReport": ACCEPTED, "TriggerMessage": ACCEPTED}
    world.records.have(BOOT, old.boot_record)
    world.records.have(CHARGING_STATION, old.station_record)
    await world.rules.presence.reset()
    await world.connect()
    await world.jobs.settle()
    (asked,) = world.stations.sent("GetBaseReport")
    assert world.clock.slept == [5]
    await world.report(asked["requestId"], 0, [data("A", "x")])
    await world.jobs.settle()
    assert world.status() == "Accepted"


async def test_a_failed_conversation_is_not_taken_up_without_a_boot() -> None:
    world, _ = await with_report()
    await world.leave()
    await world.connect()
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 1


async def test_late_parts_of_the_report_are_still_let_in_after_the_time_out() -> None:
    world, request_id = await with_report()
    world.jobs.time_out()
    await world.jobs.settle()
    assert await world.report(request_id, 0, [data("A", "late")]) == {}
    assert world.attribute("A", "late") is not None


# ---- variables -------------------------------------------------------------------------

ROW = {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "30"}
OCPP_ROW = {
    "component": {"name": "AuthCtrlr", "instance": "i", "evse": {"id": 1, "connectorId": 2}},
    "variable": {"name": "Enabled", "instance": "j"},
    "attributeType": "Target",
    "attributeValue": "true",
}
FLAT_ROW = {
    "component": "AuthCtrlr",
    "componentInstance": "i",
    "evseId": 1,
    "connectorId": 2,
    "variable": "Enabled",
    "variableInstance": "j",
    "attributeType": "Target",
    "value": "true",
}


def test_pending_variables_have_ocpps_shape_or_the_forms() -> None:
    assert read_settings([OCPP_ROW, FLAT_ROW]) == ([OCPP_ROW, OCPP_ROW], [])


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (5, "row 1: not an object"),
        ({"variable": "x", "value": "1"}, "row 1: component is missing"),
        ({"component": "C", "value": "1"}, "row 1: variable is missing"),
        ({"component": "C", "variable": "x"}, "row 1: C.x: value is missing"),
        ({"component": {"name": "C"}, "variable": "x"}, "row 1: not a SetVariableData"),
    ],
)
def test_a_row_that_cannot_be_sent_is_told_of(row: object, told: str) -> None:
    good, problems = read_settings([row])
    assert good == []
    assert problems[0]["attributeStatusInfo"]["additionalInfo"] == told


async def test_variables_are_set_then_the_boot_is_accepted() -> None:
    world = pending(pendingBootSetVariables=[ROW, FLAT_ROW])
    await world.boot()
    await world.jobs.settle()
    (sent,) = world.stations.sent("SetVariables")
    assert len(sent["setVariableData"]) == 2
    assert world.boot_record.variablesRejectedOnLastBoot == []
    assert world.status() == "Accepted"
    row = world.attribute("OCPPCommCtrlr", "HeartbeatInterval")
    assert row is not None
    assert (row.value, row.status) == ("30", "Accepted")
    await world.accepted()


async def test_variables_go_in_batches_after_the_report() -> None:
    rows = [{"component": "C", "variable": f"v{n}", "value": n} for n in range(5)]
    world = pending(getBaseReportOnPending=True, pendingBootSetVariables=rows)
    await world.boot()
    await world.jobs.settle()
    limit = data("DeviceDataCtrlr", "ItemsPerMessage", "2")
    limit["variable"]["instance"] = "SetVariables"
    await world.report(world.boot_record.reportRequestId or 0, 0, [limit])
    await world.jobs.settle()
    sizes = [len(sent["setVariableData"]) for sent in world.stations.sent("SetVariables")]
    assert sizes == [2, 2, 1]
    assert world.progress() == "AwaitingBoot"


@pytest.mark.parametrize("boot_anyway", [False, None, True])
async def test_rejected_variables_are_recorded_and_boot_with_rejected_variables_honoured(
    boot_anyway: bool | None,
) -> None:
    world = pending(pendingBootSetVariables=[ROW, FLAT_ROW], bootWithRejectedVariables=boot_anyway)
    world.stations.answers["SetVariables"] = set_all(Enabled="Rejected")
    await world.boot()
    await world.jobs.settle()
    (rejected,) = world.boot_record.variablesRejectedOnLastBoot or []
    assert rejected["variable"] == {"name": "Enabled", "instance": "j"}
    if boot_anyway:
        assert world.status() == "Accepted"
        return
    assert world.status() == "Pending"
    assert world.progress() == "Failed"
    assert world.boot_record.progressInfo == "not set: AuthCtrlr.Enabled (Rejected)"
    world.stations.answers["SetVariables"] = set_all()
    await world.boot()
    await world.jobs.settle()
    assert world.status() == "Accepted"


async def test_a_password_among_them_is_not_sent() -> None:
    secret = "plain-text-password-1"
    row = {"component": "SecurityCtrlr", "variable": "BasicAuthPassword", "value": secret}
    world = pending(pendingBootSetVariables=[row])
    await world.boot()
    await world.jobs.settle()
    assert world.stations.calls == []
    assert "POST /data/configuration/password" in (world.boot_record.progressInfo or "")
    assert secret not in str(world.boot_record.variablesRejectedOnLastBoot)


async def test_a_value_that_breaks_ocpps_schema_is_visible() -> None:
    world = pending(pendingBootSetVariables=[{**ROW, "attributeType": "Wrong"}])
    await world.boot()
    await world.jobs.settle()
    assert world.progress() == "Failed"
    assert "attributeType" in (world.boot_record.progressInfo or "")


# ---- the reset -------------------------------------------------------------------------


async def resetting(reset: Any = ACCEPTED) -> World:
    world = pending(pendingBootSetVariables=[ROW])
    world.stations.answers |= {"SetVariables": set_all("RebootRequired"), "Reset": reset}
    await world.connect()
    world.clock.advance(1)
    await world.boot()
    await world.jobs.settle()
    return world


@pytest.mark.parametrize("reset", [ACCEPTED, {"status": "Scheduled"}, StationSilent("no answer")])
async def test_reboot_required_leads_to_a_reset_and_the_boot_after_it_is_accepted(
    reset: Any,
) -> None:
    world = await resetting(reset)
    assert world.stations.sent("Reset") == [{"type": "Immediate"}]
    assert world.stations.sent("TriggerMessage") == []
    assert (world.boot_record.progress, world.boot_record.status) == ("Resetting", "Pending")
    world.clock.advance(5)
    await world.leave()
    assert world.progress() == "Resetting"
    await world.connect()
    await world.jobs.settle()
    assert (await world.boot())["status"] == "Accepted"
    assert world.status() == "Accepted"
    assert len(world.stations.sent("SetVariables")) == 1


async def test_a_station_that_says_it_was_reset_needs_no_new_connection() -> None:
    world = await resetting()
    assert (await world.boot("RemoteReset"))["status"] == "Accepted"


async def test_a_boot_before_the_reset_took_place_is_pending() -> None:
    world = await resetting()
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    assert len(world.stations.sent("SetVariables")) == 1
    assert world.progress() == "Resetting"


async def test_a_reset_that_never_takes_place_is_tried_again() -> None:
    world = await resetting()
    world.clock.advance(121)
    assert (await world.boot())["status"] == "Pending"
    await world.jobs.settle()
    assert len(world.stations.sent("Reset")) == 2


async def test_a_refused_reset_is_visible_and_retryable() -> None:
    world = await resetting([{"status": "Rejected"}, ACCEPTED])
    assert world.progress() == "Failed"
    assert world.boot_record.progressInfo == (
        "variables need a reboot, and Reset was answered Rejected"
    )
    await world.boot()
    await world.jobs.settle()
    assert world.progress() == "Resetting"


async def test_a_station_that_boots_by_itself_after_a_restart_is_not_asked_twice() -> None:
    world, _ = await with_report()
    await world.connect()
    world.set_boot(status="Rejected")
    await world.jobs.settle()
    assert len(world.stations.sent("GetBaseReport")) == 1


async def test_many_rejected_variables_are_counted() -> None:
    rows = [{"component": "C", "variable": f"v{n}", "value": n} for n in range(5)]
    world = pending(pendingBootSetVariables=[*rows, {"variable": "x"}])
    world.stations.answers["SetVariables"] = set_all("Rejected")
    await world.boot()
    await world.jobs.settle()
    assert world.boot_record.progressInfo == (
        "not set: row 6: component is missing, C.v0 (Rejected), C.v1 (Rejected) and 3 more"
    )


async def test_a_boot_record_that_an_operator_removed_ends_the_conversation() -> None:
    world, request_id = await with_report()
    await world.records.write(Delete(BOOT, STATION))
    await world.report(request_id, 0, [data("A", "x")])
    await world.jobs.settle()
    await idle()
    assert world.stations.sent("TriggerMessage") == []
