"""A fake for ports_webhooks.WebhookPosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from citrine_py.errors import BadRequest
from citrine_py.ports_webhooks import Outcome


@dataclass
class FakeWebhookPosts:
    """Keeps what is to be posted; `tell` is the last one's. Hosts called "denied" are."""

    posted: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    tell: Callable[[Outcome], None] = lambda outcome: None

    def check(self, url: str) -> None:
        if "denied" in url:
            raise BadRequest("url: callbacks to denied are denied")

    def post(
        self, subscription: str, url: str, body: Mapping[str, Any], tell: Callable[[Outcome], None]
    ) -> None:
        self.posted.append((subscription, url, dict(body)))
        self.tell = tell

    def forget(self, subscription: str) -> None:
        self.forgotten.append(subscription)

    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.posted]
