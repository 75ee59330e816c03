"""What operators meet on the pages: the flows' buttons, lists as they first look, dashboards.

One of ours that an operator deleted stays away.
"""

from __future__ import annotations

from citrine_py.provision.admin import ALL
from citrine_py.provision.definition import Definition, Row
from citrine_py.provision.ledger import Ledger


async def apply_flows(ledger: Ledger, definition: Definition) -> None:
    """Flows first, then their operations, then each flow's first operation."""
    first = {flow.id: flow.data["operation"] for flow in definition.flows}
    bare = tuple(
        Row(flow.kind, flow.id, {n: v for n, v in flow.data.items() if n != "operation"})
        for flow in definition.flows
    )
    live = {each["id"]: each for each in await ledger.admin.call("GET", "/flows", limit=ALL)}
    wanted = tuple(flow for flow in bare if flow.id in live or not ledger.was_deleted(flow))
    await ledger.rows("flows", wanted)
    present = {flow.id for flow in wanted}
    operations = [each for each in definition.operations if each.data["flow"] in present]
    await ledger.rows("operations", tuple(operations))
    for flow in wanted:
        name = f"first operation of flow {flow.id}"
        connected = live.get(flow.id, {}).get("operation")
        if connected is None and name not in ledger.memory:
            await ledger.admin.call("PATCH", f"/flows/{flow.id}", {"operation": first[flow.id]})
        ledger.note(name)


async def apply_dashboards(ledger: Ledger, definition: Definition) -> None:
    """Dashboards, then the panels of those that are there."""
    boards = await _present(ledger, "dashboards", definition.dashboards)
    await ledger.rows("dashboards", boards)
    ids = {board.id for board in boards}
    panels = tuple(panel for panel in definition.panels if panel.data["dashboard"] in ids)
    await ledger.rows("panels", await _present(ledger, "panels", panels))


async def _present(ledger: Ledger, kind: str, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Those that nobody deleted."""
    live = {each["id"] for each in await ledger.admin.call("GET", f"/{kind}", limit=ALL)}
    return tuple(row for row in rows if row.id in live or not ledger.was_deleted(row))


async def apply_presets(ledger: Ledger, definition: Definition) -> None:
    """Lists as everybody first sees them, and bookmarks for all; one that somebody made stays."""
    live = await ledger.admin.call(
        "GET",
        "/presets",
        **{
            "filter[user][_null]": "true",
            "filter[role][_null]": "true",
            "limit": ALL,
        },
    )
    found = {(each["collection"], each["bookmark"]): each for each in live}
    for ours in definition.presets:
        theirs = found.get((ours["collection"], ours["bookmark"]))
        name = " ".join(filter(None, ("preset", ours["collection"], ours["bookmark"])))
        if theirs is None and name in ledger.memory:
            ledger.leave_out(name)
        elif theirs is None:
            made = await ledger.admin.call("POST", "/presets", ours)
            ledger.report.created.append(name)
            ledger.created(name, ours, made)
        else:
            await ledger.upgrade(name, ours, theirs, f"/presets/{theirs['id']}")
