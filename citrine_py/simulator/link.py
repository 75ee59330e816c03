"""One connection of a simulated station: carries a session's effects to a websocket.

Knows frames and calls, but not what a station does with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import uuid4

import orjson
import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from citrine_py.ocpp.effects import Effect, Handle, Note, Received, Send, Settled, Ticket
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.redaction import redact_frame
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ocpp.session import Session
from citrine_py.simulator.deeds import Reaction

Payload: TypeAlias = dict[str, Any]

log = structlog.get_logger()

SHOWN = 240
"""Characters of a message in the log."""


class NoAnswer(Exception):
    """A call of ours was refused or not answered; `code` is the CALLERROR's, if it came."""

    def __init__(self, action: str, reason: str, code: str = "") -> None:
        self.code = code
        super().__init__(f"{action}: {reason} {code}".rstrip())


class Link:
    """The conversation on one websocket.

    Args:
        react: answers a call; may raise CallError.
        follow: is given each reaction once its answer is on its way.
        delay: seconds until a call is looked at.

    Attributes:
        open: whether the line has not broken yet.
    """

    def __init__(
        self,
        station: str,
        socket: ClientConnection,
        schemas: Schemas,
        *,
        react: Callable[[str, Payload], Reaction],
        follow: Callable[[Reaction], None],
        timeout: float,
        version: str = "2.0.1",
        delay: float = 0,
    ) -> None:
        self.open = True
        self._delay = delay
        self._socket = socket
        self._schemas = schemas
        self._react = react
        self._follow = follow
        self._session = Session(version, lambda: str(uuid4()), timeout=timeout)
        self._log = log.bind(station=station)
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._answers: dict[Ticket, asyncio.Future[Payload]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Carries messages until the connection is closed, by whomever."""
        writer = self._loop.create_task(self._write())
        try:
            async for text in self._socket:
                if isinstance(text, bytes):
                    await self._socket.close(1003, "OCPP-J is text")
                    break
                self._carry(self._session.receive(text, self._loop.time()))
        except ConnectionClosed as closed:
            self._log.debug("connection.broken", reason=str(closed))
        finally:
            self.open = False
            self._carry(self._session.lost())
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if self._timer is not None:
                self._timer.cancel()

    async def call(self, action: str, payload: Payload) -> Payload:
        """Sends a call and returns its answer.

        Raises:
            NoAnswer: refused, silent, lost, or an answer that breaks the schema.
        """
        ticket, effects = self._session.request(action, payload, self._loop.time())
        answer: asyncio.Future[Payload] = self._loop.create_future()
        self._answers[ticket] = answer
        self._carry(effects)
        try:
            result = await answer
        finally:
            self._answers.pop(ticket, None)
        try:
            self._schemas.check_response(self._session.version, action, result)
        except CallError as error:
            raise NoAnswer(action, f"the answer breaks the schema: {error}") from None
        return result

    async def close(self) -> None:
        """Closes the websocket after what is still to be written."""
        await self._out.join()
        await self._socket.close()

    def abort(self) -> None:
        """Breaks the line, as a pulled cable does."""
        self._socket.transport.abort()

    async def _write(self) -> None:
        while True:
            text = await self._out.get()
            try:
                await self._socket.send(text)
            except ConnectionClosed:
                self._log.debug("message.unsent")
            finally:
                self._out.task_done()

    def _carry(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._show("sent", effect.kind, effect.action, _payload_of(effect.text))
                self._out.put_nowait(effect.text)
            elif isinstance(effect, Handle):
                self._handle(effect)
            elif isinstance(effect, Settled):
                self._settle(effect)
            elif isinstance(effect, Note):
                self._log.warning(effect.event, message_id=effect.message_id, detail=effect.detail)
            elif isinstance(effect, Received):
                pass  # the message itself is shown where it is handled or settled
        self._set_timer()

    def _handle(self, call: Handle) -> None:
        self._show("received", "call", call.action, _text(call.payload))
        if self._delay:
            self._loop.call_later(self._delay, self._react_to, call)
        else:
            self._react_to(call)

    def _react_to(self, call: Handle) -> None:
        if not self.open:
            return
        try:
            self._schemas.check_request(self._session.version, call.action, call.payload)
            reaction = self._react(call.action, call.payload)
        except CallError as error:
            self._carry(self._session.refuse(call.message_id, error))
            return
        if reaction.answer is not None:
            self._carry(self._session.answer(call.message_id, reaction.answer))
        self._follow(reaction)

    def _settle(self, settled: Settled) -> None:
        action, failure = settled.ticket.action, settled.failure
        if settled.payload is not None:
            self._show("received", "result", action, _text(settled.payload))
        answer = self._answers.get(settled.ticket)
        if failure is not None:
            self._log.warning(
                "call.failed", action=action, reason=failure.reason, code=failure.code
            )
        if answer is None or answer.done():
            return
        if failure is not None:
            answer.set_exception(NoAnswer(action, failure.reason, failure.code))
        else:
            answer.set_result(settled.payload or {})

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._session.wake_at is not None:
            self._timer = self._loop.call_at(self._session.wake_at, self._tick)

    def _tick(self) -> None:
        self._carry(self._session.tick(self._loop.time()))

    def _show(self, event: str, kind: str, action: str | None, text: str) -> None:
        shown = redact_frame(text, action)
        if len(shown) > SHOWN:
            shown = f"{shown[:SHOWN]}... ({len(shown)} characters)"
        self._log.info(f"message.{event}", kind=kind, action=action, payload=shown)


def _text(payload: Any) -> str:
    return orjson.dumps(payload).decode()


def _payload_of(frame: str) -> str:
    """A frame without its type and id: payload, or what a CALLERROR says."""
    parts = orjson.loads(frame)
    return _text(parts[2:] if parts[0] == 4 else parts[-1])
