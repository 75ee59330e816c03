"""Who may do what: policies, roles, permissions, and the service's own account."""

from __future__ import annotations

from citrine_py.errors import DirectusError
from citrine_py.provision.admin import ALL, Admin
from citrine_py.provision.definition import SERVICE_USER, Definition
from citrine_py.provision.ledger import Ledger


async def apply_rights(ledger: Ledger, definition: Definition) -> None:
    """Policies, roles, who has which, and what each policy permits."""
    await ledger.rows("policies", definition.policies)
    await ledger.rows("roles", definition.roles)
    access = {
        (each["role"], each["user"], each["policy"])
        for each in await ledger.admin.call("GET", "/access", limit=ALL)
    }
    for entry in definition.access:
        if (entry.get("role"), entry.get("user"), entry["policy"]) not in access:
            await ledger.admin.call("POST", "/access", entry)
    live = {
        (each["policy"], each["collection"], each["action"]): each
        for each in await ledger.admin.call("GET", "/permissions", limit=ALL)
    }
    missing = []
    for ours in definition.permissions:
        key = (ours["policy"], ours["collection"], ours["action"])
        theirs = live.get(key)
        name = f"permission {key[0]} {key[1]} {key[2]}"
        if theirs is None:
            missing.append((name, ours))
        else:
            await ledger.upgrade_names(
                name, "fields", ours["fields"], theirs, f"/permissions/{theirs['id']}"
            )
    if missing:
        await ledger.admin.call("POST", "/permissions", [ours for _, ours in missing])
        for name, ours in missing:
            ledger.report.created.append(name)
            ledger.created(name, {"fields": ours["fields"]}, ours)


async def apply_service_account(
    ledger: Ledger, definition: Definition, url: str, token: str
) -> None:
    """The account that the service uses, with its token."""
    found = await ledger.admin.call(
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
        await ledger.admin.call("POST", "/users", user)
        ledger.report.created.append("the service's account")
    elif not await _works(url, token):
        await ledger.admin.call("PATCH", f"/users/{SERVICE_USER}", {"token": token})
        ledger.report.changed.append("the service's token")
    granted = await ledger.admin.call(
        "GET", "/access", **{"filter[user][_eq]": SERVICE_USER, "fields": "policy"}
    )
    policy = definition.policies[0].id
    if not any(each["policy"] == policy for each in granted):
        await ledger.admin.call("POST", "/access", {"user": SERVICE_USER, "policy": policy})


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
