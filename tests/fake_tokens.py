"""ports.IdTokens with the tokens that a test gives it."""

from __future__ import annotations

from citrine_py.ports import Payload


class FakeIdTokens:
    """What is not in `known` is Unknown. `asked` has each question's token, EVSE and
    transaction."""

    def __init__(self) -> None:
        self.known: dict[str, Payload] = {}
        self.asked: list[tuple[str, int | None, str | None]] = []

    def accept(self, id_token: str, group: str | None = None) -> None:
        """The token is Accepted, and of this group."""
        info: Payload = {"status": "Accepted"}
        if group is not None:
            info["groupIdToken"] = {"idToken": group, "type": "Central"}
        self.known[id_token] = info

    async def info(
        self,
        station: str,
        id_token: Payload,
        *,
        evse_id: int | None = None,
        transaction_id: str | None = None,
    ) -> Payload:
        self.asked.append((id_token["idToken"], evse_id, transaction_id))
        return self.known.get(id_token["idToken"], {"status": "Unknown"})
