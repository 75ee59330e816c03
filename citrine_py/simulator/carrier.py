"""Carries out what a simulated station's mind wants done.

Knows the line and files, but not what they are for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from citrine_py.simulator.behaviour import Behaviour
from citrine_py.simulator.deeds import (
    Boot,
    Deed,
    Download,
    HangUp,
    Reaction,
    Reboot,
    Tell,
    Upload,
)
from citrine_py.simulator.dial import CLOSE_WITHIN
from citrine_py.simulator.link import Link, NoAnswer
from citrine_py.simulator.scenarios import StationConfig
from citrine_py.simulator.transfer import download, upload
from citrine_py.simulator.watched import Watched

log = structlog.get_logger()


class Carrier(Watched):
    """The hands of one station."""

    def __init__(self, config: StationConfig) -> None:
        super().__init__()
        self.config = config
        self.behaviour = Behaviour(config, lambda: datetime.now(UTC))
        self.statuses_told = False
        self._log = log.bind(station=config.id)
        self._link: Link | None = None
        self._reason = "PowerUp"
        self._wait = 0.0
        self._nudge = asyncio.Event()
        self._deeds: asyncio.Queue[Deed] = asyncio.Queue()
        self._rebooting = False
        self._news = asyncio.Event()
        self._waiting = asyncio.Event()
        self._transfers: set[asyncio.Task[None]] = set()

    async def _live(self) -> None:
        """Does what is due: a car charges with and without a line."""
        while True:
            self._carry(self.behaviour.due())
            self._news.clear()
            try:
                async with asyncio.timeout(self.behaviour.wait):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _follow(self, reaction: Reaction) -> None:
        self._carry(reaction.deeds)
        self._tell_watchers()

    def _carry(self, deeds: Iterable[Deed]) -> None:
        """Has deeds done. Without a line, a call stays without answer."""
        for deed in deeds:
            if isinstance(deed, Upload | Download):
                self._in_background(self._transfer(deed))
            elif self._link is not None:
                self._deeds.put_nowait(deed)
            elif isinstance(deed, Tell):
                self._carry(self.behaviour.heard(deed, None))
            elif isinstance(deed, Reboot):
                self._reason = deed.reason
                self._reboot()
        self._news.set()
        self._waiting.set()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._transfers.add(task)
        task.add_done_callback(self._transfers.discard)

    async def _transfer(self, deed: Upload | Download) -> None:
        if isinstance(deed, Upload):
            deed.then(await upload(deed.url, deed.content))
        else:
            deed.then(await download(deed.url))
        self._carry(self.behaviour.due())

    async def _deliver(self, link: Link) -> None:
        """Sends the messages that must arrive, one after the other."""
        while True:
            message = self.behaviour.kept()
            if message is None:
                self._waiting.clear()
                await self._waiting.wait()
                continue
            try:
                answer = await link.call(message.action, message.payload)
            except NoAnswer as failed:
                if not link.open:
                    return
                if not self._refused(failed):
                    self._carry(self.behaviour.kept_refused())
                await asyncio.sleep(self.behaviour.retry_after / self.config.speed)
            else:
                self._carry(self.behaviour.kept_answered(answer))
            self._tell_watchers()

    def _refused(self, failed: NoAnswer) -> bool:
        """Whether the CSMS wants a boot first."""
        if failed.code == "SecurityError":
            self.behaviour.forgotten()
            self._reason = "Unknown"
            self._nudge.set()
        return failed.code == "SecurityError"

    async def _work(self, link: Link) -> None:
        while True:
            deed = await self._deeds.get()
            try:
                await self._do(deed, link)
            except NoAnswer as failed:
                self._log.warning("deed.failed", error=str(failed))
                if isinstance(deed, Tell):
                    self._carry(self.behaviour.heard(deed, None))
            self._tell_watchers()

    async def _do(self, deed: Deed, link: Link) -> None:
        if isinstance(deed, Tell):
            answer = await link.call(deed.action, deed.payload)
            self._carry(self.behaviour.heard(deed, answer))
        elif isinstance(deed, Boot):
            self._reason = "Triggered"
            self._nudge.set()
        elif isinstance(deed, Reboot):
            await self._go_down(deed, link)
        elif isinstance(deed, HangUp):
            self._wait = deed.away / self.config.speed
            await self._hang_up(link, rudely=deed.rudely)

    async def _go_down(self, deed: Reboot, link: Link) -> None:
        """What is still to be told is told first, unless the power is gone."""
        if not deed.rudely:
            with suppress(TimeoutError):
                await self.until(lambda it: not it.behaviour.core.outbox, CLOSE_WITHIN)
        self._reason = deed.reason
        self._rebooting = True
        await self._hang_up(link, rudely=deed.rudely)

    async def _hang_up(self, link: Link, *, rudely: bool) -> None:
        if rudely:
            link.abort()
        else:
            await link.close()

    def _reboot(self) -> None:
        self._rebooting = False
        self._wait = self.config.pace.reboot
        self.statuses_told = False
        self.behaviour.restarted()

    def _left(self) -> list[Deed]:
        """What was still to be done when the line broke."""
        left: list[Deed] = []
        while not self._deeds.empty():
            left.append(self._deeds.get_nowait())
        return left
