"""Webhooks over real HTTP: order, failing, hanging and returning receivers, bounds, the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from citrine_py.errors import BadRequest
from citrine_py.outside.destinations import Destinations
from citrine_py.outside.posts import Poster
from citrine_py.outside.webhooks import LONGEST_PAUSE, Room, WebhookQueues
from citrine_py.ports_webhooks import Delivered, Outcome, Undelivered
from tests.fakes import FakeClock
from tests.whole_stack import free_ports


@dataclass
class Hook:
    """A receiver that answers with `statuses`, then 200; `hanging` keeps it from answering."""

    port: int
    statuses: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    hanging: asyncio.Event | None = None
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def handle(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.json()
            if self.hanging is not None:
                await self.hanging.wait()
            status = self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                self.numbers.append(body["number"])
            return web.Response(status=status)
        finally:
            self.at_once -= 1

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Hook]:
        app = web.Application()
        app.router.add_post("/hook", self.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        try:
            yield self
        finally:
            await runner.cleanup()


@dataclass
class Rig:
    queues: WebhookQueues
    clock: FakeClock
    outcomes: list[Outcome] = field(default_factory=list)

    def post(self, url: str, *numbers: int, subscription: str = "s1", pad: int = 0) -> None:
        for number in numbers:
            body = {"stationId": "cp001", "number": number, "pad": "x" * pad}
            self.queues.post(subscription, url, body, self.outcomes.append)

    async def until(self, so: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not so():
                await asyncio.sleep(0.002)


def rig(room: Room | None = None, seconds: float = 10, allow: tuple[str, ...] = ()) -> Rig:
    clock = FakeClock()
    poster = Poster(at_once=0, seconds=seconds)
    return Rig(WebhookQueues(Destinations(allow), clock, poster, room), clock)


def port() -> int:
    (found,) = free_ports(1)
    return found


async def test_posts_arrive_in_order_one_at_a_time() -> None:
    it = rig()
    async with Hook(port()).open() as hook:
        it.post(hook.url, *range(50))
        await it.until(lambda: len(hook.numbers) == 50)
        assert hook.numbers == list(range(50))
        assert hook.most_at_once == 1
        await it.queues.stop()
    assert it.outcomes == [Delivered()] * 50
    assert (it.queues.stats.delivered, it.queues.stats.waiting) == (50, 0)


async def test_a_receiver_that_errs_is_tried_again_with_longer_pauses_in_order() -> None:
    it = rig()
    with capture_logs() as logs:
        async with Hook(port(), statuses=[500, 503, 429]).open() as hook:
            it.post(hook.url, 1, 2)
            await it.until(lambda: len(hook.numbers) == 2)
            await it.queues.stop()
    assert hook.numbers == [1, 2]
    assert it.clock.slept == [1, 2, 4]
    assert it.outcomes[:3] == [Undelivered(f"status {each}") for each in (500, 503, 429)]
    assert [line["event"] for line in logs] == ["webhook.failing", "webhook.delivering"]


async def test_a_post_that_is_refused_is_given_up_and_the_next_one_goes() -> None:
    it = rig()
    async with Hook(port(), statuses=[404, 500, 500, 500, 500, 500]).open() as hook:
        it.post(hook.url, 1, 2, 3)
        await it.until(lambda: hook.numbers)
        await it.queues.stop()
    assert hook.numbers == [3]
    assert it.queues.stats.dropped == 2


async def test_a_redirect_is_not_followed() -> None:
    it = rig()
    async with Hook(port(), statuses=[307]).open() as hook:
        it.post(hook.url, 1)
        await it.until(lambda: it.outcomes)
        await it.queues.stop()
    assert it.outcomes == [Undelivered("status 307")]


async def test_while_nobody_is_there_posts_wait_and_come_in_order_after() -> None:
    it, hook = rig(), Hook(port())
    it.post(hook.url, *range(20))
    await it.until(lambda: len(it.clock.slept) > 12)
    assert max(it.clock.slept) == LONGEST_PAUSE
    assert it.queues.stats.dropped == 0
    async with hook.open():
        await it.until(lambda: len(hook.numbers) == 20)
        await it.queues.stop()
    assert hook.numbers == list(range(20))


async def test_one_that_hangs_holds_up_no_other() -> None:
    it = rig()
    async with Hook(port(), hanging=asyncio.Event()).open() as slow, Hook(port()).open() as quick:
        it.post(slow.url, 1, 2, subscription="slow")
        it.post(quick.url, *range(10), subscription="quick")
        await it.until(lambda: len(quick.numbers) == 10)
        assert slow.numbers == []
        assert slow.hanging is not None
        slow.hanging.set()
        await it.until(lambda: len(slow.numbers) == 2)
        await it.queues.stop()
    assert slow.numbers == [1, 2]


async def test_a_hanging_receiver_is_waited_for_a_bounded_time() -> None:
    it = rig(seconds=0.05)
    async with Hook(port(), hanging=asyncio.Event()).open() as slow:
        it.post(slow.url, 1)
        await it.until(lambda: it.queues.stats.dropped == 1)
        await it.queues.stop()
    assert len(it.outcomes) == 5


@pytest.mark.parametrize(
    ("room", "pad"), [(Room(posts=5), 0), (Room(bytes=5_500), 1000), (Room(all_bytes=5_500), 1000)]
)
async def test_a_queue_is_bounded_and_its_oldest_goes(room: Room, pad: int) -> None:
    it = rig(room)
    async with Hook(port(), hanging=asyncio.Event()).open() as hook:
        with capture_logs() as logs:
            it.post(hook.url, *range(100), pad=pad)
            assert it.queues.stats.waiting == 5
            assert it.queues.stats.dropped == 95
            assert hook.hanging is not None
            hook.hanging.set()
            await it.until(lambda: not it.queues.stats.waiting)
            await it.until(lambda: logs[-1]["event"] == "webhook.caught_up")
            it.post(hook.url, *range(100, 120), pad=pad)
            await it.until(lambda: not it.queues.stats.waiting)
        await it.queues.stop()
    assert hook.numbers[:5] == [0, 96, 97, 98, 99], "the first was under way"
    events = [line["event"] for line in logs if line["event"] != "webhook.caught_up"]
    assert events == ["webhook.dropping"] * 2, "once a spell"


async def test_where_others_hold_the_room_a_new_one_is_dropped() -> None:
    it = rig(Room(all_bytes=3000))
    async with Hook(port(), hanging=asyncio.Event()).open() as hook:
        it.post(hook.url, 1, 2, pad=1200, subscription="big")
        it.post(hook.url, 3, pad=1200, subscription="late")
        assert it.queues.stats.dropped == 1
        await it.queues.stop(0.01)
    assert it.queues.stats.waiting == 0


async def test_what_waits_is_dropped_with_its_subscription() -> None:
    it = rig()
    async with Hook(port(), hanging=asyncio.Event()).open() as hook:
        it.post(hook.url, 1, 2, 3)
        await it.until(lambda: hook.at_once)
        it.queues.forget("s1")
        assert it.queues.stats.waiting == 0
        hook.hanging = None
        it.post(hook.url, 4)
        await it.until(lambda: 4 in hook.numbers)
        await it.queues.stop()
    assert hook.numbers == [4]


async def test_at_the_end_what_waits_is_posted() -> None:
    it = rig()
    async with Hook(port()).open() as hook:
        it.post(hook.url, *range(30))
        await it.queues.stop()
        assert hook.numbers == list(range(30))
        it.post(hook.url, 31)
    assert it.queues.stats.waiting == 0


async def test_the_end_waits_for_nobody_who_failed_or_hangs() -> None:
    it = rig()
    async with Hook(port(), hanging=asyncio.Event()).open() as hook:
        it.post(hook.url, 1, 2)
        it.post(f"http://127.0.0.1:{port()}/", 3, subscription="away")
        await it.until(lambda: it.outcomes)
        with capture_logs() as logs:
            await it.queues.stop(0.05)
    assert {"event": "webhook.abandoned", "log_level": "warning", "count": 3} in logs
    assert it.queues.stats.waiting == 0


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "ftp://x.example", "http://", "https://other.example"]
)
def test_addresses_are_those_of_callbacks(url: str) -> None:
    queues = rig(allow=("hooks.example",)).queues
    queues.check("https://hooks.example/x")
    with pytest.raises(BadRequest, match="url"):
        queues.check(url)
