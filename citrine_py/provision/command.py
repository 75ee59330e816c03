"""`citrine-py provision`, and its reverse, `--export`."""

from __future__ import annotations

from citrine_py import files
from citrine_py.errors import BadSettings
from citrine_py.provision.export import export as export_schema
from citrine_py.provision.run import provision
from citrine_py.settings import Settings


async def run(settings: Settings, *, export: bool) -> int:
    """Provisions the Directus of the settings, or exports its definition of our collections."""
    admin_token = settings.directus.admin_token
    service_token = settings.directus.token
    missing = []
    if admin_token is None:
        missing.append(
            "CITRINE_DIRECTUS_ADMIN_TOKEN: missing; the static token of an admin "
            "(`citrine-py info --json` shows that of `make up`)"
        )
    if service_token is None and not export:
        missing.append("CITRINE_DIRECTUS_TOKEN: missing; it becomes the service's own token")
    if missing:
        raise BadSettings(missing)
    admin_secret = admin_token.get_secret_value() if admin_token else ""
    if export:
        changed = await export_schema(settings.directus.url, admin_secret, files.directus_folder())
        for path in changed:
            print(f"wrote {path.name}")
        print("look at it with git diff" if changed else "the files say what Directus holds")
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
