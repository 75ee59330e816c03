"""Fakes of `ports_wishes`."""

from __future__ import annotations

from citrine_py.ports_wishes import CsmsAddress

ADDRESSES = {
    "open": CsmsAddress("open", 0, "ws://csms.example:8081"),
    "tls": CsmsAddress("tls", 2, "wss://csms.example:8443"),
    "nowhere": CsmsAddress("nowhere", 2, None),
}
"""Charger ports by id."""


class FakeVault:
    """ports_wishes.Vault: readable to nobody who does not read backwards."""

    def __init__(self, key: str = "k") -> None:
        self._key = key

    def seal(self, station: str, secret: str) -> str:
        return f"{self._key}|{station}|{secret[::-1]}"

    def open(self, station: str, sealed: str) -> str | None:
        head = f"{self._key}|{station}|"
        return sealed.removeprefix(head)[::-1] if sealed.startswith(head) else None
