"""Provisions a Directus: creates what is missing, upgrades what is ours, keeps the rest.

Idempotent. Nothing is ever deleted; what an operator added or changed stays
(`merge`), and a flow or preset of ours that he deleted stays away. Reads all of
Directus' definition once, then writes the differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from citrine_py import files
from citrine_py.errors import CitrineError, DirectusError
from citrine_py.provision.admin import Admin
from citrine_py.provision.definition import MEMORY, SERVICE_USER, Definition, Row, Table, load
from citrine_py.provision.merge import Applied, as_applied, changes

log = structlog.get_logger()

_ALL = "-1"
_WHOLE = ("collection", "field", "related_collection", "schema")


@dataclass(slots=True)
class ProvisionReport:
    """What was done: names of what was created, of what was changed, and of what stays
    away because an operator deleted it."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def provision(
    directus_url: str, admin_token: str, service_token: str, folder: Path | None = None
) -> ProvisionReport:
    """Applies the definition in `folder` (default: the one of this checkout).

    `service_token` becomes the static token of the service's account.

    Raises:
        CitrineError: Directus does not answer, refuses the token, or refuses a part.
    """
    definition = load(folder or files.directus_folder())
    async with Admin(directus_url, admin_token) as admin:
        try:
            await admin.call("GET", "/users/me", fields="id")
        except DirectusError as error:
            if error.status in {401, 403}:
                raise CitrineError(
                    f"Directus at {directus_url} refuses the admin token: set "
                    "CITRINE_DIRECTUS_ADMIN_TOKEN to that of an admin"
                ) from None
            raise
        run = _Run(admin, definition, await _read_memory(admin))
        try:
            await run.schema()
            await run.rights()
            await run.service_account(directus_url, service_token)
            await run.flows()
            await run.presets()
        except BaseException as error:
            # What was created so far is ours, also for the next try.
            if not (isinstance(error, DirectusError) and error.status is None):
                with suppress(DirectusError):
                    await run.remember()
            raise
        await run.remember()
    log.info("provision.done", created=len(run.report.created), changed=len(run.report.changed))
    return run.report


async def _read_memory(admin: Admin) -> dict[str, Applied]:
    try:
        row = await admin.call("GET", f"/items/{MEMORY}")
    except DirectusError as error:
        if error.status == 403:  # the collection is not there yet
            return {}
        raise
    applied = (row or {}).get("applied") or {}
    return {name: Applied(entry["source"], entry["live"]) for name, entry in applied.items()}


class _Run:
    """One provisioning. `_memory` is what was applied earlier, `_next` what will be noted."""

    def __init__(self, admin: Admin, definition: Definition, memory: dict[str, Applied]) -> None:
        self._admin = admin
        self._definition = definition
        self._memory = memory
        self._next: dict[str, Applied] = {}
        self.report = ProvisionReport()

    # ---- collections, fields, relations ------------------------------------------------

    async def schema(self) -> None:
        """All collections before any relation between them."""
        live = {each["collection"]: each for each in await self._admin.call("GET", "/collections")}
        fields = {
            (each["collection"], each["field"]): each
            for each in await self._admin.call("GET", "/fields")
        }
        for table in self._definition.tables:
            if table.name not in live:
                await self._create_table(table)
            else:
                await self._upgrade_table(table, live[table.name], fields)
        await self._relations()

    async def _relations(self) -> None:
        live = {
            (each["collection"], each["field"]): each
            for each in await self._admin.call("GET", "/relations")
        }
        for table in self._definition.tables:
            for ours in table.relations:
                key = (ours["collection"], ours["field"])
                name = "relation " + ".".join(key)
                theirs = live.get(key)
                if theirs is None:
                    made = await self._admin.call("POST", "/relations", ours)
                    self.report.created.append(name)
                    self._created(name, ours["meta"], made["meta"])
                else:
                    path = "/relations/" + "/".join(key)
                    # Directus ends itself on a change of a relation that does not name it,
                    # and makes the foreign key anew from what it is given.
                    beside = {part: theirs[part] for part in _WHOLE}
                    held = theirs["meta"] or {}
                    await self._upgrade(
                        name, ours["meta"], held, path, within="meta", beside=beside
                    )

    async def _create_table(self, table: Table) -> None:
        body = {**table.collection, "fields": list(table.fields)}
        if table.collection["schema"] is None:
            body.pop("fields")
        await self._admin.call("POST", "/collections", body)
        self.report.created.append(f"collection {table.name}")
        made = await self._admin.call("GET", f"/collections/{table.name}")
        self._created(f"collection {table.name}", table.collection["meta"], made["meta"])
        if not table.fields:  # a folder
            return
        for entry in await self._admin.call("GET", f"/fields/{table.name}"):
            ours = next(each for each in table.fields if each["field"] == entry["field"])
            name = f"field {table.name}.{entry['field']}"
            self._created(name, ours["meta"], entry["meta"] or {})

    async def _upgrade_table(
        self, table: Table, live: Mapping[str, Any], fields: Mapping[tuple[str, str], Any]
    ) -> None:
        await self._upgrade(
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
                made = await self._admin.call("POST", f"/fields/{table.name}", ours)
                self.report.created.append(name)
                self._created(name, ours["meta"], made["meta"])
                continue
            path = f"/fields/{table.name}/{ours['field']}"
            await self._upgrade(name, ours["meta"], theirs["meta"] or {}, path, within="meta")

    # ---- policies, roles, permissions, the service's account ---------------------------

    async def rights(self) -> None:
        """Policies, roles, who has which, and what each policy permits."""
        await self._rows("policies", self._definition.policies)
        await self._rows("roles", self._definition.roles)
        access = {
            (each["role"], each["user"], each["policy"])
            for each in await self._admin.call("GET", "/access", limit=_ALL)
        }
        for entry in self._definition.access:
            if (entry.get("role"), entry.get("user"), entry["policy"]) not in access:
                await self._admin.call("POST", "/access", entry)
        live = {
            (each["policy"], each["collection"], each["action"]): each
            for each in await self._admin.call("GET", "/permissions", limit=_ALL)
        }
        missing = []
        for ours in self._definition.permissions:
            key = (ours["policy"], ours["collection"], ours["action"])
            theirs = live.get(key)
            name = f"permission {key[0]} {key[1]} {key[2]}"
            if theirs is None:
                missing.append((name, ours))
            else:
                path = f"/permissions/{theirs['id']}"
                await self._upgrade(name, {"fields": ours["fields"]}, theirs, path)
        if missing:
            await self._admin.call("POST", "/permissions", [ours for _, ours in missing])
            for name, ours in missing:
                self.report.created.append(name)
                self._created(name, {"fields": ours["fields"]}, ours)

    async def service_account(self, url: str, token: str) -> None:
        """The account that the service uses, with its token."""
        found = await self._admin.call(
            "GET", "/users", **{"filter[id][_eq]": SERVICE_USER, "fields": "id"}
        )
        if not found:
            user = {
                "id": SERVICE_USER,
                "first_name": "Charging service",
                "description": "citrine-py's own account; its token is in the service's settings",
                "status": "active",
                "token": token,
            }
            await self._admin.call("POST", "/users", user)
            self.report.created.append("the service's account")
        elif not await _works(url, token):
            await self._admin.call("PATCH", f"/users/{SERVICE_USER}", {"token": token})
            self.report.changed.append("the service's token")
        granted = await self._admin.call(
            "GET", "/access", **{"filter[user][_eq]": SERVICE_USER, "fields": "policy"}
        )
        policy = self._definition.policies[0].id
        if not any(each["policy"] == policy for each in granted):
            await self._admin.call("POST", "/access", {"user": SERVICE_USER, "policy": policy})

    # ---- flows, presets ----------------------------------------------------------------

    async def flows(self) -> None:
        """Flows first, then their operations, then each flow's first operation."""
        first = {flow.id: flow.data["operation"] for flow in self._definition.flows}
        bare = tuple(
            Row(flow.kind, flow.id, {n: v for n, v in flow.data.items() if n != "operation"})
            for flow in self._definition.flows
        )
        live = {each["id"]: each for each in await self._admin.call("GET", "/flows", limit=_ALL)}
        wanted = tuple(flow for flow in bare if flow.id in live or not self._was_deleted(flow))
        await self._rows("flows", wanted)
        present = {flow.id for flow in wanted}
        operations = [each for each in self._definition.operations if each.data["flow"] in present]
        await self._rows("operations", tuple(operations))
        for flow in wanted:
            name = f"first operation of flow {flow.id}"
            connected = live.get(flow.id, {}).get("operation")
            if connected is None and name not in self._memory:
                await self._admin.call("PATCH", f"/flows/{flow.id}", {"operation": first[flow.id]})
            self._next[name] = Applied({}, {})

    async def presets(self) -> None:
        """Lists as everybody first sees them; a preset that somebody made stays."""
        live = await self._admin.call(
            "GET",
            "/presets",
            **{
                "filter[user][_null]": "true",
                "filter[role][_null]": "true",
                "filter[bookmark][_null]": "true",
                "limit": _ALL,
            },
        )
        by_collection = {each["collection"]: each for each in live}
        for ours in self._definition.presets:
            theirs = by_collection.get(ours["collection"])
            name = f"preset {ours['collection']}"
            if theirs is None and name in self._memory:
                self._leave_out(name)
            elif theirs is None:
                made = await self._admin.call("POST", "/presets", ours)
                self.report.created.append(name)
                self._created(name, ours, made)
            else:
                await self._upgrade(name, ours, theirs, f"/presets/{theirs['id']}")

    # ---- memory ------------------------------------------------------------------------

    async def remember(self) -> None:
        """Notes what was applied, if anything changed."""
        known = {**self._memory, **self._next}
        if known == self._memory:
            return
        applied = {
            name: {"source": entry.source, "live": entry.live} for name, entry in known.items()
        }
        await self._admin.call("PATCH", f"/items/{MEMORY}", {"applied": applied})

    # ---- inside ------------------------------------------------------------------------

    async def _rows(self, kind: str, rows: tuple[Row, ...]) -> None:
        """Creates and upgrades rows with ids of ours."""
        live = {each["id"]: each for each in await self._admin.call("GET", f"/{kind}", limit=_ALL)}
        missing = [row for row in rows if row.id not in live]
        if missing:
            bodies = [{"id": row.id, **row.data} for row in missing]
            made = await self._admin.call("POST", f"/{kind}", bodies)
            held = {each["id"]: each for each in made}
            for row in missing:
                self.report.created.append(f"{kind} {row.data.get('name', row.id)}")
                self._created(f"{kind} {row.id}", row.data, held[row.id])
        for row in rows:
            if row.id in live:
                path = f"/{kind}/{row.id}"
                await self._upgrade(f"{kind} {row.id}", row.data, live[row.id], path)

    def _was_deleted(self, row: Row) -> bool:
        """Whether a row that is missing was created earlier, so that an operator deleted it."""
        if f"{row.kind} {row.id}" not in self._memory:
            return False
        self._leave_out(f"{row.kind} {row.data['name']}")
        return True

    def _leave_out(self, name: str) -> None:
        self.report.left_out.append(name)
        log.info("provision.left_out", name=name, reason="an operator deleted it")

    def _created(self, name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        self._next[name] = as_applied(ours, theirs, None, ours)

    async def _upgrade(
        self,
        name: str,
        ours: Mapping[str, Any],
        theirs: Mapping[str, Any],
        path: str,
        *,
        within: str | None = None,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes what is ours to change; `beside` is what Directus wants to be told with it."""
        before = self._memory.get(name)
        wanted = changes(ours, before, theirs)
        if wanted:
            body = {**(beside or {}), within: wanted} if within else wanted
            made = await self._admin.call("PATCH", path, body)
            theirs = made[within] if within else made
            self.report.changed.append(name)
        self._next[name] = as_applied(ours, theirs, before, wanted)


async def _works(url: str, token: str) -> bool:
    """Whether the token is that of the service's account."""
    async with Admin(url, token) as service:
        try:
            me = await service.call("GET", "/users/me", fields="id")
        except DirectusError as error:
            if error.status in {401, 403}:
                return False
            raise
    return bool(me["id"] == SERVICE_USER)
