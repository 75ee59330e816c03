"""What the floors and blocks ask of each other about tokens; see `ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from citrine_py.model.authorizations import Authorization
from citrine_py.ports import Payload


class IdTokens(Protocol):
    async def info(
        self,
        station: str,
        id_token: Payload,
        *,
        evse_id: int | None = None,
        transaction_id: str | None = None,
    ) -> Payload:
        """OCPP IdTokenInfoType for a token presented at a station (C01, C09, C10, C12); from
        memory. `transaction_id`: the transaction that it is presented for, which alone makes
        it ConcurrentTx."""


class ActiveTransactions(Protocol):
    def of_token(self, id_token: str, token_type: str) -> Sequence[str]:
        """The keys of the transactions that this token runs, the oldest first."""


class RealTimeAuthorization(Protocol):
    """Somebody outside who knows of tokens."""

    async def ask(self, question: Payload) -> Payload | None:
        """An OCPP IdTokenInfoType; None if no answer came in time that could be used."""


class Authorizations(Protocol):
    """The tokens, as people change them by the API."""

    async def put(self, id_token: str, token_type: str, fields: Mapping[str, Any]) -> Authorization:
        """Sets fields of a token, which is made if it does not exist. Durable on return."""

    async def remove(self, tokens: Sequence[Authorization]) -> None:
        """Removes tokens. Durable on return."""


class LocalLists(Protocol):
    """The local authorization lists of stations (D01, D02)."""

    async def send_whole(self, station: str, seconds: float | None = None) -> Payload:
        """Sends the station its list anew, whole, and returns the last SendLocalList answer.

        Raises:
            NotFound: no such station.
            StationError: as `Stations.call`; what is left is sent when the station is back.
        """

    def moved(self, station: str) -> None:
        """The station's location may have changed, and with it who may charge there."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known of a certificate's revocation. `response`: the OCSP response, DER."""

    status: Literal["good", "revoked", "unknown", "unavailable"]
    reason: str = ""
    response: bytes | None = None


@dataclass(frozen=True, slots=True)
class ContractChain:
    """A contract certificate with its chain. `fault` is OCPP's AuthorizeCertificateStatus where
    the chain is bad; else `requests` (OCPP OCSPRequestDataType) ask for its revocation."""

    fault: str | None = None
    reason: str = ""
    emaid: str | None = None
    requests: tuple[Payload, ...] = ()


class CertificateChecks(Protocol):
    async def revocation(self, request: Payload) -> Revocation:
        """Asks an OCSP responder about OCPP's OCSPRequestDataType."""

    def chain(self, pem: str) -> ContractChain:
        """Reads and verifies a contract certificate in PEM, perhaps with its sub-CAs."""
