"""Provisions a Directus: creates what is missing, upgrades what is ours, keeps the rest.

Idempotent. Nothing is ever deleted; what an operator added or changed stays
(`merge`), and a flow, list or panel of ours that he deleted stays away. Reads all of
Directus' definition once, then writes the differences.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import structlog

from citrine_py import files
from citrine_py.errors import CitrineError, DirectusError
from citrine_py.provision.admin import Admin
from citrine_py.provision.definition import load
from citrine_py.provision.ledger import ProvisionReport, open_ledger
from citrine_py.provision.pages import apply_dashboards, apply_flows, apply_presets
from citrine_py.provision.rights import apply_rights, apply_service_account
from citrine_py.provision.schema import apply_schema

log = structlog.get_logger()


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
        ledger = await open_ledger(admin)
        try:
            await apply_schema(ledger, definition.tables)
            await apply_rights(ledger, definition)
            await apply_service_account(ledger, definition, directus_url, service_token)
            await apply_flows(ledger, definition)
            await apply_presets(ledger, definition)
            await apply_dashboards(ledger, definition)
        except BaseException as error:
            # What was created so far is ours, also for the next try.
            if not (isinstance(error, DirectusError) and error.status is None):
                with suppress(DirectusError):
                    await ledger.remember()
            raise
        await ledger.remember()
    report = ledger.report
    log.info("provision.done", created=len(report.created), changed=len(report.changed))
    return report
