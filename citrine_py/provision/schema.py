"""Collections, their fields and the relations between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citrine_py.provision.definition import Table
from citrine_py.provision.ledger import Ledger

_WHOLE = ("collection", "field", "related_collection", "schema")


async def apply_schema(ledger: Ledger, tables: tuple[Table, ...]) -> None:
    """All collections before any relation between them."""
    live = {each["collection"]: each for each in await ledger.admin.call("GET", "/collections")}
    fields = {
        (each["collection"], each["field"]): each
        for each in await ledger.admin.call("GET", "/fields")
    }
    for table in tables:
        if table.name not in live:
            await _create_table(ledger, table)
        else:
            await _upgrade_table(ledger, table, live[table.name], fields)
    await _apply_relations(ledger, tables)


async def _apply_relations(ledger: Ledger, tables: tuple[Table, ...]) -> None:
    live = {
        (each["collection"], each["field"]): each
        for each in await ledger.admin.call("GET", "/relations")
    }
    for table in tables:
        for ours in table.relations:
            key = (ours["collection"], ours["field"])
            name = "relation " + ".".join(key)
            theirs = live.get(key)
            if theirs is None:
                made = await ledger.admin.call("POST", "/relations", ours)
                ledger.report.created.append(name)
                ledger.created(name, ours["meta"], made["meta"])
            else:
                path = "/relations/" + "/".join(key)
                # Directus ends itself on a change of a relation that does not name it,
                # and makes the foreign key anew from what it is given.
                beside = {part: theirs[part] for part in _WHOLE}
                held = theirs["meta"] or {}
                await ledger.upgrade(name, ours["meta"], held, path, within="meta", beside=beside)


async def _create_table(ledger: Ledger, table: Table) -> None:
    body = {**table.collection, "fields": list(table.fields)}
    await ledger.admin.call("POST", "/collections", body)
    ledger.report.created.append(f"collection {table.name}")
    made = await ledger.admin.call("GET", f"/collections/{table.name}")
    ledger.created(f"collection {table.name}", table.collection["meta"], made["meta"])
    for entry in await ledger.admin.call("GET", f"/fields/{table.name}"):
        ours = next(each for each in table.fields if each["field"] == entry["field"])
        name = f"field {table.name}.{entry['field']}"
        ledger.created(name, ours["meta"], entry["meta"] or {})


async def _upgrade_table(
    ledger: Ledger,
    table: Table,
    live: Mapping[str, Any],
    fields: Mapping[tuple[str, str], Any],
) -> None:
    await ledger.upgrade(
        f"collection {table.name}",
        table.collection["meta"],
        live["meta"] or {},
        f"/collections/{table.name}",
        within="meta",
    )
    for ours in table.fields:
        name = f"field {table.name}.{ours['field']}"
        theirs = fields.get((table.name, ours["field"]))
        if theirs is None:
            made = await ledger.admin.call("POST", f"/fields/{table.name}", ours)
            ledger.report.created.append(name)
            ledger.created(name, ours["meta"], made["meta"])
            continue
        path = f"/fields/{table.name}/{ours['field']}"
        await ledger.upgrade(name, ours["meta"], theirs["meta"] or {}, path, within="meta")
