"""Callbacks: where they may go, how often they are tried, what is never logged."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from citrine_py.api.callbacks import Callbacks
from citrine_py.errors import BadRequest
from citrine_py.outside.destinations import denied
from tests.api.receiver import receiver


class QuickClock:
    """Sleeps take no time and are remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return 0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Names(AbstractResolver):
    """Every name has this one address."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self.address, port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


async def finished(callbacks: Callbacks) -> None:
    """Until every attempt was made."""
    async with asyncio.timeout(20):
        await asyncio.gather(*callbacks._tasks)
    await callbacks.stop()


@pytest.mark.parametrize(
    ("given_url", "whole"),
    [
        ("csms.pro/api/notifications", "http://csms.pro/api/notifications"),
        ("localhost:9000/x?a=b", "http://localhost:9000/x?a=b"),
        ("https://csms.pro", "https://csms.pro"),
        ("HTTP://csms.pro/", "http://csms.pro/"),
        ("csms.pro/x?to=http://other/", "http://csms.pro/x?to=http://other/"),
        ("http://[::1]:9/x", "http://[::1]:9/x"),
    ],
)
def test_a_url_without_scheme_is_http_as_for_curl(given_url: str, whole: str) -> None:
    assert str(Callbacks((), QuickClock()).check(given_url)) in {whole, whole + "/"}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://csms.pro/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://.",
        "http://csms.pro:99999/",
        "http://csms.pro:0/",
        "http://a b/",
        "http://a\n/",
        "x" * 2001,
        "169.254.169.254/latest/meta-data",
        "http://169.254.169.254:80/",
        "http://\uff11\uff16\uff19.254.169.254/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[fe80::1%25eth0]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://csms.pro@169.254.169.254/",
        "http://0.0.0.0:8080/",
    ],
)
def test_what_is_no_url_or_is_denied_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="callbackUrl"):
        Callbacks((), QuickClock()).check(url)


@given(st.text(max_size=40))
def test_no_text_passes_that_names_a_denied_host(text: str) -> None:
    try:
        url = Callbacks((), QuickClock()).check(text)
    except BadRequest:
        return
    assert url.scheme in {"http", "https"}
    assert url.host
    assert not denied(url.host)


def test_the_allow_list_admits_its_hosts_only() -> None:
    callbacks = Callbacks(("csms.pro", "Hooks.Example"), QuickClock())

    callbacks.check("CSMS.pro/x")
    callbacks.check("https://hooks.example:8443/")
    for url in ("csms.pro.evil.example/", "evil.example", "http://csms.pro@evil.example/"):
        with pytest.raises(BadRequest, match="CITRINE_API_CALLBACK_ALLOW"):
            callbacks.check(url)


async def test_a_failing_receiver_is_tried_again_with_growing_pauses() -> None:
    clock = QuickClock()
    callbacks = Callbacks((), clock)
    async with receiver(500, 503, 429) as hook:
        callbacks.post(callbacks.check(f"{hook.address}/x"), "cp 1", {"status": "Accepted"})
        await finished(callbacks)

    assert [post.body for post in hook.posts] == [{"status": "Accepted"}] * 4
    assert hook.posts[0].station == "cp%201"
    assert hook.posts[0].headers["Content-Type"] == "application/json"
    assert clock.slept == [1, 2, 4]


async def test_it_gives_up_after_five_attempts_and_says_so_without_path_or_body() -> None:
    callbacks = Callbacks((), QuickClock())
    with capture_logs() as logs:
        async with receiver(*[500] * 9) as hook:
            url = callbacks.check(f"http://user:hidden@{hook.address}/token-path?key=hidden")
            callbacks.post(url, "cp001", {"password": "hidden"})
            await finished(callbacks)

    assert len(hook.posts) == 5
    assert [(log["event"], log["reason"]) for log in logs] == [("callback.failed", "status 500")]
    assert "hidden" not in str(logs)
    assert "token-path" not in str(logs)


@pytest.mark.parametrize("status", [301, 307, 400, 404])
async def test_redirects_are_not_followed_and_refusals_not_repeated(status: int) -> None:
    callbacks = Callbacks((), QuickClock())
    async with receiver(status) as hook:
        with capture_logs() as logs:
            callbacks.post(callbacks.check(hook.address), "cp001", {})
            await finished(callbacks)

    assert len(hook.posts) == 1
    assert logs[0]["event"] == "callback.failed"


async def test_a_name_that_resolves_to_a_denied_address_is_not_connected_to() -> None:
    clock = QuickClock()
    callbacks = Callbacks((), clock, lambda: Names("169.254.169.254"))
    with capture_logs() as logs:
        callbacks.post(callbacks.check("http://inside.example/"), "cp001", {})
        await finished(callbacks)

    assert [log["event"] for log in logs] == ["callback.failed"]
    assert "may not go to" in logs[0]["reason"]
    assert clock.slept == []


async def test_a_name_resolves_and_is_posted_to() -> None:
    callbacks = Callbacks((), QuickClock(), lambda: Names("127.0.0.1"))
    async with receiver() as hook:
        port = hook.address.rpartition(":")[2]
        callbacks.post(callbacks.check(f"hooks.example:{port}/x"), "cp001", {})
        await finished(callbacks)

    assert len(hook.posts) == 1


async def test_nobody_there_is_only_logged() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        callbacks = Callbacks((), QuickClock())
        with capture_logs() as logs:
            callbacks.post(callbacks.check(f"127.0.0.1:{port}"), "cp001", {})
            await finished(callbacks)

    assert logs[-1]["event"] == "callback.failed"


async def test_stop_waits_for_a_post_under_way_but_for_no_other_attempt() -> None:
    class Never(QuickClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    callbacks = Callbacks((), Never())
    async with receiver(500, 200) as hook:
        callbacks.post(callbacks.check(hook.address), "fails", {})
        async with asyncio.timeout(5):
            while not callbacks._pausing:
                await asyncio.sleep(0.005)
        callbacks.post(callbacks.check(hook.address), "works", {})
        with capture_logs() as logs:
            await callbacks.stop()

    assert [(log["event"], log.get("station")) for log in logs] == [
        ("callback.delivered", "works"),
        ("callback.abandoned", None),
    ]
    assert [post.station for post in hook.posts] == ["fails", "works"]


async def test_stop_ends_a_post_that_does_not_end_by_itself() -> None:
    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await released.wait()
        writer.close()

    asked, released = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    callbacks = Callbacks((), QuickClock())
    callbacks.post(callbacks.check(f"127.0.0.1:{port}"), "cp001", {})
    await asked.wait()
    with capture_logs() as logs:
        await callbacks.stop(0.05)
    released.set()
    server.close()

    assert [(log["event"], log["count"]) for log in logs] == [("callback.abandoned", 1)]


async def test_too_many_at_once_are_dropped_and_told() -> None:
    class Never(QuickClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    callbacks = Callbacks((), Never(), lambda: Names("169.254.169.254"))
    url = callbacks.check("inside.example")
    with capture_logs() as logs:
        for number in range(1001):
            callbacks.post(url, f"cp{number}", {})
        await finished(callbacks)

    assert [log["event"] for log in logs].count("callback.dropped") == 1


async def test_outcomes_to_be_posted_are_bounded_in_number_and_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    callbacks = Callbacks((), QuickClock())
    waiting = asyncio.Event()

    async def never(*_: object) -> None:
        await waiting.wait()

    monkeypatch.setattr(callbacks._poster, "post", never)
    url = callbacks.check("http://192.0.2.1/outcome")
    with capture_logs() as logs:
        for _ in range(3):
            callbacks.post(url, "cp001", {"data": "x" * 30_000_000})
        for _ in range(2000):
            callbacks.post(url, "cp001", {})
    assert len(callbacks._tasks) == 1000
    assert callbacks._bytes < 64 * 1024 * 1024
    assert [line["event"] for line in logs].count("callback.dropped") == 1 + 2000 - 998
    waiting.set()
    await finished(callbacks)
    await asyncio.sleep(0)
    assert callbacks._bytes == 0
    await callbacks.stop()
