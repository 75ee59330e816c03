"""One OCPP-J conversation without I/O: frames and time in, effects out.

Everything that changes the conversation's state is here (Part 4, section 4). It
awaits nothing, reads no clock, opens no socket and does not know which side it
is on: the service and the simulator use the same core. It knows no action and no
schema; `version` tells how errors are spelled.

After each call the caller carries out the effects in their order, and calls
`tick` when `wake_at` has come.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from citrine_py.ocpp.effects import (
    Effect,
    Failure,
    Handle,
    Note,
    Payload,
    Received,
    Send,
    Settled,
    Ticket,
)
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.frames import (
    Call,
    Reply,
    Unreadable,
    call_error,
    call_frame,
    read,
    result_frame,
)

ANSWERS_KEPT = 32
ANSWER_BYTES_KEPT = 262_144
"""How many answers, and characters of them, are kept for calls that are sent again."""
CHARACTERS_QUEUED = 8_388_608
"""Characters of all calls that wait behind the outstanding one."""


class Session:
    """The conversation on one connection.

    Args:
        version: OCPP's, "2.0.1" or "1.6".
        new_id: makes the message ids of our calls, at most 36 characters.
        timeout: seconds the other side has to answer a call, from its sending.
        queue: calls that may wait behind the outstanding one.
    """

    def __init__(
        self, version: str, new_id: Callable[[], str], timeout: float = 30, queue: int = 100
    ) -> None:
        self.version = version
        self._new_id = new_id
        self._timeout = timeout
        self._queue = queue
        self._closed = False
        self._outstanding: Ticket | None = None
        self._deadline: float | None = None
        self._waiting: deque[Ticket] = deque()
        self._past: deque[tuple[str, str]] = deque(maxlen=ANSWERS_KEPT)  # timed out: id, action
        self._in_work: dict[str, tuple[str, int]] = {}  # action, fingerprint of the call
        self._answers = _Answers()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "outstanding" if self._outstanding else "idle"
        return (
            f"<Session {self.version}, {state}, {len(self._waiting)} waiting, "
            f"{len(self._in_work)} in work>"
        )

    @property
    def wake_at(self) -> float | None:
        """When `tick` is due, on the clock of `now`; None if no time-out runs."""
        return self._deadline

    # ---- the other side's calls --------------------------------------------------------

    def receive(self, text: str, now: float) -> list[Effect]:
        """Takes a message that came in at `now`. Never raises, whatever it is."""
        if self._closed:
            return []
        frame = read(text)
        if isinstance(frame, Call):
            return self._receive_call(frame, hash(text))
        if isinstance(frame, Reply):
            return self._receive_reply(frame, now)
        return self._receive_unreadable(frame)

    def answer(self, message_id: str, payload: Payload) -> list[Effect]:
        """Answers a call that is in work. Nothing happens once the connection is lost.

        Raises:
            TypeError: the payload is no JSON; the call stays in work.
            KeyError: no such call is in work.
        """
        if self._closed:
            return []
        action, fingerprint = self._in_work[message_id]
        effect = Send("result", result_frame(message_id, payload), action)
        return self._answered(message_id, fingerprint, effect)

    def refuse(self, message_id: str, error: CallError) -> list[Effect]:
        """Answers a call that is in work by CALLERROR. Raises as `answer`.

        An InternalError is not kept: the station may try the same call again, and it may go well.
        """
        if self._closed:
            return []
        action, fingerprint = self._in_work[message_id]
        effect = self._error(message_id, action, error)
        if error.code == "InternalError":
            del self._in_work[message_id]
            return [effect]
        return self._answered(message_id, fingerprint, effect)

    def _answered(self, message_id: str, fingerprint: int, effect: Send) -> list[Effect]:
        del self._in_work[message_id]
        self._answers.keep(message_id, fingerprint, effect)
        return [effect]

    def _error(self, message_id: str, action: str | None, error: CallError) -> Send:
        text = call_error(self.version, message_id, error)
        return Send("error", text, action, error.code)

    def _receive_unreadable(self, frame: Unreadable) -> list[Effect]:
        return [
            Received("unreadable", None),
            Note("frame.unreadable", frame.message_id, frame.fault.description),
            self._error(frame.message_id or "-1", None, frame.fault),
        ]

    def _receive_call(self, call: Call, fingerprint: int) -> list[Effect]:
        effects: list[Effect] = [Received("call", call.action or None)]
        if call.message_id in self._in_work:
            return [*effects, Note("call.repeated", call.message_id, "still in work")]
        kept = self._answers.find(call.message_id)
        if kept is not None and kept[0] == fingerprint:
            return [*effects, Note("call.repeated", call.message_id, "answered again"), kept[1]]
        if kept is not None:
            effects.append(Note("call.id_reused", call.message_id, "taken as a new call"))
        if call.fault is not None:
            effects.append(Note("call.malformed", call.message_id, call.fault.description))
            refusal = self._error(call.message_id, call.action or None, call.fault)
            self._answers.keep(call.message_id, fingerprint, refusal)
            return [*effects, refusal]
        self._in_work[call.message_id] = (call.action, fingerprint)
        effects.append(Handle(call.message_id, call.action, call.payload))
        return effects

    # ---- our calls ---------------------------------------------------------------------

    def request(
        self, action: str, payload: Payload, now: float, seconds: float | None = None
    ) -> tuple[Ticket, list[Effect]]:
        """Sends a call, or queues it behind the outstanding one (Part 4, 4.1.1).

        A full queue and a lost connection are told by a Settled among the effects.

        Raises:
            TypeError: the payload is no JSON.
        """
        message_id = self._new_id()
        text = call_frame(message_id, action, payload)
        ticket = Ticket(message_id, action, text, self._timeout if seconds is None else seconds)
        if self._closed:
            return ticket, [Settled(ticket, failure=Failure("unsent"))]
        if self._outstanding is not None and self._is_full(len(text)):
            return ticket, [Settled(ticket, failure=Failure("busy"))]
        self._waiting.append(ticket)
        return ticket, self._send_next(now)

    def _is_full(self, more: int) -> bool:
        size = sum(len(ticket.text) for ticket in self._waiting) + more
        return len(self._waiting) >= self._queue or size > CHARACTERS_QUEUED

    def withdraw(self, ticket: Ticket) -> bool:
        """Takes back a request that has not been sent yet; its Settled will not come.
        False if it was sent: then its Settled still comes."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            return True
        return False

    def tick(self, now: float) -> list[Effect]:
        """Lets time pass: settles the outstanding request if its time is over."""
        if self._outstanding is None or self._deadline is None or now < self._deadline:
            return []
        ticket = self._outstanding
        self._past.append((ticket.message_id, ticket.action))
        self._outstanding = self._deadline = None
        return [Settled(ticket, failure=Failure("silent")), *self._send_next(now)]

    def lost(self) -> list[Effect]:
        """The connection is gone: settles every request. The session takes nothing more."""
        if self._closed:
            return []
        effects: list[Effect] = []
        if self._outstanding is not None:
            effects.append(Settled(self._outstanding, failure=Failure("lost")))
        effects += [Settled(ticket, failure=Failure("unsent")) for ticket in self._waiting]
        self._closed = True
        self._outstanding = self._deadline = None
        self._waiting.clear()
        self._in_work.clear()
        self._answers = _Answers()
        return effects

    def _send_next(self, now: float) -> list[Effect]:
        if self._outstanding is not None or not self._waiting:
            return []
        ticket = self._waiting.popleft()
        self._outstanding = ticket
        self._deadline = now + ticket.seconds
        return [Send("call", ticket.text, ticket.action)]

    def _receive_reply(self, reply: Reply, now: float) -> list[Effect]:
        ticket = self._outstanding
        if ticket is None or ticket.message_id != reply.message_id:
            return self._receive_stray(reply)
        self._outstanding = self._deadline = None
        if reply.fault is not None:
            settled = Settled(ticket, failure=Failure("malformed", "", reply.fault.description))
        elif reply.kind == "error":
            refused = Failure("refused", reply.code, reply.description, reply.payload)
            settled = Settled(ticket, failure=refused)
        else:
            settled = Settled(ticket, reply.payload)
        return [Received(reply.kind, ticket.action), settled, *self._send_next(now)]

    def _receive_stray(self, reply: Reply) -> list[Effect]:
        late = next((action for old, action in self._past if old == reply.message_id), None)
        if late is not None:
            return [Received(reply.kind, late), Note("reply.late", reply.message_id, late)]
        return [Received(reply.kind, None), Note("reply.unknown", reply.message_id, reply.code)]


class _Answers:
    """The latest answers by message id, to give again.

    At most ANSWERS_KEPT of them and about ANSWER_BYTES_KEPT characters, but always the
    last one. A call counts as the same if its text has the same hash.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Send]] = OrderedDict()
        self._size = 0

    def keep(self, message_id: str, fingerprint: int, answer: Send) -> None:
        self._forget(message_id)
        self._kept[message_id] = (fingerprint, answer)
        self._size += len(answer.text)
        while len(self._kept) > ANSWERS_KEPT or (
            self._size > ANSWER_BYTES_KEPT and len(self._kept) > 1
        ):
            self._forget(next(iter(self._kept)))

    def find(self, message_id: str) -> tuple[int, Send] | None:
        return self._kept.get(message_id)

    def _forget(self, message_id: str) -> None:
        old = self._kept.pop(message_id, None)
        if old is not None:
            self._size -= len(old[1].text)
