"""A station of raw frames, to judge the service by.

Shares nothing with the product: frames are written and read here, and every
message of the CSMS is checked against OCPP's schema by the pure-Python
`jsonschema`. A mistake in our own session or validators cannot hide behind it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any, TypeAlias

import jsonschema  # type: ignore[import-untyped]
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

Payload: TypeAlias = dict[str, Any]

WITHIN = 15  # seconds for anything to happen
MODEL, VENDOR = "Conformant", "Raw frames"

ERROR_CODES = {
    "FormatViolation",
    "GenericError",
    "InternalError",
    "MessageTypeNotSupported",
    "NotImplemented",
    "NotSupported",
    "OccurrenceConstraintViolation",
    "PropertyConstraintViolation",
    "ProtocolError",
    "RpcFrameworkError",
    "SecurityError",
    "TypeConstraintViolation",
}


class Refused(Exception):
    """A call was answered by CALLERROR."""

    def __init__(self, action: str, code: str, description: str) -> None:
        self.code = code
        super().__init__(f"{action}: {code}: {description}")


@dataclass(frozen=True)
class Asked:
    """A CALL from the CSMS."""

    message_id: str
    action: str
    payload: Payload


@cache
def _validator(name: str) -> Any:
    text = (files("ocpp") / "v201" / "schemas" / f"{name}.json").read_text("utf-8-sig")
    return jsonschema.Draft6Validator(json.loads(text))


def check(name: str, payload: Any) -> None:
    """Fails if `payload` does not fit the schema `name`, e.g. ResetRequest."""
    problems = [error.message for error in _validator(name).iter_errors(payload)]
    assert not problems, f"{name}: {problems}"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RawStation:
    """One connection. What the CSMS asks waits in order until the test takes it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = count(1)
        self._answers: dict[str, asyncio.Future[list[Any]]] = {}
        self._asked: asyncio.Queue[Asked] = asyncio.Queue()
        self._reader = asyncio.get_running_loop().create_task(self._read())

    async def call(self, action: str, payload: Payload) -> Payload:
        """Sends a CALL, returns the checked CALLRESULT's payload.

        Raises:
            Refused: a CALLERROR came.
        """
        check(f"{action}Request", payload)
        message_id = f"raw-{next(self._ids)}"
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = future
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(WITHIN):
            frame = await future
        if frame[0] == 4:
            assert len(frame) == 5, f"a CALLERROR has 5 elements: {frame}"
            assert frame[2] in ERROR_CODES, frame
            assert isinstance(frame[3], str), frame
            assert len(frame[3]) <= 255, frame
            assert isinstance(frame[4], dict), frame
            raise Refused(action, frame[2], frame[3])
        assert len(frame) == 3, f"a CALLRESULT has 3 elements: {frame}"
        check(f"{action}Response", frame[2])
        result: Payload = frame[2]
        return result

    async def asked(self, action: str) -> Asked:
        """The CSMS' next CALL, checked, which must be `action`."""
        async with asyncio.timeout(WITHIN):
            call = await self._asked.get()
        assert call.action == action, f"the CSMS asked {call.action}, not {action}"
        return call

    async def answer(self, call: Asked, payload: Payload) -> None:
        """Sends the CALLRESULT to `call`."""
        check(f"{call.action}Response", payload)
        await self.socket.send(json.dumps([3, call.message_id, payload]))

    def nothing_more_asked(self) -> None:
        """Fails if the CSMS has asked anything that the test did not take."""
        assert self._asked.empty(), self._asked.get_nowait()

    async def close(self) -> None:
        await self.socket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                self._take(text)
        except ConnectionClosed:
            pass
        except Exception as error:
            self._fail(error)
            raise
        self._fail(ConnectionError(f"the CSMS closed: {self.socket.close_reason}"))

    def _take(self, text: str | bytes) -> None:
        assert isinstance(text, str), "OCPP-J is text"
        frame = json.loads(text)
        assert isinstance(frame, list), frame
        assert frame[0] in {2, 3, 4}, frame
        assert isinstance(frame[1], str), frame
        if frame[0] == 2:
            assert len(frame) == 4, f"a CALL has 4 elements: {frame}"
            assert 0 < len(frame[1]) <= 36, frame
            check(f"{frame[2]}Request", frame[3])
            self._asked.put_nowait(Asked(frame[1], frame[2], frame[3]))
        else:
            self._answers.pop(frame[1]).set_result(frame)

    def _fail(self, error: Exception) -> None:
        for future in self._answers.values():
            if not future.done():
                future.set_exception(error)

    # ---- the reusable steps of Part 6 --------------------------------------------------

    async def boot(self, reason: str = "PowerUp") -> Payload:
        """BootNotification; the checked answer, its time told in UTC."""
        station = {"model": MODEL, "vendorName": VENDOR}
        answer = await self.call("BootNotification", {"reason": reason, "chargingStation": station})
        told = datetime.fromisoformat(answer["currentTime"])
        assert told.tzinfo is not None, answer
        assert abs((datetime.now(UTC) - told).total_seconds()) < 60, answer
        return answer

    async def tell_connectors(self, state: str = "Available") -> None:
        """Tells the state of all connectors (there is one), both ways that OCPP has."""
        await self.tell_status(state)
        await self.tell_event(state)

    async def tell_status(self, state: str = "Available") -> None:
        status = {
            "timestamp": now(),
            "connectorStatus": state,
            "evseId": 1,
            "connectorId": 1,
        }
        await self.call("StatusNotification", status)

    async def tell_event(self, state: str = "Available") -> None:
        event = {
            "eventId": next(self._ids),
            "timestamp": now(),
            "trigger": "Delta",
            "actualValue": state,
            "eventNotificationType": "HardWiredNotification",
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
        }
        await self.call("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [event]})

    async def booted(self, reason: str = "PowerUp") -> None:
        """The reusable state Booted (Part 6, table 390)."""
        assert (await self.boot(reason))["status"] == "Accepted"
        await self.tell_connectors()

    async def report(self, request_id: int, parts: list[list[Payload]]) -> None:
        """NotifyReport in parts, the last without `tbc`."""
        for number, data in enumerate(parts):
            part = {
                "requestId": request_id,
                "generatedAt": now(),
                "seqNo": number,
                "tbc": number < len(parts) - 1,
                "reportData": data,
            }
            await self.call("NotifyReport", part)


def report_data(
    component: str, variable: str, value: str, mutability: str = "ReadWrite"
) -> Payload:
    """One variable as a report has it."""
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": [{"type": "Actual", "value": value, "mutability": mutability}],
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False},
    }


def basic(user: str, password: str) -> dict[str, str]:
    """The Authorization header of HTTP Basic authentication."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


@asynccontextmanager
async def station(
    url: str,
    station_id: str,
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[RawStation]:
    """A connected station; the upgrade must succeed with OCPP 2.0.1 agreed on."""
    socket = await connect(
        f"{url.rstrip('/')}/{station_id}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        additional_headers=headers or {},
        proxy=None,
        ssl=tls,
    )
    assert socket.subprotocol == "ocpp2.0.1"
    raw = RawStation(socket)
    try:
        yield raw
    finally:
        await raw.close()


async def refusal(
    url: str,
    station_id: str,
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> int:
    """The HTTP status of an upgrade that must be refused."""
    try:
        async with station(url, station_id, headers, tls):
            pass
    except InvalidStatus as refused:
        return refused.response.status_code
    raise AssertionError("the upgrade was not refused")
