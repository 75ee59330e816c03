"""New certificates for charger ports that are open: ports_certificates.ListenerCertificates."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificates

from citrine_py.edge.config import ListenerConfig
from citrine_py.edge.listener import Listener
from citrine_py.edge.tls import load_pair
from citrine_py.errors import BadRequest, CitrineError, NotFound

log = structlog.get_logger()


class PortCertificates:
    """The certificates of all listeners; those of the same files change together."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners: Mapping[str, Listener] = {each.config.id: each for each in listeners}

    def put(self, listener: str, chain: str, private_key: str, client_ca: str | None) -> None:
        """See ports_certificates.ListenerCertificates."""
        config = self._config(listener)
        pair = _pair(config, chain, private_key)
        files = {pair[0]: chain, pair[1]: private_key}
        if client_ca is not None:
            files[_own_ca(config, client_ca)] = client_ca
        before = _write(files)
        try:
            self._reload(config)
        except CitrineError as error:
            _write(before)
            raise BadRequest(str(error)) from None

    def reload(self, listener: str) -> None:
        """See ports_certificates.ListenerCertificates."""
        try:
            self._reload(self._config(listener))
        except NotFound:
            raise
        except CitrineError as error:
            raise BadRequest(str(error)) from None

    def _config(self, listener: str) -> ListenerConfig:
        found = self._listeners.get(listener)
        if found is None:
            there = ", ".join(self._listeners)
            raise NotFound(f"there is no listener {listener[:60]!r}; there are: {there}")
        if found.tls is None:
            raise BadRequest(f"listener {listener} speaks no TLS")
        return found.config

    def _reload(self, config: ListenerConfig) -> None:
        """All that use one of its files, and it itself first: what fails there changes none."""
        touched = set(_files(config))
        others = (each for each in self._listeners.values() if each.config is not config)
        for each in (self._listeners[config.id], *others):
            if each.tls is not None and touched & set(_files(each.config)):
                each.tls.reload()
                log.info("listener.certificates", listener=each.config.id)


def _files(config: ListenerConfig) -> Sequence[Path]:
    named = (
        config.tls_certificate,
        config.tls_key,
        config.tls_second_certificate,
        config.tls_second_key,
    )
    return [path for path in (*named, *config.tls_client_cas) if path is not None]


def _pair(config: ListenerConfig, chain: str, private_key: str) -> tuple[Path, Path]:
    """The files that the new pair replaces: those of the same kind of key, else the first.

    Raises:
        BadRequest: the two do not belong together.
    """
    kind = _kind(chain, private_key)
    pairs = [
        (config.tls_certificate, config.tls_key),
        (config.tls_second_certificate, config.tls_second_key),
    ]
    there = [(certificate, key) for certificate, key in pairs if certificate and key]
    for certificate, key in there:
        with contextlib.suppress(BadRequest, OSError):
            if _kind(certificate.read_text(), key.read_text()) == kind:
                return certificate, key
    return there[0]


def _kind(chain: str, private_key: str) -> str:
    """RSA or ECDSA.

    Raises:
        BadRequest: the two do not belong together.
    """
    with TemporaryDirectory(prefix="citrine-tls-") as folder:
        certificate, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        for path, text in ((certificate, chain), (key, private_key)):
            path.touch(mode=0o600)
            path.write_text(text)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            load_pair(server, certificate, key)
        except (OSError, ValueError):
            raise BadRequest(
                "certificateChain and privateKey cannot be used: they must be PEM, belong to each "
                "other, and the key must have no password"
            ) from None
    leaf = load_pem_x509_certificates(chain.encode())[0]
    return "RSA" if isinstance(leaf.public_key(), RSAPublicKey) else "ECDSA"


def _own_ca(config: ListenerConfig, client_ca: str) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=client_ca)
    except (ssl.SSLError, ValueError):
        raise BadRequest("rootCA: no certificate in PEM") from None
    if config.own_client_ca is None:
        raise BadRequest(f"listener {config.id} has no tls_client_ca of its own")
    return config.own_client_ca


def _write(files: Mapping[Path, str]) -> dict[Path, str]:
    """Writes all files, each at once; what they held before.

    Raises:
        BadRequest: one cannot be written; those before hold what they held.
    """
    before: dict[Path, str] = {}
    try:
        for path, text in files.items():
            old = path.read_text()
            new = path.with_name(f".{path.name}.new")
            new.unlink(missing_ok=True)
            new.touch(mode=path.stat().st_mode & 0o777)
            new.write_text(text)
            new.replace(path)
            before[path] = old
    except OSError as error:
        if before:
            _write(before)
        raise BadRequest(
            f"the listener's files cannot be written ({error.strerror}): replace them and send a "
            "PUT without a body"
        ) from None
    return before
