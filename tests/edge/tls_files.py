"""A CA and the certificates of a TLS port, as files."""

import ssl
from pathlib import Path

from tests import pki


class Files:
    """A CA and server certificates of both kinds of key, as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = pki.root()
        self.elliptic = pki.Holder(pki.HOST, self.root, host=pki.HOST).write(folder, "ec")
        rsa = pki.Holder(pki.HOST, self.root, host=pki.HOST, key=pki.rsa_key())
        self.rsa = rsa.write(folder, "rsa")
        self.ca = self.root.write(folder, "ca")[0]

    def server(self, profile: int = 2) -> dict[str, object]:
        return {
            "security_profile": profile,
            "tls_certificate": self.elliptic[0],
            "tls_key": self.elliptic[1],
            "tls_second_certificate": self.rsa[0],
            "tls_second_key": self.rsa[1],
            "tls_client_cas": (self.ca,),
        }

    def client(self, **more) -> ssl.SSLContext:
        return pki.client_context(self.root, self.folder, **more)
