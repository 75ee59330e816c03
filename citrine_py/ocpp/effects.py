"""What a session asks of whoever holds it: the vocabulary between core and socket.

Data only. The session returns these; the connection (or a test) carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from citrine_py.ocpp.errors import ErrorCode

Payload: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["call", "result", "error", "unreadable"]


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Stands for one request of ours, until its Settled."""

    message_id: str
    action: str
    text: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Received:
    """What the frame just taken was; the first effect of every `receive`. `action` is that
    of the call it is or answers, None if that is not known."""

    kind: Kind
    action: str | None


@dataclass(frozen=True, slots=True)
class Send:
    """Write this text. `code` is a CALLERROR's."""

    kind: Kind
    text: str = field(repr=False)
    action: str | None
    code: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A call to be answered by `answer` or `refuse` with its message id."""

    message_id: str
    action: str
    payload: Payload = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no answer.

    busy, unsent: it never went out (queue full; connection lost). silent, lost: it went
    out, and no answer came in time or before the connection was lost. refused: answered by
    CALLERROR, whose parts are here. malformed: the answer was no proper frame.
    """

    reason: Literal["busy", "unsent", "silent", "lost", "refused", "malformed"]
    code: str = ""
    description: str = ""
    details: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A request of ours has its outcome: the payload of its CALLRESULT, or a failure."""

    ticket: Ticket
    payload: Payload | None = field(default=None, repr=False)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a log line; holds nothing of a payload."""

    event: str
    message_id: str | None = None
    detail: str = ""


Effect: TypeAlias = Received | Send | Handle | Settled | Note
