"""C05: Central tokens that we made up ourselves, to start a transaction from here.

Such a token needs no record: it is good at the station that was sent it by
RequestStartTransaction, for a day. In memory: after a restart of the service a token
without a record is unknown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from citrine_py.model.keys import folded_token
from citrine_py.ports import Clock, Payload

LIFETIME = 86_400.0
"""Seconds in which it may be presented."""

_Sender: TypeAlias = Callable[[str, Payload, float | None], Awaitable[Payload]]


class IssuedTokens:
    """The tokens that stations were sent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def noting(self, send: _Sender) -> _Sender:
        """The sender of RequestStartTransaction, as it is, with a note of the token. Before it
        is sent: the transaction may begin before the answer is here."""

        async def noted(station: str, payload: Payload, seconds: float | None) -> Payload:
            self._note(station, payload["idToken"])
            return await send(station, payload, seconds)

        return noted

    def holds(self, station: str, id_token: Payload) -> bool:
        """Whether the station was sent this token lately."""
        until = self._until.get((station, folded_token(id_token["idToken"])), -1.0)
        return id_token["type"] == "Central" and until > self._clock.monotonic()

    def _note(self, station: str, id_token: Payload) -> None:
        if id_token["type"] != "Central":
            return
        now = self._clock.monotonic()
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[station, folded_token(id_token["idToken"])] = now + LIFETIME
