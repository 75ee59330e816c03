"""One session per station: the newest wins, and only it may clear its place."""

import asyncio
import json
from contextlib import suppress

import pytest
import structlog
from websockets.exceptions import ConnectionClosed

from citrine_py.errors import StationOffline, StationSilent
from tests.edge.world import ask, edge, hear, until

RESET = {"type": "Immediate"}


async def test_a_station_that_is_not_connected_is_offline():
    async with edge() as it:
        assert it.registry.session("cp001") is None
        with pytest.raises(StationOffline, match="cp001 is not connected"):
            await it.registry.call("cp001", "Reset", RESET)
        it.registry.disconnect("cp001", "nobody there")


async def test_presence_hears_of_coming_and_going():
    async with edge() as it:
        async with it.station() as socket:
            await ask(socket, "Heartbeat", {})
            assert it.presence.events == [("connected", "id-1")]
            assert [info.station for info in it.registry.sessions()] == ["cp001"]
        await until(lambda: len(it.presence.events) == 2)
        assert it.presence.events[1] == ("gone", "id-1")
        assert it.registry.session("cp001") is None


async def test_a_new_connection_replaces_the_old_one_cleanly():
    async with edge() as it, it.station() as old:
        await ask(old, "Heartbeat", {})
        async with it.station() as new:
            with pytest.raises(ConnectionClosed) as closed:
                await old.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "replaced")
            assert (await ask(new, "Heartbeat", {}))[0] == 3
            assert it.presence.events == [("connected", "id-1"), ("connected", "id-2")]
            assert it.stats.replaced == 1
        await until(lambda: len(it.presence.events) == 3)
        assert it.presence.events[-1] == ("gone", "id-2")


async def test_the_late_close_of_a_dead_line_never_marks_the_new_one_offline():
    """The old line answers nothing, not even the close: it is cut off after its time-out."""
    async with edge(close_timeout=0.1) as it:
        _, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(
            b"GET /cp001 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
        )
        await until(lambda: it.registry.session("cp001") is not None)
        async with it.station() as new:
            await until(lambda: it.stats.open == 1)
            assert (await ask(new, "Heartbeat", {}))[0] == 3
            assert [event for event, _ in it.presence.events] == ["connected", "connected"]
        writer.close()


async def test_calls_on_the_replaced_connection_settle_at_once():
    async with edge() as it, it.station() as old:
        await until(lambda: len(it.registry) == 1)
        sent = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        queued = asyncio.create_task(it.registry.call("cp001", "ClearCache", {}))
        await hear(old)
        async with it.station():
            with pytest.raises(StationSilent):
                await sent
            with pytest.raises(StationOffline):
                await queued


async def test_a_call_in_work_on_the_replaced_connection_is_not_answered_there():
    async with edge() as it, it.station() as old:
        go_on = asyncio.Event()

        async def wait(call):
            if call.session == "id-1":
                await go_on.wait()

        it.dispatch.before = wait
        await old.send('[2,"1","Heartbeat",{}]')
        await until(lambda: len(it.dispatch.calls) == 1)
        async with it.station() as new:
            assert (await ask(new, "Heartbeat", {}, "2"))[0] == 3
            go_on.set()
            with pytest.raises(ConnectionClosed):
                await old.recv()
            assert it.registry.session("cp001") is not None


async def test_presence_hears_of_one_session_at_a_time_and_the_last_word_is_true():
    """Quick reconnects while recording is slow: connected and gone never cross."""
    async with edge() as it:
        it.presence.slow = 0.02
        for _ in range(5):
            async with it.station():
                pass
        async with it.station() as last:
            await ask(last, "Heartbeat", {})
            session = it.registry.session("cp001")
            assert session is not None
            assert it.presence.events[-1] == ("connected", session.id)
            here: list[str] = []
            for event, who in it.presence.events:
                if event == "gone":
                    assert here == [who]
                here = [who] if event == "connected" else []


async def test_many_reconnects_at_once_leave_one():
    async with edge() as it:
        sockets = await asyncio.gather(*(it.station() for _ in range(20)))
        await until(lambda: it.stats.open == 1)
        assert len(it.registry) == 1
        assert it.presence.events[-1][0] == "connected"
        for socket in sockets:
            await socket.close()
        await until(lambda: it.stats.open == 0)
        assert it.presence.events[-1][0] == "gone"
        assert len(it.registry._locks) == 0


async def test_presence_that_fails_turns_the_station_away_for_now():
    async with edge() as it:
        it.presence.fails = True
        with structlog.testing.capture_logs() as logs:
            async with it.station() as socket:
                with suppress(ConnectionClosed):
                    await socket.send('[2,"1","Heartbeat",{}]')
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
            await until(lambda: it.stats.open == 0)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert it.dispatch.calls == []
        assert {"connection.unrecorded"} <= {line["event"] for line in logs}
        it.presence.fails = False
        async with it.station() as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3


async def test_disconnect_closes_the_stations_connection():
    async with edge() as it, it.station() as socket:
        await ask(socket, "Heartbeat", {})
        it.registry.disconnect("cp001", "its password has changed")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == "its password has changed"


async def test_close_all_lets_the_call_in_work_be_answered():
    async with edge() as it, it.station() as busy, it.station("cp002") as idle:
        go_on = asyncio.Event()
        it.dispatch.before = lambda _call: go_on.wait()  # type: ignore[assignment,return-value]
        await busy.send('[2,"1","Heartbeat",{}]')
        await until(lambda: len(it.dispatch.calls) == 1 and len(it.registry) == 2)
        it.registry.close_all()
        with pytest.raises(ConnectionClosed):
            await idle.recv()
        go_on.set()
        assert json.loads(await busy.recv())[0] == 3
        with pytest.raises(ConnectionClosed) as closed:
            await busy.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
