"""What the floors ask of each other about webhooks (subscriptions); as `ports`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Delivered:
    """Posts of a subscription arrive."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A post did not arrive, and why; it may be tried again."""

    reason: str


Outcome: TypeAlias = Delivered | Undelivered


class WebhookPosts(Protocol):
    """Posts to addresses that people gave, one after the other for each subscription."""

    def check(self, url: str) -> None:
        """Nothing, if something may be posted to this address.

        Raises:
            BadRequest: no URL, or one that nothing is posted to.
        """

    def post(
        self, subscription: str, url: str, body: Mapping[str, Any], tell: Callable[[Outcome], None]
    ) -> None:
        """Has `body` posted, after what waits for the same subscription already. Never waits:
        where too much waits, the oldest of it is dropped. `tell` gets what became of each try."""

    def forget(self, subscription: str) -> None:
        """Nothing more goes to this subscription; what waits for it is dropped."""


class Subscriptions(Protocol):
    """Who is told of stations."""

    async def add(self, fields: Mapping[str, Any]) -> str:
        """Makes a Subscription, in force on return, and returns its id.

        Raises:
            BadRequest: it would tell nobody anything; the message says what is wrong.
            NotFound: there is no such station.
            StoreUnavailable: nothing was made.
        """

    def station_removed(self, station: str) -> None:
        """A station's record is gone, and its subscriptions with it."""

    async def remove(self, subscription: str) -> bool:
        """Removes one; whether there was one.

        Raises:
            StoreUnavailable: nothing was removed.
        """
