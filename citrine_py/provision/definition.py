"""What Directus is given, read from `directus/`, as objects of a few kinds.

The schema is in Directus' own snapshot form, one file for each collection; the
permissions follow from who owns which field in `model`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citrine_py.errors import CitrineError
from citrine_py.model.collection import Collection, Owner
from citrine_py.model.collections import COLLECTIONS
from citrine_py.model.dead_letters import DEAD_LETTER
from citrine_py.model.stations import BOOT, CHARGING_STATION

SERVICE_POLICY = "c1781e00-0000-4000-8000-000000000101"
OPERATOR_POLICY = "c1781e00-0000-4000-8000-000000000102"
VIEWER_POLICY = "c1781e00-0000-4000-8000-000000000103"
SERVICE_USER = "c1781e00-0000-4000-8000-000000000201"
MEMORY = "CitrineProvision"
"""The collection that remembers what was applied."""

_SEES_FLOWS = ("id", "status", "name", "icon", "color", "options", "trigger", "accountability")
_PASSWORD = "password"  # noqa: S105 - the field's name


@dataclass(frozen=True, slots=True)
class Table:
    """One collection: its own entry, its fields and its relations to others."""

    name: str
    collection: Mapping[str, Any]
    fields: tuple[Mapping[str, Any], ...]
    relations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one of Directus' own collections (a flow, a policy), known by its id."""

    kind: str
    id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """All of it. `flows` come with their operations in `operations`, `dashboards` with theirs in
    `panels`."""

    tables: tuple[Table, ...]
    policies: tuple[Row, ...]
    roles: tuple[Row, ...]
    access: tuple[Mapping[str, Any], ...]
    permissions: tuple[Mapping[str, Any], ...]
    flows: tuple[Row, ...]
    operations: tuple[Row, ...]
    presets: tuple[Mapping[str, Any], ...]
    dashboards: tuple[Row, ...]
    panels: tuple[Row, ...]


def load(folder: Path) -> Definition:
    """Reads the definition.

    Raises:
        CitrineError: a file is missing or no JSON.
    """
    tables = tuple(_table(_read(path)) for path in sorted((folder / "schema").glob("*.json")))
    rights = _read(folder / "access.json")
    flows = [_read(path) for path in sorted((folder / "flows").glob("*.json"))]
    boards = [_read(path) for path in sorted((folder / "dashboards").glob("*.json"))]
    return Definition(
        tables=_parents_first(tables),
        policies=_rows("policies", rights["policies"]),
        roles=_rows("roles", rights["roles"]),
        access=tuple(rights["access"]),
        permissions=_permissions({table.name: table for table in tables}),
        flows=_rows("flows", [flow["flow"] for flow in flows]),
        operations=_rows("operations", [each for flow in flows for each in flow["operations"]]),
        presets=tuple(_read(path) for path in sorted((folder / "presets").glob("*.json"))),
        dashboards=_rows("dashboards", [board["dashboard"] for board in boards]),
        panels=_rows("panels", [each for board in boards for each in board["panels"]]),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise CitrineError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise CitrineError(f"{path} is not JSON: {error}") from None


def _table(file: Mapping[str, Any]) -> Table:
    name = file["collection"]["collection"]
    return Table(name, file["collection"], tuple(file["fields"]), tuple(file["relations"]))


def _parents_first(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """A collection after the one under which Directus' navigation shows it."""
    parents = {table.name: table.collection["meta"]["group"] for table in tables}

    def depth(name: str) -> int:
        parent = parents.get(name)
        return 0 if parent is None else 1 + depth(parent)

    return tuple(sorted(tables, key=lambda table: (depth(table.name), table.name)))


def _rows(kind: str, entries: list[Mapping[str, Any]]) -> tuple[Row, ...]:
    return tuple(
        Row(kind, entry["id"], {name: v for name, v in entry.items() if name != "id"})
        for entry in entries
    )


# ---- permissions -------------------------------------------------------------------------


def _permissions(tables: Mapping[str, Table]) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    shown = [each for each in COLLECTIONS if each.path]
    for collection in shown:
        table = tables[collection.directus]
        found += [
            _permission(SERVICE_POLICY, table.name, action, ["*"])
            for action in ("create", "read", "update", "delete")
        ]
        found += [
            _permission(policy, table.name, "read", _readable(table))
            for policy in (OPERATOR_POLICY, VIEWER_POLICY)
        ]
        found += _operator(collection, table)
    found += _operators_tools([table for table in tables if table != MEMORY])
    return tuple(found)


def _operators_tools(ours: list[str]) -> list[Mapping[str, Any]]:
    """What Directus' pages need to show an operator the flows' buttons, colleagues' names and
    who changed what."""
    within = {"collection": {"_in": ours}}
    manual = {"trigger": {"_eq": "manual"}}
    tools: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
        ("directus_flows", list(_SEES_FLOWS), manual),
        ("directus_users", ["id", "first_name", "last_name", "avatar"], {}),
        ("directus_activity", ["*"], within),
        ("directus_revisions", ["*"], within),
    )
    boards = [
        _permission(policy, collection, "read", ["*"])
        for policy in (OPERATOR_POLICY, VIEWER_POLICY)
        for collection in ("directus_dashboards", "directus_panels")
    ]
    return boards + [
        {**_permission(OPERATOR_POLICY, collection, "read", fields), "permissions": rows}
        for collection, fields, rows in tools
    ]


def _operator(collection: Collection[Any], table: Table) -> list[Mapping[str, Any]]:
    """What operators may write: the fields that people own. The groups on the form are with
    them, for Directus disables what stands in a group that may not be written."""
    fields = list(collection.owned_by(Owner.OPERATOR, Owner.SHARED))
    if not fields:
        return []
    if collection is CHARGING_STATION:
        fields += [_PASSWORD, "boot"]
    fields += [each["field"] for each in table.fields if "group" in (each["meta"]["special"] or ())]
    found = [_permission(OPERATOR_POLICY, table.name, "update", fields)]
    if collection.made_by_people:
        made = [collection.key, *fields, *(["station"] if collection is BOOT else [])]
        found.append(_permission(OPERATOR_POLICY, table.name, "create", made))
    if collection.made_by_people or collection is DEAD_LETTER:
        found.append(_permission(OPERATOR_POLICY, table.name, "delete", ["*"]))
    return found


def _readable(table: Table) -> list[str]:
    """All fields but the secret ones; a password field shows nothing, but must be there."""
    return [
        field["field"]
        for field in table.fields
        if "conceal" not in (field["meta"]["special"] or ()) or field["field"] == _PASSWORD
    ]


def _permission(policy: str, collection: str, action: str, fields: list[str]) -> Mapping[str, Any]:
    return {
        "policy": policy,
        "collection": collection,
        "action": action,
        "fields": fields,
        "permissions": {},
        "validation": {},
    }
