"""Secrets that wait in our records, sealed with the key of the settings (AES-256-GCM).

What is sealed for one station does not open for another.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORM = "v1."
_NONCE = 12  # bytes
_PURPOSE = b"citrine-py secrets"


class SecretsVault:
    """Implements ports_wishes.Vault. `key`: a long random text."""

    def __init__(self, key: str) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derive.derive(key.encode()))

    def __repr__(self) -> str:
        return "SecretsVault()"

    def seal(self, station: str, secret: str) -> str:
        """See ports_wishes.Vault."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, secret.encode(), station.encode())
        return _FORM + urlsafe_b64encode(nonce + sealed).decode()

    def open(self, station: str, sealed: str) -> str | None:
        """See ports_wishes.Vault."""
        if not sealed.startswith(_FORM):
            return None
        try:
            data = urlsafe_b64decode(sealed.removeprefix(_FORM))
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], station.encode()).decode()
        except (ValueError, InvalidTag):
            return None
