"""`citrine-py provision`, and its reverse, `--export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from citrine_py import files
from citrine_py.errors import BadSettings
from citrine_py.provision.admin import Admin
from citrine_py.provision.definition import load
from citrine_py.provision.run import provision
from citrine_py.settings import Settings


async def run(settings: Settings, *, export: bool) -> int:
    """Provisions the Directus of the settings, or exports its definition of our collections."""
    admin_token = settings.directus.admin_token
    service_token = settings.directus.token
    missing = []
    if admin_token is None:
        missing.append("CITRINE_DIRECTUS_ADMIN_TOKEN: missing; the static token of an admin")
    if service_token is None and not export:
        missing.append("CITRINE_DIRECTUS_TOKEN: missing; it becomes the service's own token")
    if missing:
        raise BadSettings(missing)
    admin_secret = admin_token.get_secret_value() if admin_token else ""
    if export:
        written = await _export(settings.directus.url, admin_secret, files.directus_folder())
        print(f"wrote {len(written)} files in directus/schema; look at them with git diff")
        return 0
    service_secret = service_token.get_secret_value() if service_token else ""
    report = await provision(settings.directus.url, admin_secret, service_secret)
    for name in report.created:
        print(f"created {name}")
    for name in report.changed:
        print(f"changed {name}")
    for name in report.left_out:
        print(f"left out {name}: an operator deleted it")
    if not report.created and not report.changed:
        print("nothing to do")
    return 0


async def _export(url: str, admin_token: str, folder: Path) -> list[Path]:
    """Writes Directus' present definition of our collections over our files. Fields that an
    operator added become ours; what only this Directus knows (ids) is left out."""
    async with Admin(url, admin_token) as admin:
        snapshot = await admin.call("GET", "/schema/snapshot")
    written = []
    for table in load(folder).tables:
        path = folder / "schema" / f"{table.name}.json"
        before = json.loads(path.read_text())
        file = {
            "collection": _first(snapshot["collections"], table.name, before["collection"]),
            "fields": _of(snapshot["fields"], table.name),
            "relations": _of(snapshot["relations"], table.name),
        }
        path.write_text(json.dumps(file, indent=2, ensure_ascii=False) + "\n")
        written.append(path)
    return written


def _of(entries: list[dict[str, Any]], collection: str) -> list[dict[str, Any]]:
    return [each for each in entries if each["collection"] == collection]


def _first(entries: list[dict[str, Any]], collection: str, default: Any) -> Any:
    return next(iter(_of(entries, collection)), default)
