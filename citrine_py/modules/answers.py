"""How a station's answer reads for people."""

from __future__ import annotations

from citrine_py.ports import Payload


def said(reply: Payload) -> str:
    """Its status, with what its statusInfo adds."""
    info = reply.get("statusInfo", {})
    more = ": ".join(part for part in (info.get("reasonCode"), info.get("additionalInfo")) if part)
    return f"{reply['status']} ({more})"[:255] if more else str(reply["status"])
