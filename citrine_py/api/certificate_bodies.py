"""The bodies of /data/certificates/..., with CitrineOS' field names. Their errors name the
place and the rule, never what stood there: it may be a private key."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from citrine_py.errors import BadRequest

_PEM = 100_000  # characters of one text


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)


class TlsCertificates(_Body):
    """New files of a charger port, in PEM."""

    certificateChain: list[str] = Field(
        min_length=1, description="The server's certificate, then those of the CAs above it"
    )
    privateKey: str = Field(max_length=_PEM, description="Without a password")
    rootCA: str | None = Field(
        None, max_length=_PEM, description="The CA of stations, on ports of security profile 3"
    )


class CertificateChain(_Body):
    """A server's certificate that is to be made."""

    commonName: str = Field(
        min_length=1, max_length=64, description="The host by which stations reach the server"
    )
    organizationName: str | None = Field(None, min_length=1, max_length=64)
    countryName: str | None = Field(None, min_length=2, max_length=2)
    signatureAlgorithm: Literal["SHA256withECDSA", "SHA256withRSA"] = Field(
        "SHA256withECDSA", description="Tells the kind of key"
    )
    keyLength: int = Field(3072, ge=2048, le=4096, description="Bits of an RSA key")
    validBefore: AwareDatetime | None = Field(
        None, description="Its end; that of the settings by default, the CA's own at most"
    )

    @property
    def until(self) -> datetime | None:
        """The end that is asked for."""
        return self.validBefore


class RootCertificate(_Body):
    """A root that is to be installed on a station."""

    stationId: str = Field(min_length=1, max_length=48)
    certificateType: Literal[
        "CSMSRootCertificate",
        "V2GRootCertificate",
        "MORootCertificate",
        "ManufacturerRootCertificate",
    ] = "CSMSRootCertificate"
    certificate: str | None = Field(
        None,
        max_length=5500,
        description="In PEM; left out it is the root of the CA that signs here, for "
        "CSMSRootCertificate and V2GRootCertificate",
    )


B = TypeVar("B", bound=_Body)


def read(model: type[B], value: dict[str, object]) -> B:
    """The body as `model`.

    Raises:
        BadRequest: it does not fit.
    """
    try:
        return model.model_validate_json(orjson.dumps(value))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        if problem["type"] == "extra_forbidden":  # its name could be anything, a key too
            there_are = ", ".join(model.model_fields)
            raise BadRequest(f"the body has a field too many; there are: {there_are}") from None
        place = ".".join(str(part) for part in problem["loc"])
        raise BadRequest(f"{place}: {problem['msg']}") from None
