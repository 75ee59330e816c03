"""Who may what on a real Directus: the service, operators, viewers, anybody."""

from __future__ import annotations

import time
import uuid

import httpx
import pytest

from tests.people import Json, until
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack

SERVICE_USER = "c1781e00-0000-4000-8000-000000000201"
SERVICE_POLICY = "c1781e00-0000-4000-8000-000000000101"
OURS = (
    "ChargingStation",
    "Boot",
    "VariableAttribute",
    "Evse",
    "Connector",
    "StatusNotification",
    "StationEvent",
    "OcppMessage",
    "Location",
    "DeadLetter",
)


async def test_the_services_account_is_no_admin_and_sees_our_collections_alone(
    people: People, service: httpx.AsyncClient
) -> None:
    me = (await service.get("/users/me", params={"fields": "id"})).json()["data"]
    assert me == {"id": SERVICE_USER}
    account = (await people.admin.get(f"/users/{SERVICE_USER}")).json()["data"]
    assert account["role"] is None
    policy = (await people.admin.get(f"/policies/{SERVICE_POLICY}")).json()["data"]
    assert policy["admin_access"] is False
    assert policy["app_access"] is False
    for collection in OURS:
        answer = await service.get(f"/items/{collection}", params={"limit": "1"})
        assert answer.status_code == 200, collection
    name = f"own_{uuid.uuid4().hex[:8]}"
    body = {"collection": name, "meta": {}, "schema": {}}
    made = await people.admin.post("/collections", json=body)
    assert made.status_code == 200, made.text
    try:
        for path in (
            f"/items/{name}",
            "/items/CitrineProvision",
            "/revisions",
            "/flows",
            "/policies",
        ):
            assert (await service.get(path)).status_code == 403, path
        for path in ("/schema/snapshot", "/settings"):
            assert (await service.get(path)).status_code == 403, path
        users = (await service.get("/users")).json().get("data", [])
        assert {each["id"] for each in users} <= {SERVICE_USER}
    finally:
        await people.admin.delete(f"/collections/{name}")


async def test_an_operators_edit_of_a_boot_is_in_force_at_once(
    people: People, operator: Person, api: httpx.AsyncClient, station: str
) -> None:
    body = {"id": station, "status": "Pending", "getBaseReportOnPending": True}
    answer = await operator.client.post("/items/Boot", json=body)
    assert answer.status_code == 200, answer.text
    params = {"stationId": station}

    async def pending() -> bool:
        found = (await api.get("/data/configuration/boot", params=params)).json()
        return bool(found) and found["status"] == "Pending"

    await until(pending, 2)
    answer = await operator.client.patch(f"/items/Boot/{station}", json={"heartbeatInterval": 77})
    assert answer.status_code == 200, answer.text
    started = time.monotonic()

    async def edited() -> bool:
        found = (await api.get("/data/configuration/boot", params=params)).json()
        return bool(found["heartbeatInterval"] == 77)

    await until(edited, 2)
    assert time.monotonic() - started < 1, "promised are 200 ms; the rest is a busy machine's"


async def test_a_boot_belongs_to_the_station_of_its_id(operator: Person, station: str) -> None:
    wrong = {"id": f"other-{station}", "station": station}
    assert (await operator.client.post("/items/Boot", json=wrong)).status_code == 400
    made = await operator.client.post("/items/Boot", json={"id": station})
    assert made.json()["data"]["station"] == station


async def test_a_boot_is_made_and_removed_within_its_stations_form(
    operator: Person, station: str
) -> None:
    path = f"/items/ChargingStation/{station}"
    made = {"boot": {"create": [{"status": "Rejected"}], "update": [], "delete": []}}
    answer = await operator.client.patch(path, json=made)
    assert answer.status_code == 200, answer.text
    boot = (await operator.client.get(f"/items/Boot/{station}")).json()["data"]
    assert (boot["station"], boot["status"]) == (station, "Rejected")
    changed = {"boot": {"create": [], "update": [{"id": station, "status": "Pending"}]}}
    answer = await operator.client.patch(path, json={"boot": {**changed["boot"], "delete": []}})
    assert answer.status_code == 200, answer.text
    gone: Json = {"boot": {"create": [], "update": [], "delete": [station]}}
    answer = await operator.client.patch(path, json=gone)
    assert answer.status_code == 200, answer.text
    assert (await operator.client.get(f"/items/Boot/{station}")).status_code == 403


async def test_a_boot_keeps_no_password(operator: Person, station: str) -> None:
    setting = {"component": "SecurityCtrlr", "variable": "BasicAuthPassword", "value": "x" * 16}
    body = {"id": station, "pendingBootSetVariables": [setting]}
    assert (await operator.client.post("/items/Boot", json=body)).status_code == 400


async def test_a_boot_outside_ocpps_values_is_refused(operator: Person, station: str) -> None:
    body = {"id": station, "status": "Perhaps"}
    assert (await operator.client.post("/items/Boot", json=body)).status_code == 400


async def test_an_operator_writes_what_people_own_and_nothing_of_the_services(
    operator: Person, station: str
) -> None:
    path = f"/items/ChargingStation/{station}"
    answer = await operator.client.patch(path, json={"name": "Front yard", "notes": "n"})
    assert answer.status_code == 200, answer.text
    for field, value in (("isOnline", True), ("model", "x"), ("registrationStatus", "Accepted")):
        answer = await operator.client.patch(path, json={field: value})
        assert answer.status_code == 403, field


async def test_a_viewer_reads_all_and_writes_nothing(
    people: People, viewer: Person, station: str
) -> None:
    for collection in OURS:
        answer = await viewer.client.get(f"/items/{collection}", params={"limit": "1"})
        assert answer.status_code == 200, collection
    path = f"/items/ChargingStation/{station}"
    assert (await viewer.client.patch(path, json={"notes": "x"})).status_code == 403
    assert (await viewer.client.delete(path)).status_code == 403
    assert (await viewer.client.post("/items/Boot", json={"id": station})).status_code == 403
    for collection in OURS:
        answer = await people.anybody().client.get(f"/items/{collection}")
        assert answer.status_code in {401, 403}, collection


async def test_rows_of_one_call_for_the_same_id_are_joined_the_later_wins(
    service: httpx.AsyncClient, station: str
) -> None:
    key = str(uuid.uuid4())
    rows = [
        {"id": key, "station": station, "component": "A", "variable": "V", "value": "1"},
        {"id": key, "value": "2", "unit": "s"},
        {"id": key, "station": station, "component": "A", "variable": "W"},
    ]
    body = {"collection": "VariableAttribute", "rows": rows}
    answer = await service.post("/citrine/upsert", json=body)
    assert answer.status_code == 204, answer.text
    row = (await service.get(f"/items/VariableAttribute/{key}")).json()["data"]
    assert (row["variable"], row["value"], row["unit"]) == ("W", "2", "s")


async def test_the_bulk_endpoint_touches_only_telemetry(service: httpx.AsyncClient) -> None:
    for collection in ("ChargingStation", "directus_users", "Boot", "", None):
        body: Json = {"collection": collection, "rows": [{"id": "x"}], "keys": ["x"]}
        assert (await service.post("/citrine/upsert", json=body)).status_code == 403
        assert (await service.post("/citrine/delete", json=body)).status_code == 403
    body = {"collection": "OcppMessage", "rows": [{"id": str(uuid.uuid4()), "nonsense": 1}]}
    assert (await service.post("/citrine/upsert", json=body)).status_code == 400


def test_the_services_token_is_not_the_admins(stack: Stack) -> None:
    assert stack.service_token != stack.admin_token
