"""An engineer's change in Directus comes back into the files, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from citrine_py.files import directus_folder
from citrine_py.provision.export import export, exported
from tests.whole_stack import Stack

FILE: dict[str, Any] = {
    "collection": {"collection": "Plan", "meta": {"icon": "bolt", "note": None}, "schema": {}},
    "fields": [
        {
            "collection": "Plan",
            "field": "id",
            "type": "uuid",
            "meta": {"hidden": True},
            "schema": {"name": "id", "is_primary_key": True, "is_unique": False},
        },
        {
            "collection": "Plan",
            "field": "name",
            "type": "string",
            "meta": {"note": "What you call it", "width": "half"},
            "schema": {"name": "name", "max_length": 255},
        },
    ],
    "relations": [],
}


def snapshot(**name_meta: Any) -> dict[str, Any]:
    """What Directus tells: the same, with all that it knows besides."""
    noise = {"id": 7, "collection": "Plan", "conditions": None, "searchable": True}
    key, name = FILE["fields"]
    return {
        "collections": [
            {"collection": "Plan", "meta": {"icon": "bolt", "note": None, "archive_field": None}}
        ],
        "fields": [
            {**name, "meta": {**name["meta"], **noise, **name_meta},
             "schema": {**name["schema"], "data_type": "character varying"}},
            {**key, "meta": {**key["meta"], **noise},
             "schema": {**key["schema"], "is_unique": True}},
        ],
        "relations": [],
    }  # fmt: skip


def test_what_did_not_change_keeps_its_place_and_form() -> None:
    assert json.dumps(exported(FILE, snapshot())) == json.dumps(FILE)


def test_a_changed_label_and_a_new_setting_come_back() -> None:
    file = exported(FILE, snapshot(note="Its name", validation={"name": {"_nnull": True}}))
    assert file["fields"][1]["meta"] == {
        "note": "Its name",
        "width": "half",
        "validation": {"name": {"_nnull": True}},
    }


def test_a_field_that_somebody_added_becomes_ours_without_what_only_one_directus_knows() -> None:
    told = snapshot()
    told["fields"].append(
        {
            "collection": "Plan",
            "field": "colour",
            "type": "string",
            "meta": {"id": 9, "interface": "select-color", "note": None},
            "schema": {"name": "colour", "is_nullable": True, "data_type": "character varying"},
        }
    )
    added = exported(FILE, told)["fields"][2]
    assert added["field"] == "colour"
    assert added["meta"] == {"interface": "select-color"}
    assert added["schema"] == {"name": "colour", "is_nullable": True}


def test_a_field_that_was_removed_goes() -> None:
    told = snapshot()
    del told["fields"][0]
    assert [field["field"] for field in exported(FILE, told)["fields"]] == ["id"]


@pytest.mark.stack
async def test_an_export_writes_just_what_was_changed_in_directus(
    stack: Stack, tmp_path: Path
) -> None:
    shutil.copytree(directus_folder() / "schema", tmp_path / "schema")
    shutil.copy(directus_folder() / "access.json", tmp_path / "access.json")
    for name in ("flows", "presets"):
        shutil.copytree(directus_folder() / name, tmp_path / name)
    field = f"{stack.directus_url}/fields/Location/postalCode"
    admin = {"Authorization": f"Bearer {stack.admin_token}"}
    note = f"As on letters {uuid4().hex}"
    httpx.patch(field, json={"meta": {"note": note}}, headers=admin).raise_for_status()
    try:
        changed = await export(stack.directus_url, stack.admin_token, tmp_path)
    finally:
        httpx.patch(field, json={"meta": {"note": None}}, headers=admin).raise_for_status()

    assert [path.name for path in changed] == ["Location.json"]
    before = (directus_folder() / "schema" / "Location.json").read_text().splitlines()
    after = (tmp_path / "schema" / "Location.json").read_text().splitlines()
    different = [line for old, line in zip(before, after, strict=True) if old != line]
    assert len(different) == 1
    assert note in different[0]
