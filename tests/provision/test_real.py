"""Provisioning of a real Directus, again and again, beside what its operators make of it."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from citrine_py import files
from citrine_py.errors import CitrineError
from citrine_py.provision import run
from citrine_py.provision.definition import load
from citrine_py.provision.ledger import ProvisionReport
from citrine_py.provision.run import provision
from tests.provision.people import People, Person
from tests.whole_stack import Stack

pytestmark = pytest.mark.stack


async def again(stack: Stack) -> ProvisionReport:
    return await provision(stack.directus_url, stack.admin_token, stack.service_token)


@asynccontextmanager
async def changed(
    people: People, path: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """A change by an operator, undone at the end; gives what reads the object."""

    async def read() -> Any:
        answer = await people.admin.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    answer = await people.admin.patch(path, json=theirs)
    assert answer.status_code == 200, answer.text
    try:
        yield read
    finally:
        await people.admin.patch(path, json=ours)


async def test_a_second_run_changes_nothing(stack: Stack) -> None:
    await again(stack)
    report = await again(stack)
    assert (report.created, report.changed) == ([], [])


async def test_a_wrong_admin_token_is_told_in_one_line(stack: Stack) -> None:
    with pytest.raises(CitrineError, match="CITRINE_DIRECTUS_ADMIN_TOKEN"):
        await provision(stack.directus_url, "wrong", stack.service_token)


async def test_own_fields_and_collections_and_flows_survive(stack: Stack, people: People) -> None:
    name = f"own_{uuid.uuid4().hex[:8]}"
    field = {"field": name, "type": "string", "meta": {"note": "mine"}, "schema": {}}
    assert (await people.admin.post("/fields/ChargingStation", json=field)).status_code == 200
    body = {"collection": name, "meta": {"note": "mine"}, "schema": {}}
    assert (await people.admin.post("/collections", json=body)).status_code == 200
    flow = {"name": name, "trigger": "webhook", "status": "inactive"}
    made = await people.admin.post("/flows", json=flow)
    path = f"/flows/{made.json()['data']['id']}"
    try:
        report = await again(stack)
        assert (report.created, report.changed) == ([], [])
        kept = (await people.admin.get(f"/fields/ChargingStation/{name}")).json()["data"]
        assert kept["meta"]["note"] == "mine"
        assert (await people.admin.get(f"/collections/{name}")).status_code == 200
        assert (await people.admin.get(path)).json()["data"]["name"] == name
    finally:
        await people.admin.delete(f"/fields/ChargingStation/{name}")
        await people.admin.delete(f"/collections/{name}")
        await people.admin.delete(path)


async def test_changed_labels_widths_and_notes_survive(stack: Stack, people: People) -> None:
    definition = load(files.directus_folder())
    table = next(each for each in definition.tables if each.name == "ChargingStation")
    ours = next(each for each in table.fields if each["field"] == "name")["meta"]
    theirs = {"note": "our own words", "width": "full", "hidden": True}
    before = {name: ours[name] for name in theirs}
    path = "/fields/ChargingStation/name"
    async with changed(people, path, {"meta": before}, {"meta": theirs}) as read:
        await again(stack)
        kept = (await read())["meta"]
        assert {name: kept[name] for name in theirs} == theirs
    collection = {"meta": {"icon": "bolt"}}
    path = "/collections/ChargingStation"
    old = {"meta": {"icon": table.collection["meta"]["icon"]}}
    async with changed(people, path, old, collection) as read:
        await again(stack)
        assert (await read())["meta"]["icon"] == "bolt"


async def test_a_changed_flow_survives(stack: Stack, people: People) -> None:
    flow = load(files.directus_folder()).flows[0]
    path = f"/flows/{flow.id}"
    ours = {"name": flow.data["name"], "status": "active"}
    theirs = {"name": "Our own name", "status": "inactive"}
    async with changed(people, path, ours, theirs) as read:
        await again(stack)
        kept = await read()
        assert (kept["name"], kept["status"]) == ("Our own name", "inactive")


async def test_a_deleted_flow_and_preset_stay_away_and_are_reported(
    stack: Stack, people: People
) -> None:
    definition = load(files.directus_folder())
    flow = next(each for each in definition.flows if each.data["name"] == "Reset")
    preset = next(each for each in definition.presets if each["collection"] == "Evse")
    params = {"filter[collection][_eq]": "Evse", "filter[user][_null]": "true"}
    held = (await people.admin.get("/presets", params=params)).json()["data"]
    await people.admin.delete(f"/flows/{flow.id}")
    for each in held:
        await people.admin.delete(f"/presets/{each['id']}")
    try:
        report = await again(stack)
        assert (report.created, report.changed) == ([], [])
        assert sorted(report.left_out) == ["flows Reset", "preset Evse"]
        assert (await people.admin.get(f"/flows/{flow.id}")).status_code in {403, 404}
    finally:
        operations = [each for each in definition.operations if each.data["flow"] == flow.id]
        bare = {name: value for name, value in flow.data.items() if name != "operation"}
        await people.admin.post("/flows", json={"id": flow.id, **bare})
        for each in operations:
            await people.admin.post("/operations", json={"id": each.id, **each.data})
        first = {"operation": flow.data["operation"]}
        await people.admin.patch(f"/flows/{flow.id}", json=first)
        await people.admin.post("/presets", json=preset)


async def test_everybody_sees_the_dashboard_and_a_deleted_panel_stays_away(
    stack: Stack, people: People, operator: Person, viewer: Person
) -> None:
    definition = load(files.directus_folder())
    (board,), panel = definition.dashboards, definition.panels[0]
    for person in (operator, viewer):
        held = await person.client.get("/panels", params={"filter[dashboard][_eq]": board.id})
        assert len(held.json()["data"]) == len(definition.panels)
        assert (await person.client.delete(f"/panels/{panel.id}")).status_code == 403
    await people.admin.delete(f"/panels/{panel.id}")
    try:
        report = await again(stack)
        assert (report.created, report.changed) == ([], [])
        assert report.left_out == [f"panels {panel.data['name']}"]
        await people.admin.delete(f"/dashboards/{board.id}")
        report = await again(stack)
        assert report.created == []
        assert (await people.admin.get("/panels")).json()["data"] == []
    finally:
        await people.admin.post("/dashboards", json={"id": board.id, **board.data})
        for each in definition.panels:
            await people.admin.post("/panels", json={"id": each.id, **each.data})


async def test_a_taken_right_comes_back(stack: Stack, people: People) -> None:
    params = {
        "filter[policy][_eq]": "c1781e00-0000-4000-8000-000000000103",
        "filter[collection][_eq]": "Evse",
    }
    held = (await people.admin.get("/permissions", params=params)).json()["data"]
    await people.admin.delete(f"/permissions/{held[0]['id']}")
    report = await again(stack)
    assert [each for each in report.created if "Evse read" in each]


@pytest.fixture
def upgraded(tmp_path: Path) -> Path:
    """A later version of the definition: another note, and a field more."""
    folder = tmp_path / "directus"
    skip = shutil.ignore_patterns("node_modules")
    shutil.copytree(files.directus_folder(), folder, ignore=skip)
    path = folder / "schema" / "Evse.json"
    table = json.loads(path.read_text())
    field = next(each for each in table["fields"] if each["field"] == "name")
    field["meta"]["note"] = "a better note"
    more = json.loads(json.dumps(field).replace('"name": "name"', '"name": "more"'))
    table["fields"].append({**more, "field": "more"})
    table["relations"][0]["meta"]["one_deselect_action"] = "delete"
    path.write_text(json.dumps(table))
    return folder


async def test_our_upgrade_arrives_and_an_older_version_too(
    stack: Stack, people: People, upgraded: Path
) -> None:
    urls = (stack.directus_url, stack.admin_token, stack.service_token)
    try:
        report = await provision(*urls, upgraded)
        assert "field Evse.name" in report.changed
        assert "field Evse.more" in report.created
        relation = (await people.admin.get("/relations/Evse/station")).json()["data"]
        assert relation["meta"]["one_deselect_action"] == "delete"
        assert relation["schema"]["on_delete"] == "CASCADE"
        field = (await people.admin.get("/fields/Evse/name")).json()["data"]
        assert field["meta"]["note"] == "a better note"
    finally:
        await people.admin.delete("/fields/Evse/more")
    report = await again(stack)
    assert "field Evse.name" in report.changed


async def test_what_was_created_before_a_failure_is_remembered(
    stack: Stack, people: People, upgraded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise CitrineError("the line broke")

    monkeypatch.setattr(run, "apply_presets", fails)
    urls = (stack.directus_url, stack.admin_token, stack.service_token)
    try:
        with pytest.raises(CitrineError, match="the line broke"):
            await provision(*urls, upgraded)
        memory = (await people.admin.get("/items/CitrineProvision")).json()["data"]["applied"]
        assert memory["field Evse.more"]["source"]["note"] == "a better note"
    finally:
        monkeypatch.undo()
        await people.admin.delete("/fields/Evse/more")
        await again(stack)


async def test_who_grants_a_field_of_his_own_still_gets_those_that_we_add(
    stack: Stack, people: People, upgraded: Path
) -> None:
    params = {
        "filter[policy][_eq]": "c1781e00-0000-4000-8000-000000000103",
        "filter[collection][_eq]": "Evse",
    }
    await again(stack)
    held = (await people.admin.get("/permissions", params=params)).json()["data"][0]
    path = f"/permissions/{held['id']}"
    await people.admin.patch(path, json={"fields": [*held["fields"], "own"]})
    try:
        urls = (stack.directus_url, stack.admin_token, stack.service_token)
        await provision(*urls, upgraded)
        now = (await people.admin.get(path)).json()["data"]["fields"]
        assert {*held["fields"], "own", "more"} == set(now)
        report = await provision(*urls, upgraded)
        assert (report.created, report.changed) == ([], [])
    finally:
        await people.admin.delete("/fields/Evse/more")
        await again(stack)
    now = (await people.admin.get(path)).json()["data"]["fields"]
    assert {*held["fields"], "own"} == set(now)
    await people.admin.patch(path, json={"fields": held["fields"]})
