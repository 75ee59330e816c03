"""B09, B10: OCPP's network profiles and our rows of them: pure conversions.

A row has no secret: those of an APN or a VPN go to the station as somebody sends them by the API,
and are not kept. A profile that had some is therefore not sent again from its row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from citrine_py.model.network_profiles import NetworkProfile
from citrine_py.model.stations import ChargingStation
from citrine_py.ocpp.redaction import redact
from citrine_py.ports import Payload
from citrine_py.ports_wishes import CsmsAddress

FIELDS = (
    "ocppVersion",
    "ocppTransport",
    "ocppCsmsUrl",
    "messageTimeout",
    "securityProfile",
    "ocppInterface",
)
"""What OCPP's connectionData must have."""
_SECRETS: Mapping[str, tuple[str, ...]] = {
    "apn": ("apnPassword", "simPin"),
    "vpn": ("password", "key"),
}
_DIGEST = 32  # characters
_CREDENTIALS = re.compile(r"://[^/\s@]+@")

Listeners = Callable[[str], CsmsAddress | None]
"""A charger port of ours by its id."""


def connection_data(row: NetworkProfile, listeners: Listeners) -> Payload:
    """OCPP's connectionData of a row; what a row leaves out is its listener's, if it names one."""
    data = {name: getattr(row, name) for name in FIELDS}
    address = listeners(row.listener) if row.listener else None
    if address is not None:
        data = filled(data, address)
    if data["ocppVersion"] is None:
        data["ocppVersion"] = "OCPP20"
    if data["ocppTransport"] is None:
        data["ocppTransport"] = "JSON"
    return {
        **{name: value for name, value in data.items() if value is not None},
        **{name: getattr(row, name) for name in _SECRETS if getattr(row, name)},
    }


def filled(data: Mapping[str, Any], address: CsmsAddress) -> dict[str, Any]:
    """OCPP's connectionData with a listener's address and security profile where it has none."""
    whole = dict(data)
    if whole.get("ocppCsmsUrl") is None and address.url is not None:
        whole["ocppCsmsUrl"] = address.url
    if whole.get("securityProfile") is None:
        whole["securityProfile"] = address.security_profile
    return whole


def recorded(data: Payload) -> dict[str, Any]:
    """The fields of a row for a connectionData that was sent, without its secrets."""
    struck = redact("SetNetworkProfile", data)
    fields: dict[str, Any] = {name: struck.get(name) for name in FIELDS}
    withheld: list[str] = []
    for part, secrets in _SECRETS.items():
        told = data.get(part)
        withheld += [f"{part}.{name}" for name in secrets if told and name in told]
        kept = {name: value for name, value in (told or {}).items() if name not in secrets}
        fields[part] = kept if told else None
    return {**fields, "withheld": ", ".join(withheld) or None}


def digest(row: NetworkProfile) -> str:
    """Of all that an operator wants by a row: of the profile, and whether to activate it."""
    wanted = [getattr(row, name) for name in ("configurationSlot", *FIELDS, *_SECRETS, "listener")]
    text = json.dumps(wanted, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:_DIGEST] + ("+" if row.activate else "")


def same_profile(one: str | None, other: str | None) -> bool:
    """Whether two digests are of the same profile, to be activated or not."""
    return (one or "")[:_DIGEST] == (other or "")[:_DIGEST]


def problem(row: NetworkProfile, listeners: Listeners) -> str | None:
    """Why a row cannot be sent."""
    if row.configurationSlot is None:
        return "configurationSlot is missing"
    if row.listener and listeners(row.listener) is None:
        return f"there is no listener {row.listener}"
    data = connection_data(row, listeners)
    missing = [name for name in FIELDS if name not in data]
    if missing:
        return f"{', '.join(missing)}: missing"
    return _secret(row, data)


def _secret(row: NetworkProfile, data: Payload) -> str | None:
    withheld = (row.withheld or "").split(", ")
    gone = [each for each in withheld if getattr(row, each.split(".")[0], None)]
    if gone:
        return (
            f"{', '.join(gone)}: was sent by the API and is not kept; send the whole profile that "
            "way again"
        )
    if _CREDENTIALS.search(data["ocppCsmsUrl"]):
        return "ocppCsmsUrl: a user and password in it would stand here in plain text"
    held = [
        f"{part}.{name}"
        for part, secrets in _SECRETS.items()
        for name in secrets
        if isinstance(data.get(part), dict) and name in data[part]
    ]
    if held:
        return f"{', '.join(held)}: secrets do not stand here; send the profile by the API"
    return None


def downwards(station: ChargingStation | None, profile: int) -> str | None:
    """Why a station is not sent a profile of this security profile: it leads only upwards."""
    if station is None or station.allowLowerSecurityProfile or station.securityProfile is None:
        return None
    if profile >= station.securityProfile:
        return None
    return (
        f"security profile {profile} is lower than the station's {station.securityProfile}: "
        "allow a lower one on its page if that is meant"
    )


def first(slot: int, priority: str) -> str:
    """NetworkConfigurationPriority with `slot` first, the others after it as they were."""
    others = [part.strip() for part in priority.split(",") if part.strip()]
    return ",".join([str(slot), *(each for each in others if each != str(slot))])
