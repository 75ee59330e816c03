"""/files/logs: a station uploads with the secret of its address, people read with the token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from citrine_py.model.jobs import JOB, Job
from citrine_py.modules.log_uploads import digest
from tests.api.world import World, running

SECRET = "a-secret"
KEY = "0d6b1f5c-0000-4000-8000-000000000001"


@pytest.fixture
async def kept() -> AsyncIterator[World]:
    """A world with one upload expected."""
    async with running() as world:
        yield expecting(world)


def expecting(world: World) -> World:
    world.records.have(JOB, Job(id=KEY, station="cp001", uploadDigest=digest(SECRET)))
    return world


async def put(world: World, path: str, data: object, method: str = "PUT") -> int:
    headers = {"Host": "csms.example", "Origin": "http://station.example"}
    async with world.client.request(method, world.base + path, data=data, headers=headers) as got:
        return got.status


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_file_is_taken_once(kept: World, method: str) -> None:
    assert await put(kept, f"/files/logs/{SECRET}", b"line", method) == 201
    assert kept.files.kept == {KEY: b"line"}
    record = kept.records.get(JOB, KEY)
    assert record is not None
    assert (record.fileName, record.fileSize, record.uploadDigest) == ("log", 4, None)
    assert await put(kept, f"/files/logs/{SECRET}", b"other", method) == 404
    assert kept.files.kept == {KEY: b"line"}


async def test_a_form_is_taken_by_its_file(kept: World) -> None:
    form = aiohttp.FormData()
    form.add_field("note", "x")
    form.add_field("file", b"line", filename="../../etc/pass*wd.log")
    assert await put(kept, f"/files/logs/{SECRET}", form, "POST") == 201
    assert kept.files.kept == {KEY: b"line"}
    record = kept.records.get(JOB, KEY)
    assert record is not None
    assert record.fileName == "pass_wd.log"


async def test_a_form_without_a_file_is_refused(kept: World) -> None:
    form = aiohttp.FormData()
    form.add_field("note", "x", content_type="text/plain")
    assert await put(kept, f"/files/logs/{SECRET}", form, "POST") == 400


async def test_who_does_not_know_the_secret_uploads_nothing(kept: World) -> None:
    for path in (f"/files/logs/{KEY}", "/files/logs/guess", "/files/logs/guess/x.log"):
        assert await put(kept, path, b"line") == 404
    assert kept.files.kept == {}


async def test_beyond_loopback_reading_needs_the_token_and_uploading_does_not() -> None:
    async with running(on_loopback=False, token="right") as world:
        expecting(world)
        assert await put(world, f"/files/logs/{SECRET}", b"line") == 201
        async with world.client.get(f"{world.base}/files/logs/{KEY}") as answer:
            assert answer.status == 401
