"""Somebody's web hook: keeps what is posted to it, and answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Post:
    path: str
    station: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class Receiver:
    """`statuses` are used up one by one; then every post is answered 200."""

    address: str = ""
    statuses: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    async def received(self, count: int) -> list[Post]:
        """What was posted, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.posts) < count:
                await asyncio.sleep(0.005)
        return self.posts

    async def handle(self, request: web.Request) -> web.Response:
        station = request.headers.get("X-Station-Id", "")
        self.posts.append(Post(request.path_qs, station, await request.json(), request.headers))
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[Receiver]:
    """A receiver on a free port; `address` has no scheme."""
    hook = Receiver(statuses=list(statuses))
    app = web.Application()
    app.router.add_post("/{tail:.*}", hook.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hook
    finally:
        await runner.cleanup()
