"""The reverse of provisioning: Directus' present definition of our collections, into our files.

An engineer changes a form in Directus and exports it. What did not change keeps
its place and form in the file, so that `git diff` shows the change alone; what
only this one Directus knows (ids, defaults that nobody set) is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from citrine_py.provision.admin import Admin
from citrine_py.provision.definition import load

_UNSET: tuple[Any, ...] = (None, False, "", [], {})
_DEFAULTS = {"archive_app_filter": True, "searchable": True, "collapse": "open"}
_COLUMN = ("name", "table", "is_nullable", "is_primary_key", "max_length", "is_indexed",
           "is_unique", "default_value", "has_auto_increment")  # fmt: skip
"""What of a column's schema we state; the rest is the database's own."""


async def export(url: str, admin_token: str, folder: Path) -> list[Path]:
    """Writes the definition over the files in `folder`/schema; the files that changed.

    Fields that somebody added to our collections become ours.

    Raises:
        DirectusError: Directus does not answer or refuses.
    """
    async with Admin(url, admin_token) as admin:
        snapshot = await admin.call("GET", "/schema/snapshot")
    changed = []
    for table in load(folder).tables:
        path = folder / "schema" / f"{table.name}.json"
        before = path.read_text()
        after = json.dumps(exported(json.loads(before), snapshot), indent=2, ensure_ascii=False)
        if after + "\n" != before:
            path.write_text(after + "\n")
            changed.append(path)
    return changed


def exported(file: Mapping[str, Any], snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """One file as it should be, out of itself and a snapshot."""
    name = file["collection"]["collection"]
    ours = [each for each in snapshot["collections"] if each["collection"] == name]
    collection = dict(file["collection"])
    if ours:
        collection["meta"] = _like(collection["meta"], ours[0]["meta"] or {})
    return {
        "collection": collection,
        "fields": _entries(file["fields"], _of(snapshot["fields"], name)),
        "relations": _entries(file["relations"], _of(snapshot["relations"], name)),
    }


def _entries(before: Sequence[Any], now: Sequence[Any]) -> list[dict[str, Any]]:
    """Known entries in their old order, then new ones; those that are gone are left out."""
    found = {each["field"]: each for each in now}
    kept = [_entry(each, found.pop(each["field"])) for each in before if each["field"] in found]
    return kept + [_new(each) for each in found.values()]


def _entry(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    entry = dict(before)
    entry["meta"] = _like(before["meta"], now["meta"] or {})
    if isinstance(before.get("schema"), dict) and isinstance(now.get("schema"), dict):
        stated = before["schema"]
        told = () if stated.get("is_primary_key") else _COLUMN  # a key is unique by itself
        entry["schema"] = {
            name: now["schema"].get(name, value) if name in told else value
            for name, value in stated.items()
        }
    return entry


def _new(now: Mapping[str, Any]) -> dict[str, Any]:
    entry = {name: value for name, value in now.items() if name not in {"meta", "schema"}}
    entry["meta"] = {n: v for n, v in (now["meta"] or {}).items() if v not in _UNSET and n != "id"}
    schema = now.get("schema")
    if isinstance(schema, dict) and "foreign_key_table" not in now:
        schema = {name: schema.get(name) for name in _COLUMN if name in schema}
    return {**entry, "schema": schema}


def _like(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The values of now in the form of before; of what before does not name, only what
    somebody set."""
    same = {name: now.get(name, value) for name, value in before.items()}
    more = {
        name: value
        for name, value in now.items()
        if name not in before
        and name not in {"id", "collection", "field"}
        and value not in _UNSET
        and _DEFAULTS.get(name) != value
    }
    return {**same, **more}


def _of(entries: Sequence[Mapping[str, Any]], collection: str) -> list[Mapping[str, Any]]:
    return [each for each in entries if each["collection"] == collection]
