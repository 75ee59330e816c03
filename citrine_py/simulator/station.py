"""A simulated station's life: connects, boots, tells its states, keeps alive, does deeds.

`run` lives it until it is over; `SimulatedStation` is the same for tests, to be
looked at and waited for while it lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import structlog
from websockets.asyncio.client import ClientConnection

from citrine_py.ocpp.catalogue import VERSIONS
from citrine_py.ocpp.schemas import Schemas
from citrine_py.simulator.carrier import Carrier
from citrine_py.simulator.deeds import Reaction
from citrine_py.simulator.dial import CLOSE_WITHIN, Dial
from citrine_py.simulator.link import Link, NoAnswer
from citrine_py.simulator.scenarios import StationConfig
from citrine_py.simulator.watched import Seen

Payload: TypeAlias = dict[str, Any]

log = structlog.get_logger()


class SimulatedStation(Carrier):
    """One station. `async with SimulatedStation(config) as station:` lives while the block
    runs; `run` lives until the scenario is over.

    Attributes:
        connections: how often it has been connected.
        boots: how often BootNotification was answered.
        statuses_told: whether the connectors' states were told since the last boot.
    """

    def __init__(self, config: StationConfig, schemas: Schemas | None = None) -> None:
        super().__init__(config)
        self.connections = 0
        self.boots = 0
        self._schemas = schemas or Schemas()
        self._dial = Dial(config)
        self._life: asyncio.Task[None] | None = None
        self._over = False

    def __repr__(self) -> str:
        line = "connected" if self.connected else "away"
        return f"<SimulatedStation {self.config.id}, {line}, {self.registration}>"

    # ---- for those who look on ---------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self._link is not None

    @property
    def refusal(self) -> int | None:
        """HTTP status of the last upgrade if it was refused."""
        return self._dial.refusal

    @property
    def registration(self) -> str | None:
        """Accepted, Pending or Rejected; None before the answer to the first boot."""
        return self.behaviour.registration

    @property
    def password(self) -> str | None:
        """The password of the next connection."""
        return self.behaviour.password

    async def accepted(self, seconds: float = 10) -> None:
        """Waits until it is Accepted and has told its states. Raises as `until`."""
        await self.until(lambda it: it.registration == "Accepted" and it.statuses_told, seconds)

    async def call(self, action: str, payload: Payload) -> Payload:
        """Makes a call, whatever the scenario says.

        Raises:
            NoAnswer: it brought no good answer, or there is no connection.
        """
        if self._link is None:
            raise NoAnswer(action, "not connected")
        return await self._link.call(action, payload)

    def drop(self) -> None:
        """Breaks the line, as a pulled cable does; it connects again by itself."""
        if self._link is not None:
            self._link.abort()

    async def __aenter__(self) -> Self:
        self._life = asyncio.get_running_loop().create_task(self.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    # ---- its life ----------------------------------------------------------------------

    async def run(self) -> None:
        """Lives until the scenario is over."""
        living = asyncio.get_running_loop().create_task(self._live())
        try:
            await self._keep_connected()
        finally:
            tasks = (living, *self._transfers)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_connected(self) -> None:
        while not self._over:
            await asyncio.sleep(self._wait)
            socket = await self._dial.connect(self.password)
            if socket is None:
                self._wait = self._dial.pause()
                self._over = self._dial.hopeless and not self.config.stays
                self._tell_watchers()
                continue
            try:
                await self._converse(socket)
            finally:
                await socket.close()
                self._tell_watchers()

    async def _converse(self, socket: ClientConnection) -> None:
        link = Link(
            self.config.id,
            socket,
            self._schemas,
            react=self._react,
            follow=self._follow,
            timeout=self.config.pace.answer,
            version=VERSIONS[self.config.subprotocol],
            delay=self.config.pace.slow if self.config.habits.slow else 0,
        )
        self._link = link
        self.behaviour.connected()
        if self.behaviour.availability.untold:
            self.statuses_told = False
        self._wait = self.config.pace.first_wait
        self.connections += 1
        self._log.info("connected", url=self.config.address)
        self._tell_watchers()
        loop = asyncio.get_running_loop()
        duties = (self._duty(link), self._work(link), self._deliver(link))
        helpers = [loop.create_task(each) for each in duties]
        try:
            await link.run()
        finally:
            self._link = None
            self.behaviour.disconnected()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._log.info("disconnected")
            if self._rebooting:
                self._reboot()
            self._carry(self._left())

    async def _duty(self, link: Link) -> None:
        """Boots until it is Accepted, then tells its states and keeps alive."""
        while True:
            try:
                await self._next_duty(link)
            except NoAnswer as failed:
                self._refused(failed)
                await self._pause(self.config.pace.retry)

    async def _next_duty(self, link: Link) -> None:
        if self.behaviour.registration != "Accepted" and self.config.habits.boots:
            await self._boot(link)
        elif not self.statuses_told and self.config.habits.boots:
            for status in self.behaviour.statuses():
                await link.call(status.action, status.payload)
            self.statuses_told = True
            self._tell_watchers()
            if self.config.stays:
                await self._pause(self.behaviour.heartbeat_interval)
        elif not self.config.stays:
            self._over = True
            await link.close()
            await self._pause(CLOSE_WITHIN)
        else:
            await link.call("Heartbeat", {})
            self._tell_watchers()
            await self._pause(self.behaviour.heartbeat_interval)

    async def _boot(self, link: Link) -> None:
        self._nudge.clear()
        answer = await link.call(
            "BootNotification", self.behaviour.provisioning.boot_notification(self._reason)
        )
        status, interval = answer["status"], answer["interval"]
        self._carry(self.behaviour.booted(answer))
        self.boots += 1
        self.statuses_told = False
        self._log.info(f"boot.{status.lower()}", interval=interval)
        self._tell_watchers()
        if status != "Accepted":
            await self._pause(interval or self.config.pace.retry)

    async def _pause(self, seconds: float) -> None:
        """Waits, or less if there is something to look at anew."""
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            return
        self._nudge.clear()

    # ---- what the CSMS wants -----------------------------------------------------------

    def _react(self, action: str, payload: Payload) -> Reaction:
        self.calls.append(Seen(action, payload))
        return self.behaviour.react(action, payload)


async def run(configs: Sequence[StationConfig]) -> bool:
    """Lives the lives of these stations until all are over; whether all were accepted."""
    schemas = Schemas()
    stations = [SimulatedStation(config, schemas) for config in configs]
    async with asyncio.TaskGroup() as lives:
        for station in stations:
            lives.create_task(station.run())
    return all(station.registration == "Accepted" for station in stations)
