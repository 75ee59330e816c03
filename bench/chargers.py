"""Many chargers in a process of their own, told by lines of JSON what to send.

Raw websockets and nothing of the product's sessions, so that the clients cost as
little as they can. Each charger has one call under way at a time, as OCPP wants
it. On the other end of the pipe is `fleet`.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.messages import PAYLOADS, boot, call

TOGETHER = 100  # connections that are opened at once


@dataclass(frozen=True, slots=True)
class Crew:
    """The chargers: `count` of them, named `prefix` and a number; they boot if `boots`."""

    url: str
    prefix: str
    count: int
    boots: bool = True
    compression: bool = False

    def ids(self) -> list[str]:
        """The stations' ids."""
        return [f"{self.prefix}{number:05}" for number in range(self.count)]


@dataclass(frozen=True, slots=True)
class Round:
    """What each charger sends: `count` messages, or as many as fit into `seconds`.

    Attributes:
        label: makes the rows of a report others than those of another round.
        rate: messages a second of all chargers together; 0: as fast as they are answered.
        trace: tell of each message when it was sent, for those with a timestamp.
    """

    action: str
    label: str = ""
    count: int = 0
    seconds: float = 0
    rate: float = 0
    trace: bool = False


@dataclass(slots=True)
class Told:
    """What came of a round. Times are monotonic, the same in all processes of the machine.

    Attributes:
        waits: seconds from each message to its answer.
        refused: answers that are no CALLRESULT.
        sent: with `trace`: station, time and timestamp of each message.
    """

    begun: float = 0
    ended: float = 0
    waits: list[float] = field(default_factory=list)
    refused: int = 0
    sent: list[tuple[str, float, str]] = field(default_factory=list)

    @property
    def answers_a_second(self) -> float:
        return len(self.waits) / (self.ended - self.begun)


class Charger:
    """One charger on an open connection."""

    def __init__(self, station: str, socket: ClientConnection) -> None:
        self.station = station
        self.socket = socket
        self._number = 0
        self._connection = secrets.token_hex(4)

    async def ask(self, action: str, payload: dict[str, Any]) -> bool:
        """Sends a call; whether its answer was a CALLRESULT."""
        self._number += 1
        message_id = f"{self._connection}-{self._number}"
        await self.socket.send(call(message_id, action, payload))
        answer = await self.socket.recv()
        return str(answer).startswith(f'[3,"{message_id}"')

    async def do(self, task: Round, told: Told, delay: float, every: float) -> None:
        """Its part of a round, into `told`. `every`: seconds from message to message."""
        payload, clock = PAYLOADS[task.action], time.monotonic
        number, due = 0, clock() + delay
        until = clock() + task.seconds if task.seconds else float("inf")
        while clock() < until and (not task.count or number < task.count):
            if every:
                await asyncio.sleep(due - clock())
                due += every
            before = clock()
            message = payload(task.label, number)
            right = await self.ask(task.action, message)
            told.waits.append(clock() - before)
            told.refused += not right
            number += 1
            if task.trace:
                told.sent.append((self.station, before, message["timestamp"]))


async def opened(crew: Crew) -> list[Charger]:
    """All chargers, connected and, where they boot, booted."""
    gate = asyncio.Semaphore(TOGETHER)

    async def one(station: str) -> Charger:
        async with gate:
            socket = await connect(
                f"{crew.url}/{station}",
                subprotocols=[Subprotocol("ocpp2.0.1")],
                compression="deflate" if crew.compression else None,
                ping_interval=None,
                proxy=None,
                open_timeout=60,
            )
            charger = Charger(station, socket)
            if crew.boots and not await charger.ask("BootNotification", boot()):
                raise RuntimeError(f"{station} was not let in")
        return charger

    return await asyncio.gather(*map(one, crew.ids()))


async def performed(chargers: list[Charger], task: Round) -> Told:
    """A round of all chargers."""
    told = Told(begun=time.monotonic())
    every = len(chargers) / task.rate if task.rate else 0.0
    jobs = (
        charger.do(task, told, every * number / len(chargers), every)
        for number, charger in enumerate(chargers)
    )
    await asyncio.gather(*jobs)
    told.ended = time.monotonic()
    return told


async def work(crew: Crew) -> None:
    """Opens the connections and does rounds until the pipe is closed."""
    loop = asyncio.get_running_loop()
    chargers = await opened(crew)
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        told = await performed(chargers, Round(**orjson.loads(line)))
        sys.stdout.buffer.write(orjson.dumps(asdict(told)) + b"\n")
        sys.stdout.buffer.flush()
    await asyncio.gather(*(charger.socket.close() for charger in chargers))


if __name__ == "__main__":
    uvloop.run(work(Crew(**orjson.loads(sys.argv[1]))))
