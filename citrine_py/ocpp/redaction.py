"""Strikes secrets out of messages before anybody writes them down.

Pure functions over payloads and frames. What is secret is told by OCPP's names:
variables such as BasicAuthPassword, the passwords and keys of a network profile,
1.6's AuthorizationKey, credentials within URLs, and the secret in the addresses
that stations upload files to. So is what a station tells of a customer, which stands
on the job that asked for it and goes with that (N09).
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import orjson

Payload: TypeAlias = dict[str, Any]

STRUCK_OUT = "**********"
UNREADABLE_KEPT = 500
"""Characters kept of a frame that is no JSON."""

_SECRET_WORDS = ("password", "secret", "simpin", "privatekey", "presharedkey", "authorizationkey")
_SECRET_VARIABLES = frozenset({"vpnkey"})
_VALUE_FIELDS = frozenset({"attributeValue", "value", "actualValue"})
_CUSTOMERS = "NotifyCustomerInformation"
_URL_CREDENTIALS = re.compile(r"://[^/\s\"@]+@")
_UPLOADS = "/files/logs/"
_UPLOAD_SECRET = re.compile(r"(/files/logs/)[^/\s\"?#]+")
_HINTS = (*_SECRET_WORDS, "vpn", "\\u", _UPLOADS)
"""One of these stands in every frame that has a secret (or hides it by escapes), lower case."""


def redact_frame(text: str, action: str | None) -> str:
    """`text` without its secrets; as it is, and quickly, if it has none.

    `action` is that of the call, for its answer too; None if it is not known.
    """
    if not _may_hold_secrets(text, action):
        return text
    try:
        frame = orjson.loads(text)
        redacted = _walk(frame, action in {"DataTransfer", None})
        if action == _CUSTOMERS:
            redacted = _without_customer(redacted)
        return text if redacted is frame else orjson.dumps(redacted).decode()
    except (ValueError, TypeError, RecursionError):
        return redact_unreadable(text)


def redact(action: str | None, payload: Payload) -> Payload:
    """`payload` of a request or response of `action` without its secrets. It is copied
    only if it has some."""
    redacted: Payload = _walk(payload, action in {"DataTransfer", None})
    return redacted


def redact_unreadable(text: str) -> str:
    """The beginning of a text that is no JSON; all of it struck out if it names a secret."""
    if any(hint in text.lower() for hint in _HINTS):
        return f"{STRUCK_OUT} ({len(text)} characters, not readable)"
    kept = _URL_CREDENTIALS.sub(f"://{STRUCK_OUT}@", text)[:UNREADABLE_KEPT]
    return kept if len(text) <= UNREADABLE_KEPT else f"{kept}... ({len(text)} characters)"


def _may_hold_secrets(text: str, action: str | None) -> bool:
    lower = text.lower()
    if (
        action == _CUSTOMERS
        or any(hint in lower for hint in _HINTS)
        or ("://" in text and "@" in text)
    ):
        return True
    # A frame whose action is not known is often no JSON: it is cut short.
    return action is None and len(text) > UNREADABLE_KEPT


def _without_customer(frame: Any) -> Any:
    """A frame, its payload's `data` struck out; as it is where it has none."""
    if not isinstance(frame, list):
        return frame
    return [
        {**part, "data": STRUCK_OUT} if isinstance(part, dict) and "data" in part else part
        for part in frame
    ]


def _walk(node: Any, opaque: bool) -> Any:
    """A copy of `node` without secrets, or `node` itself if it has none.

    `opaque`: strings may hold a vendor's own format, so one that names a secret goes whole.
    """
    if isinstance(node, dict):
        return _walk_object(node, opaque)
    if isinstance(node, list):
        items = [_walk(item, opaque) for item in node]
        return node if all(map(_same, items, node)) else items
    if isinstance(node, str):
        return _walk_string(node, opaque)
    return node


def _walk_object(node: dict[str, Any], opaque: bool) -> dict[str, Any]:
    strike_values = _names_secret(node)
    changed: dict[str, Any] = {}
    for name, value in node.items():
        if _is_secret_field(name) or (strike_values and name in _VALUE_FIELDS):
            new: Any = STRUCK_OUT
        elif name == "vpn" and isinstance(value, dict) and "key" in value:
            new = _walk_object({**value, "key": STRUCK_OUT}, opaque)
        elif strike_values and name == "variableAttribute" and isinstance(value, list):
            new = [_strike_values(item) for item in value]
        else:
            new = _walk(value, opaque)
        if new is not value:
            changed[name] = new
    return {**node, **changed} if changed else node


def _walk_string(text: str, opaque: bool) -> str:
    if opaque and any(word in text.lower() for word in _SECRET_WORDS):
        return STRUCK_OUT
    if _UPLOADS in text:
        text = _UPLOAD_SECRET.sub(rf"\1{STRUCK_OUT}", text)
    if "://" in text and _URL_CREDENTIALS.search(text):
        return _URL_CREDENTIALS.sub(f"://{STRUCK_OUT}@", text)
    return text


def _strike_values(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return {name: STRUCK_OUT if name in _VALUE_FIELDS else item[name] for name in item}


def _is_secret_field(name: str) -> bool:
    lower = name.lower()
    return any(word in lower for word in _SECRET_WORDS)


def _names_secret(node: dict[str, Any]) -> bool:
    """Whether a `variable` (2.x) or `key` (1.6) in it is a secret's."""
    variable = node.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else node.get("key")
    if not isinstance(name, str):
        return False
    return _is_secret_field(name) or name.lower() in _SECRET_VARIABLES


def _same(one: Any, other: Any) -> bool:
    return one is other
