"""Health for supervisors."""

from __future__ import annotations

from tests.api.world import World


async def test_live_as_long_as_it_answers(world: World) -> None:
    world.problems["directus"] = "does not answer"

    assert await world.call("GET", "/health/live") == (200, {"status": "live"})


async def test_ready_unless_something_is_wrong_and_then_says_what(world: World) -> None:
    assert await world.call("GET", "/health/ready") == (200, {"status": "ready"})
    world.problems["directus"] = "does not answer"

    assert await world.call("GET", "/health/ready") == (
        503,
        {"status": "not ready", "problems": {"directus": "does not answer"}},
    )
