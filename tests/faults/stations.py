"""A load of charging stations over real websockets, and what each of them knows.

Shares nothing with the product. A station sends one call at a time. It takes a
call for delivered when the CALLRESULT has come; what is unanswered when the
line breaks it sends again, same id and same content, once it is back.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

Payload: TypeAlias = dict[str, Any]

ANSWER_WITHIN = 30.0  # seconds until a station gives a connection up
STATUSES = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
SILENT_WITHIN = 240.0  # seconds until all that was said has its answer
VARIABLES = 6
CONNECTORS = ((1, 1), (1, 2), (2, 1))

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_MIX = {
    "StatusNotification": 30,
    "NotifyEvent": 22,
    "NotifyReport": 18,
    "SecurityEventNotification": 12,
    "Heartbeat": 15,
    "BootNotification": 3,
}


@dataclass(slots=True)
class Told:
    """A message of a station, and what it knows of it.

    `refused` counts the CALLERRORs; `answer` is the CALLRESULT's payload.
    """

    message_id: str
    action: str
    payload: Payload
    attempts: int = 0
    refused: int = 0
    answer: Payload | None = None

    @property
    def answered(self) -> bool:
        """Whether the station has seen the CALLRESULT."""
        return self.answer is not None


@dataclass(frozen=True, slots=True)
class Sample:
    """One attempt: when it began (monotonic), how long it took, and how it ended."""

    at: float
    seconds: float
    outcome: str  # "result", "error" or "lost"


@dataclass
class Station:
    """One station. `told` is all that it ever said, in order.

    Attributes:
        pace: seconds between messages, on average.
    """

    url: str
    id: str
    random: random.Random
    pace: float
    told: list[Told] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    connections: int = 0
    _open: Told | None = None
    _clock: datetime = _EARLIEST
    _past: set[datetime] = field(default_factory=set)

    async def live(self, stopping: asyncio.Event) -> None:
        """Talks until `stopping`, then on until all is answered; a heartbeat is its last word."""
        pause = 0.05
        while True:
            before = self.connections
            with suppress(OSError, WebSocketException, TimeoutError):
                async with connect(
                    f"{self.url}/{self.id}",
                    subprotocols=[Subprotocol("ocpp2.0.1")],
                    open_timeout=10,
                    close_timeout=2,
                    ping_interval=None,
                    compression=None,
                    proxy=None,
                ) as socket:
                    self.connections += 1
                    await self._talk(socket, stopping)
                    return
            pause = 0.05 if self.connections > before else min(2 * pause, 1.0)
            await asyncio.sleep(pause * (0.5 + self.random.random()))

    async def _talk(self, socket: ClientConnection, stopping: asyncio.Event) -> None:
        while True:
            told = self._open or self._next(stopping)
            if told is None:
                return
            self._open = told
            if await self._call(socket, told):
                self._open = None
            await self._pause(stopping)

    async def _call(self, socket: ClientConnection, told: Told) -> bool:
        told.attempts += 1
        began = time.monotonic()
        outcome = "lost"
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await socket.send(json.dumps([2, told.message_id, told.action, told.payload]))
                frame = await _reply(socket, told.message_id)
            outcome = "result" if frame[0] == 3 else "error"
        finally:
            self.samples.append(Sample(began, time.monotonic() - began, outcome))
        if frame[0] == 3:
            told.answer = frame[2]
            return True
        assert frame[2] == "InternalError", f"{told.action} got {frame}"
        told.refused += 1
        return False

    async def _pause(self, stopping: asyncio.Event) -> None:
        seconds = self.random.expovariate(1 / self.pace)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, 5 * self.pace)):
                await stopping.wait()
        if stopping.is_set():
            await asyncio.sleep(0.05)  # a station that is refused must not hammer

    # ---- what it says --------------------------------------------------------------------

    def _next(self, stopping: asyncio.Event) -> Told | None:
        last = self.told[-1] if self.told else None
        if last is None:
            return self._say("BootNotification")
        if stopping.is_set():
            return None if last.action == "Heartbeat" else self._say("Heartbeat")
        return self._say(*self.random.choices(list(_MIX), list(_MIX.values())))

    def _say(self, action: str) -> Told:
        number = len(self.told)
        payload: Payload = getattr(self, f"_{action}")(number)
        told = Told(f"{self.id}-{number}", action, payload)
        self.told.append(told)
        return told

    def _BootNotification(self, number: int) -> Payload:
        told = {"model": "Load", "vendorName": "Tests", "firmwareVersion": f"f{number}"}
        reason = "PowerUp" if number == 0 else "ApplicationReset"
        return {"reason": reason, "chargingStation": told}

    def _Heartbeat(self, _number: int) -> Payload:
        return {}

    def _StatusNotification(self, _number: int) -> Payload:
        """One in ten was kept while the station was away, and comes late."""
        evse, connector = self.random.choice(CONNECTORS)
        late = self.random.random() < 0.1
        return {
            "timestamp": self._earlier() if late else self._now(),
            "connectorStatus": self.random.choice(STATUSES),
            "evseId": evse,
            "connectorId": connector,
        }

    def _NotifyEvent(self, number: int) -> Payload:
        data = [self._event(number, n) for n in range(self.random.randint(1, 3))]
        return {"generatedAt": self._now(), "seqNo": 0, "tbc": False, "eventData": data}

    def _event(self, number: int, n: int) -> Payload:
        event = {
            "eventId": number * 10 + n,
            "timestamp": self._now(),
            "trigger": "Delta",
            "actualValue": f"{number}.{n}",
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Load"},
            "variable": {"name": "Temperature"},
        }
        if self.random.random() < 0.2:
            evse, connector = self.random.choice(CONNECTORS)
            event["component"] = {
                "name": "Connector",
                "evse": {"id": evse, "connectorId": connector},
            }
            event["variable"] = {"name": "AvailabilityState"}
            event["actualValue"] = self.random.choice(STATUSES)
        return event

    def _NotifyReport(self, number: int) -> Payload:
        first = self.random.randrange(VARIABLES)
        return {
            "requestId": number,
            "generatedAt": self._now(),
            "seqNo": 0,
            "tbc": False,
            "reportData": [
                {
                    "component": {"name": "Load", "evse": {"id": 1}},
                    "variable": {"name": f"V{(first + n) % VARIABLES}"},
                    "variableAttribute": [{"type": "Actual", "value": f"{number}"}],
                    "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
                }
                for n in range(self.random.randint(1, VARIABLES))
            ],
        }

    def _SecurityEventNotification(self, number: int) -> Payload:
        return {"type": "MemoryExhaustion", "timestamp": self._now(), "techInfo": f"{number}"}

    def _now(self) -> str:
        """An even millisecond, and none twice: each message can be told from all others."""
        now = _millisecond(datetime.now(UTC))
        self._clock = max(self._clock + timedelta(milliseconds=2), now)
        return _iso(self._clock)

    def _earlier(self) -> str:
        """An odd millisecond of the last minute, and none twice."""
        self._now()
        while True:
            past = self._clock - timedelta(milliseconds=2 * self.random.randrange(30_000) + 1)
            if past not in self._past:
                self._past.add(past)
                return _iso(past)


class Fleet:
    """Stations that talk at the same time.

    Args:
        url: of the port without passwords.
        prefix: what their ids begin with, and no other's.
        pace: seconds between two messages of a station, on average.
    """

    def __init__(self, url: str, prefix: str, count: int, *, seed: int, pace: float) -> None:
        self.prefix = prefix
        self.stations = [
            Station(url, f"{prefix}-{n}", random.Random(f"{seed} {n}"), pace) for n in range(count)
        ]
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(each.live(self._stopping), name=each.id) for each in self.stations
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def booted(self) -> None:
        """Waits until every station has been let in."""
        async with asyncio.timeout(SILENT_WITHIN):
            while not all(each.told and each.told[0].answered for each in self.stations):
                self._check()
                await asyncio.sleep(0.05)

    async def answered(self, count: int) -> None:
        """Waits until they have seen so many answers, all together."""
        async with asyncio.timeout(SILENT_WITHIN):
            while self.answers < count:
                self._check()
                await asyncio.sleep(0.05)

    async def silent(self) -> None:
        """Tells all to stop, and waits until each has seen an answer to all that it said."""
        self._stopping.set()
        async with asyncio.timeout(SILENT_WITHIN):
            while not all(task.done() for task in self._tasks):
                self._check()
                await asyncio.sleep(0.05)
        self._check()

    def told(self) -> Iterator[Told]:
        """Every message of every station."""
        for each in self.stations:
            yield from each.told

    @property
    def answers(self) -> int:
        """Messages whose answer was seen."""
        return sum(told.answered for told in self.told())

    @property
    def refusals(self) -> int:
        """CALLERRORs that came."""
        return sum(told.refused for told in self.told())

    def samples(self, since: float, until: float) -> list[Sample]:
        """The attempts that began in a span of monotonic time."""
        return [s for each in self.stations for s in each.samples if since <= s.at < until]

    def _check(self) -> None:
        """A station's fault is the test's at once."""
        for task in self._tasks:
            if task.done():
                task.result()


async def _reply(socket: ClientConnection, message_id: str) -> list[Any]:
    while True:
        frame: list[Any] = json.loads(await socket.recv())
        if frame[0] == 2:
            refusal = [4, frame[1], "NotSupported", "a station of the load only talks", {}]
            await socket.send(json.dumps(refusal))
        elif frame[1] == message_id:
            return frame


def _millisecond(moment: datetime) -> datetime:
    """The even millisecond at or before it."""
    return moment.replace(microsecond=moment.microsecond // 2000 * 2000)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
