"""No more requests are in work than there is room for; the others are told to come again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from citrine_py.ports import Payload
from tests.api.world import World, running
from tests.store.support import eventually

RESET = "/ocpp/configuration/reset?identifier=cp001"


class Patient:
    """A station that answers when it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        self.asked += 1
        await self.go.wait()
        return {"status": "Accepted"}


def reset(world: World, **body: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(world.call_for_headers("POST", RESET, {"type": "Immediate", **body}))


@pytest.mark.parametrize(
    "limits", [{"requests_limit": 2}, {"bodies_limit": 2_500, "body_limit": 2_000}]
)
async def test_who_comes_when_too_many_wait_is_told_to_come_again(limits: dict[str, int]) -> None:
    station = Patient()
    async with running(**limits) as world:
        world.requests.send = station.send  # type: ignore[method-assign]
        more = {"customData": {"vendorId": "v", "text": "x" * 1000}}
        waiting = [reset(world, **more) for _ in range(2)]
        await eventually(lambda: station.asked == 2)
        status, answer, headers = await reset(world, **more)
        assert (status, answer["success"], headers["Retry-After"]) == (503, False, "5")
        assert (await world.call("GET", "/health/ready"))[0] == 200
        assert (await world.call("GET", "/metrics"))[0] == 200
        station.go.set()
        assert [(await each)[0] for each in waiting] == [200, 200]
        assert (await reset(world, **more))[0] == 200
        assert station.asked == 3


async def test_a_body_of_unknown_length_counts_as_the_longest() -> None:
    station = Patient()

    async def chunks() -> Any:
        yield b'{"type": "Immediate"}'

    async with running(bodies_limit=3_000, body_limit=2_000) as world:
        world.requests.send = station.send  # type: ignore[method-assign]
        waiting = asyncio.create_task(world.call("POST", RESET, data=chunks()))
        await eventually(lambda: station.asked == 1)
        assert (await world.call("POST", RESET, data=chunks()))[0] == 503
        assert (await world.call("GET", "/data/configuration/boot?stationId=cp001"))[0] == 200
        station.go.set()
        assert (await waiting)[0] == 200


async def test_a_large_message_does_not_go_to_very_many_stations() -> None:
    async with running(bodies_limit=10_000) as world:
        many = "&".join(f"identifier=cp{number}" for number in range(100))
        body = {"type": "Immediate", "customData": {"vendorId": "v", "text": "x" * 1000}}
        status, answer = await world.call("POST", f"/ocpp/configuration/reset?{many}", body)
        assert status == 400
        assert "fewer" in answer["payload"]
        assert world.requests.sent == []
