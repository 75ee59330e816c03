"""One station's websocket: carries out what its session core asks for.

Reads frames one by one and answers each call before it reads the next, so a
handler must never wait for its own station. The one place that makes CALLERRORs
of exceptions. Knows no rule: it asks Dispatch.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from citrine_py.edge.config import CallLimits
from citrine_py.edge.failures import log_failure
from citrine_py.edge.outcome import reply_of
from citrine_py.edge.pace import Pace
from citrine_py.edge.stats import EdgeStats
from citrine_py.errors import BadRequest, StoreUnavailable
from citrine_py.ocpp import catalogue
from citrine_py.ocpp.effects import Effect, Handle, Note, Received, Send, Settled, Ticket
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.redaction import redact_frame
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ocpp.session import Session
from citrine_py.ports import Call, Clock, Dispatch, FrameLog, NewId, Payload, Presence, SessionInfo

log = structlog.get_logger()

NORMAL, GOING_AWAY, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1001, 1011, 1013
_NOTES_LOGGED = 10
_REASONS_COUNTED = 50


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What every connection needs of the other floors, and its limits."""

    dispatch: Dispatch
    presence: Presence
    frames: FrameLog
    schemas: Schemas
    clock: Clock
    new_id: NewId
    limits: CallLimits
    stats: EdgeStats


class Connection:
    """The conversation with one station, from the upgrade to the close."""

    def __init__(
        self, socket: ServerConnection, info: SessionInfo, version: str, near: Neighbours
    ) -> None:
        self.info = info
        self._socket = socket
        self._version = version
        self._near = near
        self._session = Session(version, near.new_id, near.limits.timeout.now, near.limits.queue)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._calls: dict[Ticket, asyncio.Future[Settled]] = {}
        self._notes: Counter[str] = Counter()
        self._closing: asyncio.Task[None] | None = None
        self._stopping = False
        self._busy = False
        self._stuck_since: float | None = None
        self._pace = Pace(near.limits.rate)
        self._slowed = False

    def __repr__(self) -> str:
        return f"<Connection {self.info.station} {self.info.id} {self._session!r}>"

    # ---- its life ----------------------------------------------------------------------

    async def run(self) -> str:
        """Serves the station until the connection is closed, and returns why it was."""
        try:
            while not self._stopping:
                message = await self._socket.recv()
                if not self._stopping:
                    await self._take(message)
                    await self._slow_down()
            self.close(GOING_AWAY, "the service stops")
            await self._socket.wait_closed()
        except ConnectionClosed as closed:
            return _why(closed)
        except OSError:  # the line broke while we waited for room to write
            return "connection lost"
        finally:
            self._end()
        return "closed by the service"

    def close(self, code: int, reason: str) -> None:
        """Closes the websocket, without waiting; a station that does not go along is cut off."""
        self._stopping = True
        if self._closing is None:
            self._closing = self._loop.create_task(self._shut(code, reason))

    def replace(self) -> None:
        """A newer connection of the station is here: nothing goes in or out any more."""
        self.close(NORMAL, "replaced")
        self._end()

    def stop(self) -> None:
        """Closes as soon as the call in work is answered."""
        self._stopping = True
        if not self._busy:
            self.close(GOING_AWAY, "the service stops")

    def abort(self) -> None:
        """Cuts the line."""
        self._socket.transport.abort()

    def watch(self, now: float) -> None:
        """Cuts off a station that has long not read what we send. Called now and then."""
        if not self._socket.paused:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since >= self._near.limits.stall:
            log.warning("connection.stalled", station=self.info.station)
            self._near.stats.stalled += 1
            self.abort()

    async def _shut(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(2 * (self._socket.close_timeout or 5)):
                await self._socket.close(code, reason)
        except TimeoutError:  # it waits for room in the write buffer
            self.abort()

    def _end(self) -> None:
        self._carry_out(self._session.lost())  # its time-out goes with it

    # ---- the station's frames ----------------------------------------------------------

    async def _take(self, message: str | bytes) -> None:
        text = message if isinstance(message, str) else message.decode("utf-8", "replace")
        try:
            self._near.presence.seen(self.info)
            effects = self._session.receive(text, self._near.clock.monotonic())
            handle = self._carry_out(effects, text)
            if handle is not None:
                self._busy = True
                await self._answer(handle)
        except Exception as error:  # noqa: BLE001 - a seam: no frame may end the conversation
            log_failure("frame.failed", error)
        finally:
            self._busy = False
        if self._socket.paused:
            await self._socket.drain()

    async def _slow_down(self) -> None:
        """Does not read for a while if the station sends more than its share."""
        wait = self._pace.wait(self._near.clock.monotonic())
        if wait <= 0:
            return
        self._near.stats.slowed += 1
        if not self._slowed:
            self._slowed = True
            log.warning("connection.slowed", station=self.info.station, rate=self._near.limits.rate)
        await asyncio.sleep(wait)

    async def _answer(self, handle: Handle) -> None:
        try:
            payload = await self._result(handle)
            effects = self._session.answer(handle.message_id, payload)
        except CallError as error:
            why = f"{handle.action}: {error.code}, {error.description}"
            self._note(Note("call.refused", handle.message_id, why))
            effects = self._session.refuse(handle.message_id, error)
        except StoreUnavailable as error:
            log.warning("call.unrecorded", action=handle.action, reason=str(error))
            refusal = CallError("InternalError", "the service cannot keep records now")
            effects = self._session.refuse(handle.message_id, refusal)
        except Exception as error:  # noqa: BLE001 - a seam: a mistake of ours, not the station's
            log_failure("call.failed", error, action=handle.action)
            refusal = CallError("InternalError", "the service failed; see its log")
            effects = self._session.refuse(handle.message_id, refusal)
        self._carry_out(effects)

    async def _result(self, handle: Handle) -> Payload:
        call = Call(
            station=self.info.station,
            action=handle.action,
            payload=handle.payload,
            message_id=handle.message_id,
            version=self._version,
            session=self.info.id,
            received=self._near.clock.now(),
        )
        payload = await self._near.dispatch.answer(call)
        try:
            self._near.schemas.check_response(self._version, handle.action, payload)
        except CallError as error:
            raise ValueError(f"the answer breaks OCPP's schema: {error.description}") from None
        return payload

    # ---- our calls ---------------------------------------------------------------------

    async def call(self, action: str, payload: Payload, seconds: float | None = None) -> Payload:
        """ports.Stations.call, for this station."""
        row = catalogue.find(self._version, action)
        if row is None or not row.sent:
            raise BadRequest(f"{action} is no message that OCPP {self._version} sends to stations")
        try:
            self._near.schemas.check_request(self._version, action, payload)
        except CallError as error:
            raise BadRequest(f"{action}: {error.description}") from None
        now = self._near.clock.monotonic()
        if seconds is None:
            seconds = self._near.limits.timeout.now
        ticket, effects = self._session.request(action, payload, now, seconds)
        future: asyncio.Future[Settled] = self._loop.create_future()
        self._calls[ticket] = future
        self._carry_out(effects)
        try:
            settled = await future
        finally:
            self._calls.pop(ticket, None)
            self._session.withdraw(ticket)
        return reply_of(settled, self.info.station, self._version, self._near.schemas)

    # ---- effects -----------------------------------------------------------------------

    def _carry_out(self, effects: Sequence[Effect], text: str = "") -> Handle | None:
        handle = None
        for effect in effects:
            if isinstance(effect, Received):
                self._near.stats.received[effect.kind] += 1
                self._keep("in", text, effect.action)
            elif isinstance(effect, Send):
                self._write(effect)
            elif isinstance(effect, Handle):
                handle = effect
            elif isinstance(effect, Settled):
                future = self._calls.get(effect.ticket)
                if future is not None and not future.done():
                    future.set_result(effect)
            else:
                self._note(effect)
        self._set_timer()
        return handle

    def _write(self, send: Send) -> None:
        """Hands a frame to the socket at once; the reader waits when its buffer is full."""
        if self._socket.state is not State.OPEN:
            return
        broadcast([self._socket], send.text)
        self._near.stats.sent[send.kind] += 1
        if send.code is not None:
            self._near.stats.call_errors[send.code] += 1
        self._keep("out", send.text, send.action)

    def _keep(self, direction: Literal["in", "out"], text: str, action: str | None) -> None:
        self._near.frames.frame(self.info, direction, redact_frame(text, action), action)

    def _note(self, note: Note) -> None:
        """Logs an oddity; one that goes on and on ever more rarely."""
        self._near.stats.notes[note.event] += 1
        kind = note.event
        if kind == "call.refused" and len(self._notes) < _REASONS_COUNTED:
            kind = f"{kind} {note.detail}"  # one reason that goes on and on hides no other
        self._notes[kind] += 1
        times = self._notes[kind]
        if times <= _NOTES_LOGGED or times & (times - 1) == 0:
            log.info(note.event, message_id=note.message_id, detail=note.detail, times=times)

    def _set_timer(self) -> None:
        due = self._session.wake_at
        if due == self._due:
            return
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            wait = max(0.0, due - self._near.clock.monotonic())
            self._timer = self._loop.call_later(wait, self._tick)

    def _tick(self) -> None:
        self._due = self._timer = None
        self._carry_out(self._session.tick(self._near.clock.monotonic()))


def _why(closed: ConnectionClosed) -> str:
    if closed.rcvd is not None and (closed.sent is None or closed.rcvd_then_sent):
        return f"closed by the station: {closed.rcvd}"
    if closed.sent is not None:
        return f"closed by the service: {closed.sent}"
    return "connection lost"
