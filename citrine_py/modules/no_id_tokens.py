"""ports.IdTokens while there is no list of tokens: every token is Unknown."""

from __future__ import annotations

from citrine_py.ports import Payload


class NoIdTokens:
    """Implements ports.IdTokens."""

    async def info(
        self,
        station: str,
        id_token: Payload,
        *,
        evse_id: int | None = None,
        transaction_id: str | None = None,
    ) -> Payload:
        """See ports.IdTokens."""
        return {"status": "Unknown"}
