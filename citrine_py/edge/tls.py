"""A charger port's TLS: versions, cipher suites, certificates, and handshakes that fail.

Profiles 2 and 3 (A00): TLS 1.2 at least, the suites that Part 2 names and those of the same
strength for an RSA certificate, a client certificate on profile 3. Certificates can be
exchanged while stations are connected; who connects from then on meets the new ones.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import structlog

from citrine_py.edge.config import ListenerConfig
from citrine_py.edge.stats import EdgeStats
from citrine_py.errors import CitrineError

log = structlog.get_logger()

CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "AES256-GCM-SHA384",  # TLS_RSA_WITH_AES_256_GCM_SHA384: without forward secrecy, so
        "AES128-GCM-SHA256",  # these come last
    )
)
"""The suites of TLS 1.2 (TC_A_04_CSMS); those of TLS 1.3 are all good."""


class ServerTls:
    """The TLS of one listener.

    Raises:
        CitrineError: its files cannot be used; one line naming the listener.
    """

    def __init__(self, config: ListenerConfig, stats: EdgeStats) -> None:
        self._config = config
        self._current = _context(config)
        self.context = _context(config)
        """For the server: it hands each handshake to the current certificates."""
        self.context.sni_callback = self._choose
        self.context.sslobject_class = _counting(config.id, stats)

    def reload(self) -> None:
        """Reads the files anew.

        Raises:
            CitrineError: they cannot be used; those before stay in force.
        """
        self._current = _context(self._config)

    def _choose(self, handshake: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        """Python's hook while a ClientHello is read, whether it names a server or not."""
        handshake.context = self._current


def _context(config: ListenerConfig) -> ssl.SSLContext:
    if config.tls_certificate is None:
        raise CitrineError(f"listener {config.id}: security profile 2 and 3 need a certificate")
    if config.security_profile == 3 and not config.tls_client_cas:
        raise CitrineError(f"listener {config.id}: security profile 3 needs the CA of the stations")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        load_pair(context, config.tls_certificate, config.tls_key)
        if config.tls_second_certificate is not None:
            load_pair(context, config.tls_second_certificate, config.tls_second_key)
        if config.security_profile == 3:
            context.verify_mode = ssl.CERT_REQUIRED
            # Whoever is named is trusted, also a CA below a root that is not.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            for path in config.tls_client_cas:
                context.load_verify_locations(path)
    except (OSError, ValueError, TypeError) as error:  # ssl.SSLError is an OSError
        raise CitrineError(f"listener {config.id}: its TLS files cannot be used: {error}") from None
    return context


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Gives `context` a certificate; a context has one for each kind of key. A key with a
    password is refused, where Python would ask for it on the terminal.

    Raises:
        OSError, ValueError: the files cannot be read or do not belong together.
    """
    context.load_cert_chain(certificate, key, password=_no_password)


def _no_password() -> str:
    raise ValueError("the key must not have a password")


def _counting(listener: str, stats: EdgeStats) -> type[ssl.SSLObject]:
    """An SSLObject that counts and logs handshakes that fail. Neither a certificate nor a byte
    of the station's is logged, only OpenSSL's own word for what was wrong."""

    class Counting(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                stats.refused["tls"] += 1
                detail = getattr(error, "verify_message", None) or error.reason
                log.warning("handshake.refused", listener=listener, reason=detail or "unknown")
                raise

    return Counting
