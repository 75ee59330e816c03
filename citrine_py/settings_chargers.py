"""Settings of the ports that chargers connect to, and of the certificates that they get.

A part of the tree of `settings`, which joins it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    UrlConstraints,
    model_validator,
)

Port = Annotated[int, Field(ge=0, le=65535)]
_MOST = 2**31 - 1
Seconds = Annotated[float, Field(gt=0, le=_MOST)]
Count = Annotated[int, Field(gt=0, le=_MOST)]
WebsocketUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["ws", "wss"])]


class Group(BaseModel):
    """A branch of the tree."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ListenerSettings(Group):
    """One address that chargers connect to."""

    id: str = Field(description="Name of the listener, shown on the station's record")
    host: str = "127.0.0.1"
    port: Port
    security_profile: Literal[0, 1, 2, 3] = Field(
        0, description="0 open, 1 password, 2 password over TLS, 3 client certificate over TLS"
    )
    subprotocols: tuple[str, ...] = Field(("ocpp2.0.1",), description="Accepted, best first")
    allow_unknown_stations: bool = False
    ping_interval: Seconds | None = Field(60, description="Seconds between pings; null for none")
    public_url: WebsocketUrl | None = Field(
        None,
        description="How stations reach it, for network profiles; by default its host and port",
    )
    tls_certificate: Path | None = Field(None, description="Certificate chain, PEM (profiles 2, 3)")
    tls_key: Path | None = Field(None, description="Private key, PEM (profiles 2, 3)")
    tls_second_certificate: Path | None = Field(
        None, description="Chain of another kind of key, PEM: RSA beside ECDSA"
    )
    tls_second_key: Path | None = Field(None, description="Its private key, PEM")
    tls_client_ca: Path | None = Field(
        None,
        description="CA of the stations, PEM (profile 3); besides that which signs for them",
    )

    @model_validator(mode="after")
    def _tls_fits_profile(self) -> Self:
        if self.security_profile >= 2 and not (self.tls_certificate and self.tls_key):
            raise ValueError(
                f"listener {self.id!r}: security profile {self.security_profile} needs "
                "tls_certificate and tls_key"
            )
        if bool(self.tls_second_certificate) != bool(self.tls_second_key):
            raise ValueError(
                f"listener {self.id!r}: tls_second_certificate and tls_second_key go together"
            )
        return self


class ChargersSettings(Group):
    """The listeners that stand unless CITRINE_LISTENERS names others."""

    host: str = Field("127.0.0.1", description="Address the default charger ports listen on")
    open_port: Port = Field(
        8081, description="Charger port without a password; unknown stations are welcome"
    )
    password_port: Port = Field(
        8082, description="Charger port of security profile 1; known stations only"
    )
    tls_port: Port = Field(
        8443, description="Charger port of security profile 2; open if there is a tls_certificate"
    )
    certificate_port: Port = Field(
        8444,
        description="Charger port of security profile 3; open if there are a tls_certificate and "
        "a CA of the stations",
    )
    tls_certificate: Path | None = Field(
        None, description="Certificate chain of both TLS ports, PEM"
    )
    tls_key: Path | None = Field(None, description="Its private key, PEM, without a password")
    tls_second_certificate: Path | None = Field(
        None, description="A second chain of another kind of key, PEM: RSA beside ECDSA"
    )
    tls_second_key: Path | None = Field(None, description="Its private key, PEM")
    tls_client_ca: Path | None = Field(
        None,
        description="CA of the stations' own certificates, PEM; besides that which signs for them "
        "here",
    )
    ping_interval: Seconds = Field(60, description="Seconds between websocket pings")
    public_host: str | None = Field(
        None,
        description="Name at which stations reach these ports, for network profiles; by default "
        "host where that is one address alone",
    )

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_second_certificate and not self.tls_certificate:
            raise ValueError("tls_second_certificate stands beside a tls_certificate")
        return self


class CertificatesSettings(Group):
    """Who signs certificates for stations, and when they are renewed."""

    authority: Literal["none", "development", "files"] = Field(
        "none",
        description="Who signs for stations: none refuses them, files is your CA of ca_certificate "
        "and ca_key, development a CA made in the store's folder, for trying out and never for "
        "production",
    )
    ca_certificate: Path | None = Field(
        None, description="Your CA that signs, then those above it up to the root, one PEM file"
    )
    ca_key: Path | None = Field(None, description="Its private key, PEM, without a password")
    v2g_ca_certificate: Path | None = Field(
        None, description="Your CA that signs V2G certificates, as ca_certificate; none refuses"
    )
    v2g_ca_key: Path | None = Field(None, description="Its private key, PEM")
    organisation: str | None = Field(
        None, description="Organisation that a station's request must name; by default any"
    )
    validity_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        365, description="Days that a certificate is valid"
    )
    renew_days: Annotated[int, Field(ge=0, le=365)] = Field(
        30, description="Days before its end that a station is asked to renew; 0 never asks"
    )
    contract_url: HttpUrl | None = Field(
        None,
        description="Where requests of electric cars for contract certificates go, by POST; by "
        "default they fail",
    )
    contract_token: SecretStr | None = Field(None, description="Bearer token sent with them")
    contract_timeout: Seconds = Field(10, description="Seconds that their answer may take")

    @model_validator(mode="after")
    def _files(self) -> Self:
        if self.authority == "files" and not (self.ca_certificate and self.ca_key):
            raise ValueError("authority files needs ca_certificate and ca_key")
        if bool(self.v2g_ca_certificate) != bool(self.v2g_ca_key):
            raise ValueError("v2g_ca_certificate and v2g_ca_key go together")
        return self


def default_listeners(
    chargers: ChargersSettings, certificates: CertificatesSettings
) -> tuple[ListenerSettings, ...]:
    """The open and the password port, and those with TLS where there are certificates."""
    common: dict[str, Any] = {"host": chargers.host, "ping_interval": chargers.ping_interval}

    def public(port: int, scheme: str = "wss") -> str | None:
        named = chargers.public_host is not None and port != 0
        return f"{scheme}://{chargers.public_host}:{port}" if named else None

    found = [
        ListenerSettings(
            id="open",
            port=chargers.open_port,
            security_profile=0,
            allow_unknown_stations=True,
            public_url=public(chargers.open_port, "ws"),
            **common,
        ),
        ListenerSettings(
            id="password",
            port=chargers.password_port,
            security_profile=1,
            public_url=public(chargers.password_port, "ws"),
            **common,
        ),
    ]
    if chargers.tls_certificate is None:
        return tuple(found)
    tls = {
        name: getattr(chargers, name)
        for name in ("tls_certificate", "tls_key", "tls_second_certificate", "tls_second_key")
    }
    found.append(
        ListenerSettings(
            id="tls",
            port=chargers.tls_port,
            security_profile=2,
            public_url=public(chargers.tls_port),
            **common,
            **tls,
        )
    )
    if chargers.tls_client_ca is not None or certificates.authority != "none":
        found.append(
            ListenerSettings(
                id="certificate",
                port=chargers.certificate_port,
                security_profile=3,
                tls_client_ca=chargers.tls_client_ca,
                public_url=public(chargers.certificate_port),
                **common,
                **tls,
            )
        )
    return tuple(found)
