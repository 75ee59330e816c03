"""A station that comes over TLS: with a password (profile 2) or a certificate (profile 3)."""

from __future__ import annotations

import ssl
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from tests import pki
from tests.conformance import raw
from tests.conformance.csms import Csms


class TlsStation:
    """The station of a case. `root` signs its certificates and the server's alike; `csms` is
    what it comes to."""

    def __init__(self, csms: Csms, scratch: Path) -> None:
        self.csms = csms
        self.id = csms.station_id
        self.scratch = scratch
        self.root = pki.Holder.read(csms.operator.stack.folder / "tls", "root")
        self.own = pki.Holder(self.id, self.root)
        self.password_url, self.certificate_url = csms.operator.stack.websocket_urls[2:4]

    def trust(self, own: tuple[str, str] | None = None, **more: Any) -> ssl.SSLContext:
        """It trusts the root; `own` is its certificate and key, in PEM."""
        return pki.client_context(self.root, self.scratch, own, **more)

    def by_password(
        self, password: str, tls: ssl.SSLContext | None = None
    ) -> AbstractAsyncContextManager[raw.RawStation]:
        """Connected by profile 2."""
        headers = raw.basic(self.id, password)
        return raw.station(self.password_url, self.id, headers, tls or self.trust())

    def by_certificate(
        self, own: tuple[str, str] | None = None, **more: Any
    ) -> AbstractAsyncContextManager[raw.RawStation]:
        """Connected by profile 3; with the certificate that it came with, if no other is given."""
        pair = own or (self.own.pem, self.own.key_pem)
        return raw.station(self.certificate_url, self.id, None, self.trust(pair, **more))
