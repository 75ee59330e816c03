"""Which messages are answered, and how the others are refused."""

from __future__ import annotations

import pytest

from citrine_py.ocpp import catalogue
from citrine_py.ports import Payload
from tests.modules.world import BOOT_REQUEST, World

HANDLED = {
    "Authorize",
    "BootNotification",
    "ClearedChargingLimit",
    "DataTransfer",
    "FirmwareStatusNotification",
    "Get15118EVCertificate",
    "GetCertificateStatus",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "SignCertificate",
    "StatusNotification",
    "TransactionEvent",
}


def test_bindings_and_catalogue_have_the_same_messages() -> None:
    bound = {action for _, action in World().rules.dispatch.handlers}
    received = {action.name for action in catalogue.receivable("2.0.1")}
    assert bound == HANDLED
    assert bound == received


async def accepted() -> World:
    world = World()
    await world.accepted()
    return world


async def test_an_unknown_action_is_not_implemented() -> None:
    assert await (await accepted()).refused("heartbeat") == "NotImplemented"


async def test_a_message_of_the_other_direction_is_not_supported() -> None:
    assert await (await accepted()).refused("Reset", {"type": "OnIdle"}) == "NotSupported"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "OccurrenceConstraintViolation"),
        ({**BOOT_REQUEST, "reason": "Boredom"}, "PropertyConstraintViolation"),
        ({**BOOT_REQUEST, "reason": 1}, "TypeConstraintViolation"),
        ({**BOOT_REQUEST, "other": 1}, "FormatViolation"),
    ],
)
async def test_a_payload_that_breaks_the_schema_is_refused_and_leaves_no_trace(
    payload: Payload, code: str
) -> None:
    world = World()
    assert await world.refused("BootNotification", payload) == code
    assert world.records.written == []
    assert world.jobs.started == []
