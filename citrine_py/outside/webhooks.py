"""Webhooks' posts: one queue for each subscription, so that none holds up another.

The order within a subscription is kept: one post is under way, and is tried again, with
ever longer pauses, before the next. While nobody is there to take posts they wait; one
that the receiver answers with errors is given up after some tries. A queue is bounded:
where it is full its oldest post is dropped, counted, and logged once until it is empty
again. Best effort: nothing of it outlives the process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from yarl import URL

from citrine_py.outside.destinations import Destinations
from citrine_py.outside.posts import Failed, Poster
from citrine_py.ports import Clock
from citrine_py.ports_webhooks import Delivered, Outcome, Undelivered

log = structlog.get_logger()

LONGEST_PAUSE = 60.0  # seconds between two tries
_TRIES = 5  # of a post that is answered with errors


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait.

    Attributes:
        posts: of one subscription.
        bytes: of one subscription.
        all_bytes: of all of them.
    """

    posts: int = 1000
    bytes: int = 8 * 1024 * 1024
    all_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class WebhookStats:
    """What became of posts, since the start."""

    delivered: int = 0
    failed: int = 0
    """Tries in vain."""
    dropped: int = 0
    """Posts that were given up."""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class _Post:
    url: URL
    station: str
    body: bytes
    tell: Callable[[Outcome], None]


@dataclass(slots=True)
class _Queue:
    """What waits for a subscription; its first post is the one under way."""

    waiting: deque[_Post] = field(default_factory=deque)
    bytes: int = 0
    failures: int = 0  # in a row
    dropped: int = 0  # in this spell
    task: asyncio.Task[None] | None = None
    pausing: bool = False


class WebhookQueues:
    """Implements ports_webhooks.WebhookPosts."""

    def __init__(
        self,
        destinations: Destinations,
        clock: Clock,
        poster: Poster | None = None,
        room: Room | None = None,
    ) -> None:
        self.stats = WebhookStats()
        self._destinations = destinations
        self._clock = clock
        self._poster = poster or Poster(at_once=0)
        self._room = room or Room()
        self._queues: dict[str, _Queue] = {}
        self._bytes = 0
        self._stopping = False

    def check(self, url: str) -> None:
        """See ports_webhooks.WebhookPosts."""
        self._destinations.check(url, "url")

    def post(
        self, subscription: str, url: str, body: Mapping[str, Any], tell: Callable[[Outcome], None]
    ) -> None:
        """See ports_webhooks.WebhookPosts."""
        if self._stopping:
            return
        whole = self._destinations.check(url, "url")
        post = _Post(whole, str(body["stationId"]), orjson.dumps(body), tell)
        queue = self._queues.setdefault(subscription, _Queue())
        self._make_room(subscription, queue, len(post.body))
        if self._too_much(queue, len(post.body)):  # others hold the room
            self._dropped(subscription, queue, whole)
            return
        self._add(queue, post)
        if queue.task is None:
            queue.task = asyncio.create_task(
                self._work(subscription, queue), name=f"webhook {subscription}"
            )

    def forget(self, subscription: str) -> None:
        """See ports_webhooks.WebhookPosts."""
        queue = self._queues.pop(subscription, None)
        if queue is not None:
            self._clear(queue)
            if queue.task is not None:
                queue.task.cancel()

    async def stop(self, seconds: float = 5) -> None:
        """Posts what waits, for up to `seconds`; what would have to be tried again is given up,
        since whoever failed a moment ago would only keep us."""
        self._stopping = True
        for queue in self._queues.values():
            if queue.pausing and queue.task is not None:
                queue.task.cancel()
        tasks = [queue.task for queue in self._queues.values() if queue.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.stats.waiting:
            log.warning("webhook.abandoned", count=self.stats.waiting)
        for queue in self._queues.values():
            self._clear(queue)
        await self._poster.stop()

    # ---- the queues --------------------------------------------------------------------

    def _add(self, queue: _Queue, post: _Post) -> None:
        queue.waiting.append(post)
        queue.bytes += len(post.body)
        self._bytes += len(post.body)
        self.stats.waiting += 1

    def _remove(self, queue: _Queue, post: _Post) -> None:
        queue.waiting.remove(post)
        queue.bytes -= len(post.body)
        self._bytes -= len(post.body)
        self.stats.waiting -= 1

    def _clear(self, queue: _Queue) -> None:
        while queue.waiting:
            self._remove(queue, queue.waiting[0])

    def _too_much(self, queue: _Queue, size: int) -> bool:
        room = self._room
        return (
            len(queue.waiting) >= room.posts
            or queue.bytes + size > room.bytes
            or self._bytes + size > room.all_bytes
        )

    def _make_room(self, subscription: str, queue: _Queue, size: int) -> None:
        """Drops the oldest posts that are not under way."""
        while len(queue.waiting) > 1 and self._too_much(queue, size):
            oldest = queue.waiting[1]
            self._remove(queue, oldest)
            self._dropped(subscription, queue, oldest.url)

    def _dropped(self, subscription: str, queue: _Queue, url: URL) -> None:
        self.stats.dropped += 1
        queue.dropped += 1
        if queue.dropped == 1:
            log.warning("webhook.dropping", subscription=subscription, host=url.host)

    # ---- posting -----------------------------------------------------------------------

    async def _work(self, subscription: str, queue: _Queue) -> None:
        """Posts what waits, until nothing does."""
        while queue.waiting:
            await self._deliver(subscription, queue, queue.waiting[0])
        if queue.dropped:
            log.info("webhook.caught_up", subscription=subscription, dropped=queue.dropped)
            queue.dropped = 0
        queue.task = None
        if not queue.failures and self._queues.get(subscription) is queue:
            del self._queues[subscription]

    async def _deliver(self, subscription: str, queue: _Queue, post: _Post) -> None:
        tries = 0
        while True:
            if queue.failures:
                await self._pause(queue)
            failed = await self._poster.post(
                post.url, post.body, {"X-Station-Id": quote(post.station, safe="")}
            )
            if failed is None:
                self._taken(subscription, queue, post)
                return
            self._failed(subscription, queue, post, failed)
            tries += not failed.away
            if not failed.again or tries >= _TRIES:
                self._remove(queue, post)
                self._dropped(subscription, queue, post.url)
                return
            if self._stopping:
                raise asyncio.CancelledError

    async def _pause(self, queue: _Queue) -> None:
        if self._stopping:
            raise asyncio.CancelledError
        queue.pausing = True
        try:
            await self._clock.sleep(min(2.0 ** min(queue.failures - 1, 10), LONGEST_PAUSE))
        finally:
            queue.pausing = False

    def _taken(self, subscription: str, queue: _Queue, post: _Post) -> None:
        self._remove(queue, post)
        self.stats.delivered += 1
        if queue.failures:
            log.info("webhook.delivering", subscription=subscription, host=post.url.host)
        queue.failures = 0
        post.tell(Delivered())

    def _failed(self, subscription: str, queue: _Queue, post: _Post, failed: Failed) -> None:
        self.stats.failed += 1
        queue.failures += 1
        if queue.failures == 1:
            log.warning(
                "webhook.failing",
                subscription=subscription,
                host=post.url.host,
                reason=failed.reason,
            )
        post.tell(Undelivered(failed.reason))
