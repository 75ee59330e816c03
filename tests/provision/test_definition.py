"""The definition in `directus/` against the model it has to carry, and against its own rules."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from citrine_py import files
from citrine_py.errors import CitrineError
from citrine_py.model.collection import Collection, Delivery, Owner
from citrine_py.model.collections import COLLECTIONS
from citrine_py.provision.definition import (
    MEMORY,
    OPERATOR_POLICY,
    SERVICE_POLICY,
    VIEWER_POLICY,
    load,
)

FOLDER = files.directus_folder()
DEFINITION = load(FOLDER)
TABLES = {table.name: table for table in DEFINITION.tables}
MOST_COLLECTIONS = 25
HASHES = {"passwordHash", "pendingPasswordHash", "previousPasswordHash", "wantedPassword"}
PEOPLES_OWN = {"ChargingStation": {"password"}, "VariableAttribute": HASHES}
"""Columns that the record of the data API has not: secrets go another way."""

TYPES: dict[Any, set[str]] = {
    str: {"string", "text", "uuid"},
    bool: {"boolean"},
    int: {"integer", "bigInteger"},
    float: {"float", "decimal"},
    Decimal: {"decimal"},
    datetime: {"timestamp"},
    dict: {"json"},
    list: {"json"},
    Any: {"json"},
}
SHOWN = [collection for collection in COLLECTIONS if collection.path]


def columns(name: str) -> dict[str, Any]:
    return {each["field"]: each for each in TABLES[name].fields if each["schema"] is not None}


def bare(annotation: Any) -> Any:
    """A field's type without its `| None`."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return bare(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation


def kind(annotation: Any) -> Any:
    annotation = bare(annotation)
    if get_origin(annotation) is Literal:
        return str
    return get_origin(annotation) or annotation


def literals() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for collection in SHOWN:
        for name, info in collection.record.model_fields.items():
            annotation = bare(info.annotation)
            if get_origin(annotation) is Literal:
                yield collection.directus, name, get_args(annotation)


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
def test_every_field_of_a_record_has_a_column_of_a_fitting_type(
    collection: Collection[Any],
) -> None:
    held = columns(collection.directus)
    for name, info in collection.record.model_fields.items():
        assert name in held, f"{collection.directus} lacks {name}"
        assert held[name]["type"] in TYPES[kind(info.annotation)], name


@pytest.mark.parametrize("collection", SHOWN, ids=lambda each: each.name)
def test_every_column_is_a_field_of_the_record(collection: Collection[Any]) -> None:
    extra = columns(collection.directus).keys() - set(collection.fields())
    assert extra == PEOPLES_OWN.get(collection.directus, set())


@pytest.mark.parametrize(("table", "name", "choices"), list(literals()))
def test_dropdowns_offer_the_values_of_the_model(
    table: str, name: str, choices: tuple[str, ...]
) -> None:
    meta = columns(table)[name]["meta"]
    offered = [each["value"] for each in meta["options"]["choices"]]
    assert sorted(offered) == sorted(choices)
    labelled = [each["value"] for each in meta["display_options"]["choices"]]
    assert sorted(labelled) == sorted(choices)


def test_the_endpoint_extension_uses_each_collection_as_the_model_says() -> None:
    lists = json.loads((FOLDER / "extensions/citrine-endpoint/collections.json").read_text())
    tables = {each.directus: each for each in COLLECTIONS if not each.table}
    expected = {
        "bulk": {name for name, each in tables.items() if each.delivery is Delivery.BULK},
        "items": {name for name, each in tables.items() if each.delivery is Delivery.ITEMS},
        "resident": {each.name for each in COLLECTIONS if each.resident},
    }
    touched, pruned = lists.pop("touched"), lists.pop("pruned")
    assert {name: set(names) for name, names in lists.items()} == expected
    assert pruned == {n: each.retained_by for n, each in tables.items() if each.retained_by}
    assert touched == {name: list(each.touched) for name, each in tables.items() if each.touched}


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.name)
def test_only_what_the_service_owns_is_touched(collection: Collection[Any]) -> None:
    assert {collection.owner(name) for name in collection.touched} <= {Owner.SERVICE}
    assert collection.delivery is Delivery.ITEMS or not collection.touched


def test_there_are_at_most_25_collections() -> None:
    assert len(TABLES) <= MOST_COLLECTIONS
    assert TABLES.keys() == {each.directus for each in SHOWN} | {MEMORY}
    groups = {table.collection["meta"]["group"] for table in TABLES.values()}
    assert groups <= {None, *TABLES}


def test_relations_lead_both_ways() -> None:
    for table in DEFINITION.tables:
        fields = {each["field"]: each for each in table.fields}
        for relation in table.relations:
            assert fields[relation["field"]]["meta"]["special"] == ["m2o"]
            back = relation["meta"]["one_field"]
            if back:
                others = {
                    each["field"]: each for each in TABLES[relation["related_collection"]].fields
                }
                assert others[back]["meta"]["special"] == ["o2m"], back


def test_every_collection_has_an_icon_a_note_and_a_preset() -> None:
    listed = {each["collection"] for each in DEFINITION.presets}
    for collection in SHOWN:
        meta = TABLES[collection.directus].collection["meta"]
        assert meta["icon"], collection.name
        assert meta["note"], collection.name
        assert meta["display_template"], collection.name
        assert meta["group"] in {None, "ChargingStation", "Transaction"}
    assert listed == {each.directus for each in SHOWN}


def test_presets_show_fields_that_are_there() -> None:
    for preset in DEFINITION.presets:
        held = {each["field"] for each in TABLES[preset["collection"]].fields}
        query = preset["layout_query"]["tabular"]
        assert set(query["fields"]) <= held
        assert {each.removeprefix("-") for each in query["sort"]} <= held


def named(filters: object) -> set[str]:
    """The fields that a filter asks about."""
    if isinstance(filters, list):
        return {name for each in filters for name in named(each)}
    if not isinstance(filters, dict):
        return set()
    return {
        name
        for key, value in filters.items()
        for name in (named(value) if key.startswith("_") else {key})
    }


def test_panels_show_fields_that_are_there_and_stand_beside_each_other() -> None:
    boards = {each.id for each in DEFINITION.dashboards}
    taken: set[tuple[str, int, int]] = set()
    for panel in DEFINITION.panels:
        data, options = panel.data, panel.data["options"]
        assert data["dashboard"] in boards
        held = {each["field"] for each in TABLES[options["collection"]].fields}
        plain = [options.get(n) for n in ("field", "column", "dateField", "valueField")]
        sorts = [options.get("sortField")]
        template = re.findall(r"{{(\w+)", options.get("displayTemplate", ""))
        shown = {name for name in (*plain, *sorts, *template) if name}
        assert shown | named(options["filter"]) <= held, data["name"]
        columns = range(data["position_x"], data["position_x"] + data["width"])
        rows = range(data["position_y"], data["position_y"] + data["height"])
        cells = {(data["dashboard"], x, y) for x in columns for y in rows}
        assert not taken & cells, data["name"]
        taken |= cells


def test_hashes_are_concealed_hidden_and_permitted_to_no_person() -> None:
    held = columns("VariableAttribute")
    for name in HASHES:
        meta = held[name]["meta"]
        assert "conceal" in meta["special"]
        assert meta["hidden"] is True
        assert meta["searchable"] is False
    for permission in DEFINITION.permissions:
        if permission["policy"] != SERVICE_POLICY:
            assert not HASHES & set(permission["fields"])
            if permission["collection"] == "VariableAttribute":
                assert "*" not in permission["fields"]


def test_what_operators_may_write_is_not_read_only_in_the_form() -> None:
    for permission in DEFINITION.permissions:
        if permission["policy"] != OPERATOR_POLICY or permission["action"] != "update":
            continue
        fields = {each["field"]: each for each in TABLES[permission["collection"]].fields}
        for name in permission["fields"]:
            if name in {"variablesRejectedOnLastBoot", "lastBootTime"}:  # shared, for the API
                continue
            assert not fields[name]["meta"]["readonly"], (permission["collection"], name)


def test_viewers_only_read() -> None:
    actions = {p["action"] for p in DEFINITION.permissions if p["policy"] == VIEWER_POLICY}
    assert actions == {"read"}


def test_no_policy_of_ours_is_an_admins() -> None:
    assert not any(policy.data["admin_access"] for policy in DEFINITION.policies)


def test_flows_keep_no_forms_and_ask_before_they_run() -> None:
    for flow in DEFINITION.flows:
        assert flow.data["accountability"] == "activity", "a revision would hold the password"
        assert flow.data["trigger"] == "manual"
        options = flow.data["options"]
        assert options["collections"] in (
            ["ChargingStation"],
            ["DeadLetter"],
            ["Transaction"],
            ["Tariff"],
        )
        assert options["requireConfirmation"] is True
        assert options["error_on_reject"] is True
        for entry in options["fields"]:
            assert entry["meta"]["interface"] != "input-code"
    first = {each.id: each for each in DEFINITION.operations}
    assert all(first[flow.data["operation"]].data["flow"] == flow.id for flow in DEFINITION.flows)


def numbers_of_a_machine(value: Any) -> Iterator[Any]:
    """Ids that a Directus counts up, and who did something: neither belongs in a file."""
    if isinstance(value, dict):
        meta = {"interface", "special", "readonly"} <= value.keys()
        if meta and "id" in value:
            yield value["id"]
        yield from (value[name] for name in ("user_created", "date_created") if name in value)
        for each in value.values():
            yield from numbers_of_a_machine(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_of_a_machine(each)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("**/*.json")), ids=lambda path: path.name)
def test_no_file_holds_what_only_one_machine_knows(path: Path) -> None:
    if "node_modules" in path.parts or path.name.startswith("package"):
        return
    text = path.read_text()
    assert not list(numbers_of_a_machine(json.loads(text)))
    for found in re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text):
        assert found.startswith("c1781e00-"), found
    assert not re.search(r"127\.0\.0\.1|/home/|/root/|/work/", text)


def test_a_missing_or_broken_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CitrineError, match=r"access\.json"):
        load(tmp_path)
    (tmp_path / "access.json").write_text("{")
    with pytest.raises(CitrineError, match="is not JSON"):
        load(tmp_path)
