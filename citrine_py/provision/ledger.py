"""What was applied, kept in Directus itself, and the writes that go by it.

Every object is written through here: what is ours to change is told by `merge`
from what was applied last, which is noted again at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from citrine_py.errors import DirectusError
from citrine_py.provision.admin import ALL, Admin
from citrine_py.provision.definition import MEMORY, Row
from citrine_py.provision.merge import Applied, as_applied, changes, names

log = structlog.get_logger()


@dataclass(slots=True)
class ProvisionReport:
    """What was done: names of what was created, of what was changed, and of what stays
    away because an operator deleted it."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def open_ledger(admin: Admin) -> Ledger:
    """The ledger, with what was applied earlier."""
    try:
        row = await admin.call("GET", f"/items/{MEMORY}")
    except DirectusError as error:
        if error.status == 403:  # the collection is not there yet
            return Ledger(admin, {})
        raise
    applied = (row or {}).get("applied") or {}
    memory = {name: Applied(entry["source"], entry["live"]) for name, entry in applied.items()}
    return Ledger(admin, memory)


class Ledger:
    """One provisioning's writes. `memory` is what was applied earlier."""

    def __init__(self, admin: Admin, memory: Mapping[str, Applied]) -> None:
        self.admin = admin
        self.memory = memory
        self.report = ProvisionReport()
        self._next: dict[str, Applied] = {}

    async def remember(self) -> None:
        """Notes what was applied, if anything changed."""
        known = {**self.memory, **self._next}
        if known == self.memory:
            return
        applied = {
            name: {"source": entry.source, "live": entry.live} for name, entry in known.items()
        }
        await self.admin.call("PATCH", f"/items/{MEMORY}", {"applied": applied})

    async def rows(self, kind: str, rows: tuple[Row, ...]) -> None:
        """Creates and upgrades rows with ids of ours."""
        live = {each["id"]: each for each in await self.admin.call("GET", f"/{kind}", limit=ALL)}
        missing = [row for row in rows if row.id not in live]
        if missing:
            bodies = [{"id": row.id, **row.data} for row in missing]
            made = await self.admin.call("POST", f"/{kind}", bodies)
            held = {each["id"]: each for each in made}
            for row in missing:
                self.report.created.append(f"{kind} {row.data.get('name', row.id)}")
                self.created(f"{kind} {row.id}", row.data, held[row.id])
        for row in rows:
            if row.id in live:
                path = f"/{kind}/{row.id}"
                await self.upgrade(f"{kind} {row.id}", row.data, live[row.id], path)

    def was_deleted(self, row: Row) -> bool:
        """Whether a row that is missing was created earlier, so that an operator deleted it."""
        if f"{row.kind} {row.id}" not in self.memory:
            return False
        self.leave_out(f"{row.kind} {row.data['name']}")
        return True

    def leave_out(self, name: str) -> None:
        """Reports an object of ours that stays away."""
        self.report.left_out.append(name)
        log.info("provision.left_out", name=name, reason="an operator deleted it")

    def note(self, name: str) -> None:
        """Notes that something was done once."""
        self._next[name] = Applied({}, {})

    def created(self, name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        """Notes an object that was made, as Directus now holds it."""
        self._next[name] = as_applied(ours, theirs, None, ours)

    async def upgrade(
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
        before = self.memory.get(name)
        wanted = changes(ours, before, theirs)
        if wanted:
            body = {**(beside or {}), within: wanted} if within else wanted
            made = await self.admin.call("PATCH", path, body)
            theirs = made[within] if within else made
            self.report.changed.append(name)
        self._next[name] = as_applied(ours, theirs, before, wanted)

    async def upgrade_names(
        self, name: str, attribute: str, ours: list[str], theirs: Mapping[str, Any], path: str
    ) -> None:
        """As `upgrade`, for a list of names, each of which is somebody's by itself."""
        before = self.memory.get(name)
        held = theirs[attribute] or []
        wanted = names(ours, before.source[attribute] if before is not None else ours, held)
        if wanted != held:
            await self.admin.call("PATCH", path, {attribute: wanted})
            self.report.changed.append(name)
        self._next[name] = Applied({attribute: ours}, {attribute: wanted})
