"""The buttons: each ends in a notification for an operator, and in a refusal for others."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from citrine_py import files
from citrine_py.provision.definition import load
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

FLOWS = {
    str(flow.data["name"]): flow.id
    for flow in load(files.directus_folder()).flows
    if flow.data["options"]["collections"] in (["ChargingStation"], ["Transaction"])
}
"""Those that ask stations."""
NEEDS_STATION: dict[str, dict[str, Any]] = {
    "Reset": {"type": "OnIdle"},
    "Get base report": {"reportBase": "FullInventory"},
    "Trigger message": {"requestedMessage": "Heartbeat"},
    "Set variable": {
        "component": "OCPPCommCtrlr",
        "variable": "HeartbeatInterval",
        "value": "60",
        "keepWanted": False,
    },
    "Set password": {"setOnCharger": False},
    "Update firmware": {"location": "https://firmware.example/f.bin"},
    "Get log": {"logType": "SecurityLog"},
    "Customer information": {"idToken": "04A2B3C4D5E6F7", "report": True},
    "Set display message": {"content": "Open until 22:00"},
    "Set charging limit": {"limit": 11, "unit": "kW"},
    "Clear charging limit": {},
    "Get charging profiles": {},
    "Composite schedule": {"hours": 1},
    "Start charging": {"idToken": "04A2B3C4D5E6F7", "idTokenType": "ISO14443", "evseId": 1},
    "Stop charging": {"transactionId": "t-1"},
    "Unlock connector": {"evseId": 1, "connectorId": 1},
    "Reserve": {"idToken": "04A2B3C4D5E6F7", "idTokenType": "ISO14443"},
    "Cancel reservation": {"reservationId": 1},
    "Change availability": {"operationalStatus": "Inoperative"},
    "Clear cache": {},
    "Send local list": {},
    "Renew certificate": {},
    "Get installed certificates": {"certificateType": "CSMSRootCertificate"},
    "Install root": {},
}


async def press(
    person: Person,
    flow: str,
    keys: list[str],
    form: dict[str, Any],
    collection: str = "ChargingStation",
) -> httpx.Response:
    body = {"collection": collection, "keys": keys, **form}
    return await person.client.post(f"/flows/trigger/{FLOWS[flow]}", json=body)


async def transaction(people: People, station: str) -> str:
    """The key of a transaction of the station."""
    row = {"id": str(uuid.uuid4()), "station": station, "transactionId": "tx-7"}
    (await people.admin.post("/items/Transaction", json=row)).raise_for_status()
    return row["id"]


async def test_every_button_is_covered_here() -> None:
    assert FLOWS.keys() == {*NEEDS_STATION, "Boot as pending with report", "Transaction status"}


@pytest.mark.parametrize("flow", NEEDS_STATION)
async def test_an_offline_station_is_said_to_be_so(
    operator: Person, station: str, flow: str
) -> None:
    answer = await press(operator, flow, [station], NEEDS_STATION[flow])
    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert flow in note["subject"]
    assert station in note["subject"]
    assert "failed" in note["subject"]
    assert "not connected" in note["message"] or "offline" in note["message"], note["message"]


async def test_an_offline_station_cannot_say_how_a_transaction_stands(
    people: People, operator: Person, station: str
) -> None:
    key = await transaction(people, station)
    answer = await press(operator, "Transaction status", [key], {}, "Transaction")
    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert note["subject"] == f"Transaction status: {station}, tx-7 failed"
    assert "not connected" in note["message"], note["message"]
    assert (note["collection"], note["item"]) == ("Transaction", key)


async def test_a_boot_is_set_pending_for_several_stations_at_once(
    people: People, operator: Person, station: str
) -> None:
    other = f"t-{uuid.uuid4().hex[:12]}"
    await people.admin.post("/items/ChargingStation", json={"id": other})
    answer = await press(operator, "Boot as pending with report", [station, other], {})
    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert "2 stations" in note["subject"]
    assert station in note["message"]
    assert other in note["message"]
    await people.admin.delete(f"/items/ChargingStation/{other}")


async def test_a_password_typed_into_a_button_is_kept_nowhere(
    stack: Stack, people: People, operator: Person, station: str
) -> None:
    password = f"Secret-{uuid.uuid4().hex[:24]}"
    form = {"newPassword": password, "setOnCharger": True}
    answer = await press(operator, "Set password", [station], form)
    assert answer.status_code == 200, answer.text
    note = (await operator.notes())[0]
    assert "done" in note["subject"], note
    everything = {"limit": "-1"}
    for path in ("/revisions", "/activity", "/notifications"):
        assert password not in (await people.admin.get(path, params=everything)).text
    assert password not in answer.text
    assert password not in str(await operator.notes())
    assert password not in stack.log()


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_viewer_and_anybody_are_refused(
    people: People, viewer: Person, station: str, flow: str
) -> None:
    form = NEEDS_STATION.get(flow, {})
    where, key = "ChargingStation", station
    if flow == "Transaction status":
        where, key = "Transaction", await transaction(people, station)
    answer = await press(viewer, flow, [key], form, where)
    assert answer.status_code == 403
    assert "operator" in answer.text.lower()
    answer = await press(people.anybody(), flow, [key], form, where)
    assert answer.status_code in {401, 403}
    boot = await people.admin.get(f"/items/Boot/{station}")
    assert boot.status_code in {403, 404}, "nothing came of it"
