"""A station of the load does what chargers do when the line breaks or the answer is no."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from tests.faults.stations import Fleet

Answer = Callable[[int, list[Any]], Awaitable[list[Any] | None]]


@asynccontextmanager
async def csms(answer: Answer) -> AsyncIterator[tuple[str, list[list[Any]]]]:
    """Answers the n-th frame with what `answer` makes of it; None breaks the line."""
    frames: list[list[Any]] = []

    async def talk(socket: ServerConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            frames.append(frame)
            reply = await answer(len(frames), frame)
            if reply is None:
                socket.transport.abort()
                return
            await socket.send(json.dumps(reply))

    async with serve(talk, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"]) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}", frames


async def accept(_number: int, frame: list[Any]) -> list[Any] | None:
    return [3, frame[1], {"status": "Accepted"}]


async def test_it_boots_talks_and_ends_with_a_heartbeat() -> None:
    async with csms(accept) as (url, frames), Fleet(url, "s", 1, seed=1, pace=0.001) as fleet:
        await fleet.booted()
        await fleet.answered(200)
        await fleet.silent()
        assert frames[0][2] == "BootNotification"
        assert frames[-1][2] == "Heartbeat"
        assert [frame[1] for frame in frames] == [told.message_id for told in fleet.told()]
        assert {told.action for told in fleet.told()} == {
            "BootNotification",
            "Heartbeat",
            "NotifyEvent",
            "NotifyReport",
            "SecurityEventNotification",
            "StatusNotification",
        }
        assert fleet.answers == len(frames)


async def test_after_a_broken_line_it_sends_the_same_again() -> None:
    async def sometimes(number: int, frame: list[Any]) -> list[Any] | None:
        return None if number in {3, 4, 8} else await accept(number, frame)

    async with csms(sometimes) as (url, frames), Fleet(url, "s", 1, seed=1, pace=0.001) as fleet:
        await fleet.answered(20)
        await fleet.silent()
        (station,) = fleet.stations
        assert station.connections == 4
        assert frames[2] == frames[3] == frames[4]
        assert frames[7] == frames[8]
        attempts = [told.attempts for told in fleet.told()]
        assert attempts[:7] == [1, 1, 3, 1, 1, 2, 1]
        assert {sample.outcome for sample in station.samples} == {"result", "lost"}


async def test_what_is_refused_by_internal_error_is_sent_again() -> None:
    async def sometimes(number: int, frame: list[Any]) -> list[Any] | None:
        if number in {3, 4}:
            return [4, frame[1], "InternalError", "not now", {}]
        return await accept(number, frame)

    async with csms(sometimes) as (url, frames), Fleet(url, "s", 1, seed=1, pace=0.001) as fleet:
        await fleet.answered(10)
        await fleet.silent()
        assert frames[2] == frames[3] == frames[4]
        assert fleet.refusals == 2
        assert all(told.answered for told in fleet.told())


async def test_no_two_things_that_stations_tell_have_the_same_time() -> None:
    async with csms(accept) as (url, _), Fleet(url, "s", 2, seed=1, pace=0.0005) as fleet:
        await fleet.answered(600)
        await fleet.silent()
    for station in fleet.stations:
        times = [
            each["timestamp"]
            for told in station.told
            for each in (told.payload, *told.payload.get("eventData", ()))
            if "timestamp" in each
        ]
        assert len(times) == len(set(times)) > 100
