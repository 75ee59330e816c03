"""One websocket: frames in and out, in order, whatever the station or a handler does."""

import asyncio
import json
import socket as sockets

import orjson
import pytest
import structlog
from websockets.exceptions import ConnectionClosed

from citrine_py.edge.config import CallLimits
from citrine_py.errors import (
    BadRequest,
    StationBusy,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
    StoreUnavailable,
)
from citrine_py.ocpp.errors import CallError
from tests.edge.world import BOOT, BOOTED, T0, ask, edge, hear, until

RESET = {"type": "Immediate"}


async def test_the_first_message_right_after_the_upgrade_is_answered():
    """Sent in the same packet as the upgrade request, while Presence is still at work."""
    async with edge() as it:
        it.presence.slow = 0.05
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        text = json.dumps([2, "1", "BootNotification", BOOT]).encode()
        mask = b"\0\0\0\0"
        frame = bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + mask + text
        writer.write(
            b"GET /cp001 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n" + frame
        )
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
            head = await reader.readexactly(2)
            answer = await reader.readexactly(head[1])
        assert json.loads(answer) == [3, "1", BOOTED]
        assert it.presence.events[0][0] == "connected"
        writer.close()


async def test_a_call_reaches_dispatch_with_all_that_is_known_of_it():
    async with edge() as it, it.station() as socket:
        assert await ask(socket, "BootNotification", BOOT, "abc") == [3, "abc", BOOTED]
        (call,) = it.dispatch.calls
        assert (call.station, call.action, call.payload) == ("cp001", "BootNotification", BOOT)
        assert (call.message_id, call.version) == ("abc", "2.0.1")
        session = it.registry.session("cp001")
        assert session is not None
        assert call.session == session.id
        assert (session.protocol, session.listener) == ("ocpp2.0.1", "open")


async def test_calls_are_answered_in_order():
    async with edge() as it, it.station() as socket:
        for number in range(200):
            await socket.send(json.dumps([2, str(number), "Heartbeat", {}]))
        assert [(await hear(socket))[1] for _ in range(200)] == [str(n) for n in range(200)]
        assert it.presence.seen_frames == 200


async def test_a_refusal_becomes_a_callerror():
    async with edge() as it, it.station() as socket:
        answer = await ask(socket, "StatusNotification", {})
        assert answer == [4, "1", "NotImplemented", "no StatusNotification here", {}]
        assert it.stats.call_errors == {"NotImplemented": 1}


async def test_a_store_that_is_away_is_an_internal_error():
    async def full(_call):
        raise StoreUnavailable("the journal is full")

    async with edge() as it, it.station() as socket:
        it.dispatch.before = full
        assert (await ask(socket, "Heartbeat", {}))[2] == "InternalError"


async def test_a_handler_that_fails_is_logged_without_the_payload_and_the_station_goes_on():
    async def broken(call):
        raise ValueError(f"bad: {call.payload}")

    async with edge() as it, it.station() as socket:
        it.dispatch.before = broken
        with structlog.testing.capture_logs() as logs:
            answer = await ask(socket, "DataTransfer", {"vendorId": "x", "data": "hunter2"})
        assert answer[:3] == [4, "1", "InternalError"]
        (line,) = [line for line in logs if line["event"] == "call.failed"]
        assert (line["error"], line["action"]) == ("ValueError", "DataTransfer")
        assert "in broken" in line["traceback"]
        assert "hunter2" not in str(logs)
        it.dispatch.before = None
        assert (await ask(socket, "Heartbeat", {}, "2"))[0] == 3


async def test_an_answer_of_ours_that_breaks_the_schema_does_not_leave():
    class Wrong:
        async def answer(self, call):
            return {"currentTime": "yesterday"}

    async with edge() as it, it.station() as socket:
        it.listener._near.dispatch.answer = Wrong().answer  # type: ignore[method-assign]
        assert (await ask(socket, "Heartbeat", {}))[2] == "InternalError"


async def test_a_repeated_call_gets_its_first_answer_and_the_work_is_done_once():
    async with edge() as it, it.station() as socket:
        first = await ask(socket, "BootNotification", BOOT, "same")
        assert await ask(socket, "BootNotification", BOOT, "same") == first
        assert len(it.dispatch.calls) == 1


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("{", [4, "-1", "RpcFrameworkError"]),
        ("", [4, "-1", "RpcFrameworkError"]),
        ("null", [4, "-1", "RpcFrameworkError"]),
        ("[]", [4, "-1", "RpcFrameworkError"]),
        ("[" * 200_000, [4, "-1", "RpcFrameworkError"]),
        ("[" * 100_000 + "]" * 100_000, [4, "-1", "RpcFrameworkError"]),
        ('[2,"a","Heartbeat"]', [4, "a", "RpcFrameworkError"]),
        ('[9,"a",{}]', [4, "a", "MessageTypeNotSupported"]),
        ('[2,"a","Heartbeat",[]]', [4, "a", "FormatViolation"]),
        (b"\xff\xfe", [4, "-1", "RpcFrameworkError"]),
        (b'[2,"a","Heartbeat",{}]', [3, "a"]),
    ],
)
async def test_malformed_frames_are_answered_and_disturb_nobody(text, start):
    async with edge() as it, it.station() as socket, it.station("cp002") as other:
        await socket.send(text)
        assert (await hear(socket))[: len(start)] == start
        assert (await ask(socket, "Heartbeat", {}, "next"))[1] == "next"
        assert (await ask(other, "Heartbeat", {}))[0] == 3


async def test_an_over_long_frame_closes_only_its_own_connection():
    async with edge(CallLimits(frame_limit=10_000)) as it, it.station("cp002") as other:
        async with it.station() as socket:
            await socket.send("x" * 10_001)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        assert (await ask(other, "Heartbeat", {}))[0] == 3


async def test_oddities_are_logged_ever_more_rarely():
    async with edge() as it, it.station() as socket:
        with structlog.testing.capture_logs() as logs:
            for _ in range(100):
                await socket.send("x")
                await hear(socket)
        times = [line["times"] for line in logs if line["event"] == "frame.unreadable"]
        assert times == [*range(1, 11), 16, 32, 64]
        assert it.stats.notes == {"frame.unreadable": 100}


async def test_a_refused_call_is_logged_with_what_is_wrong():
    async def refuse(_call):
        raise CallError("FormatViolation", "payload: OCPP has no field chargePointVendor here")

    async with edge() as it, it.station() as socket:
        it.dispatch.before = refuse
        with structlog.testing.capture_logs() as logs:
            assert (await ask(socket, "BootNotification", BOOT))[0] == 4
        (line,) = (line for line in logs if line["event"] == "call.refused")
        assert line["detail"] == (
            "BootNotification: FormatViolation, payload: OCPP has no field chargePointVendor here"
        )


async def test_a_refusal_that_goes_on_and_on_hides_no_other():
    async def refuse(call):
        raise CallError("FormatViolation", f"{call.action} is wrong")

    async with edge() as it, it.station() as socket:
        it.dispatch.before = refuse
        with structlog.testing.capture_logs() as logs:
            for number in range(30):
                await ask(socket, "MeterValues", {}, f"m{number}")
            await ask(socket, "Heartbeat", {}, "h")
        said = [line["detail"].split(":")[0] for line in logs if line["event"] == "call.refused"]
        assert said.count("MeterValues") == 11  # ten, and the sixteenth
        assert said[-1] == "Heartbeat"


async def test_every_frame_is_kept_with_its_action_and_without_secrets():
    payload = {
        "setVariableData": [
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
                "attributeValue": "hunter2hunter2hu",
            }
        ]
    }
    async with edge() as it, it.station() as socket:
        await ask(socket, "Heartbeat", {})
        asking = asyncio.create_task(it.registry.call("cp001", "SetVariables", payload))
        request = await hear(socket)
        assert request[3] == payload
        result = {"attributeStatus": "Accepted", "component": {"name": "SecurityCtrlr"},
                  "variable": {"name": "BasicAuthPassword"}}  # fmt: skip
        await socket.send(json.dumps([3, request[1], {"setVariableResult": [result]}]))
        assert await asking == {"setVariableResult": [result]}
        assert [(way, action) for way, _, action in it.frames.kept] == [
            ("in", "Heartbeat"),
            ("out", "Heartbeat"),
            ("out", "SetVariables"),
            ("in", "SetVariables"),
        ]
        assert "hunter2" not in str(it.frames.kept)


async def test_a_frame_log_that_fails_does_not_end_the_conversation():
    async with edge() as it, it.station() as socket:
        it.frames.kept = None  # type: ignore[assignment]
        with structlog.testing.capture_logs() as logs:
            await socket.send('[2,"1","Heartbeat",{}]')
            await until(lambda: any(line["event"] == "frame.failed" for line in logs))
        it.frames.kept = []
        assert (await ask(socket, "Heartbeat", {}, "2"))[1] == "2"


# ---- our calls -------------------------------------------------------------------------


async def test_a_call_of_ours_brings_the_stations_answer():
    async with edge() as it, it.station() as socket:
        asking = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        request = await hear(socket)
        assert request[0] == 2
        assert request[2:] == ["Reset", RESET]
        await socket.send(json.dumps([3, request[1], {"status": "Accepted"}]))
        assert await asking == {"status": "Accepted"}


async def test_while_our_call_waits_the_stations_calls_are_answered():
    async with edge() as it, it.station() as socket:
        asking = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        request = await hear(socket)
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
        await socket.send(json.dumps([3, request[1], {"status": "Accepted"}]))
        await asking


async def test_only_one_call_of_ours_is_outstanding_and_the_next_follows_the_answer():
    async with edge() as it, it.station() as socket:
        asking = [asyncio.create_task(it.registry.call("cp001", "Reset", RESET)) for _ in range(3)]
        for _ in range(3):
            request = await hear(socket)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await socket.recv()
            await socket.send(json.dumps([3, request[1], {"status": "Accepted"}]))
        assert len(await asyncio.gather(*asking)) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ([4, "{id}", "NotSupported", "no", {}], StationRefused),
        ([3, "{id}", {"status": "Perhaps"}], StationIncoherent),
        ([3, "{id}", {}], StationIncoherent),
        ([3, "{id}", "x"], StationIncoherent),
        ([3, "{id}"], StationIncoherent),
        ([4, "{id}"], StationIncoherent),
        ([4, "{id}", 5, 5, 5], StationIncoherent),
    ],
)
async def test_a_refusal_or_a_bad_answer_is_told_at_once(reply, error):
    async with edge() as it, it.station() as socket:
        asking = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        request = await hear(socket)
        await socket.send(json.dumps(reply).replace("{id}", request[1]))
        with pytest.raises(error):
            await asking


async def test_a_refusal_carries_the_stations_words():
    async with edge() as it, it.station() as socket:
        asking = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        request = await hear(socket)
        await socket.send(json.dumps([4, request[1], "NotSupported", "not here", {"a": 1}]))
        with pytest.raises(StationRefused) as refused:
            await asking
        assert refused.value.code == "NotSupported"
        assert refused.value.description == "not here"
        assert refused.value.details == {"a": 1}


@pytest.mark.parametrize(
    ("action", "payload", "says"),
    [
        ("Reset", {}, "type: missing"),
        ("Reset", {"type": "Sometimes"}, "type: not one of"),
        ("Nonsense", {}, "no message"),
        ("BootNotification", BOOT, "no message"),
    ],
)
async def test_what_does_not_fit_ocpp_is_not_sent(action, payload, says):
    async with edge() as it, it.station():
        await until(lambda: len(it.registry) == 1)
        with pytest.raises(BadRequest, match=says):
            await it.registry.call("cp001", action, payload)
        assert it.stats.sent == {}


async def test_a_silent_station_is_told_after_the_time_out_and_the_next_call_goes_out():
    async with edge() as it, it.station() as socket:
        await until(lambda: len(it.registry) == 1)
        first = asyncio.create_task(it.registry.call("cp001", "Reset", RESET, seconds=0.05))
        second = asyncio.create_task(it.registry.call("cp001", "ClearCache", {}))
        late = await hear(socket)
        with pytest.raises(StationSilent, match=r"did not answer Reset within 0.05 s"):
            await first
        request = await hear(socket)
        assert request[2] == "ClearCache"
        await socket.send(json.dumps([3, late[1], {"status": "Accepted"}]))
        await socket.send(json.dumps([3, request[1], {"status": "Accepted"}]))
        assert await second == {"status": "Accepted"}
        assert it.stats.notes == {"reply.late": 1}


async def test_a_full_queue_is_told_at_once():
    async with edge(CallLimits(queue=1)) as it, it.station():
        await until(lambda: len(it.registry) == 1)
        waiting = [asyncio.create_task(it.registry.call("cp001", "Reset", RESET)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StationBusy):
            await it.registry.call("cp001", "Reset", RESET)
        for task in waiting:
            task.cancel()


async def test_a_caller_that_gives_up_leaves_the_queue():
    async with edge() as it, it.station() as socket:
        await until(lambda: len(it.registry) == 1)
        first = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
        second = asyncio.create_task(it.registry.call("cp001", "ClearCache", {}))
        request = await hear(socket)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await socket.send(json.dumps([3, request[1], {"status": "Accepted"}]))
        await first
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await socket.recv()


async def test_a_lost_line_settles_every_call():
    async with edge() as it:
        async with it.station() as socket:
            await until(lambda: len(it.registry) == 1)
            sent = asyncio.create_task(it.registry.call("cp001", "Reset", RESET))
            queued = asyncio.create_task(it.registry.call("cp001", "ClearCache", {}))
            await hear(socket)
        with pytest.raises(StationSilent, match="disconnected before it answered"):
            await sent
        with pytest.raises(StationOffline, match="before ClearCache was sent"):
            await queued


# ---- slow and dead stations ------------------------------------------------------------


async def test_a_station_that_does_not_read_is_cut_off_and_blocks_nobody():
    limits = CallLimits(stall=0.2)
    async with edge(limits, ping_interval=None) as it, it.station("cp002") as other:
        raw = sockets.create_connection(("127.0.0.1", it.port))
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.settimeout(5)
        raw.sendall(
            b"GET /slow HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
        )
        raw.setblocking(False)
        text = orjson.dumps([2, "i" * 36, "X" * 64, {}])
        frame = bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text if len(text) < 126 else b""
        assert frame
        loop = asyncio.get_running_loop()

        async def flood() -> None:
            while True:
                await loop.sock_sendall(raw, frame * 500)

        async def refuse(call):
            raise CallError("NotImplemented", "y" * 255, {"z": "z" * 5000})

        it.dispatch.before = refuse
        flooding = asyncio.create_task(flood())
        await until(lambda: it.stats.stalled == 1, 20)
        it.dispatch.before = None
        assert (await ask(other, "Heartbeat", {}))[0] == 3
        await until(lambda: it.registry.session("slow") is None)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        raw.close()


async def test_a_station_that_floods_is_read_no_faster_and_loses_nothing():
    limits = CallLimits(rate=200)
    async with edge(limits) as it, it.station() as flood, it.station("cp002") as other:
        burst = 2000 + 40  # ten seconds' worth, and more
        for number in range(burst):
            await flood.send(orjson.dumps([2, str(number), "Heartbeat", {}]).decode())
        await until(lambda: it.stats.slowed > 0)
        assert (await ask(other, "Heartbeat", {}))[0] == 3, "the others do not wait"
        answers = [orjson.loads(await flood.recv()) for _ in range(burst)]
        assert [each[1] for each in answers] == [str(number) for number in range(burst)]
        assert 0 < it.stats.slowed <= 40


async def test_a_station_that_stops_answering_pings_is_closed():
    async with edge(ping_interval=0.05, ping_timeout=0.05) as it:
        _, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(
            b"GET /dead HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
        )
        await until(lambda: it.registry.session("dead") is not None)
        await until(lambda: it.registry.session("dead") is None)
        assert [event for event, _ in it.presence.events] == ["connected", "gone"]
        writer.close()


async def test_repr_tells_the_state():
    async with edge() as it, it.station() as socket:
        await ask(socket, "Heartbeat", {})
        (connection,) = it.registry._here.values()
        assert repr(connection) == (
            "<Connection cp001 id-1 <Session 2.0.1, idle, 0 waiting, 0 in work>>"
        )
        assert T0 not in repr(connection)
