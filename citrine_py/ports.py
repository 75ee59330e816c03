"""What the floors ask of each other, as Protocols.

A rule names the ports it needs and nothing more; `service` hands it the real
ones, tests hand it the fakes of `tests/fakes.py`, which pass the same contract
tests. No code here, and no import but of data. The ports of tokens and of what charging
costs stand in `ports_tokens` and `ports_charging`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from citrine_py.model.collection import Collection, R
from citrine_py.model.variables import VariableAttribute

Payload: TypeAlias = dict[str, Any]

# ---- time and chance -------------------------------------------------------------------


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day, UTC and timezone-aware."""

    def monotonic(self) -> float:
        """Seconds that only go forward, for durations."""

    async def sleep(self, seconds: float) -> None:
        """Waits; a fake returns at once and moves its time."""


class Latch(Protocol):
    """Something that happens once."""

    def set(self) -> None: ...

    async def wait(self, seconds: float) -> bool:
        """Whether it happened, within `seconds`."""


class Jobs(Protocol):
    """Work that goes on after the handler that started it has answered."""

    def start(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        """Runs `job`; one of the same key that still runs is cancelled first.
        A failure is logged as `job.failed`."""

    def cancel(self, key: str) -> None: ...

    def running(self, key: str) -> bool: ...

    def latch(self) -> Latch: ...


class NewId(Protocol):
    def __call__(self) -> str:
        """A fresh random id, at most 36 characters."""


class Hasher(Protocol):
    """bcrypt, off the event loop. A pair checked once is remembered by a keyed digest."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, hashed: str) -> bool: ...


# ---- records ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Put:
    """Sets `fields` of the record `key`, which is made if it does not exist.

    `only_over`: values of shared fields on which the writer decided. Where Directus
    holds another value by then (an operator was quicker), those fields stay as they are.
    """

    collection: Collection[Any]
    key: str
    fields: Mapping[str, Any]
    only_over: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes the record `key`; it need not exist."""

    collection: Collection[Any]
    key: str


Change: TypeAlias = Put | Delete


class Records(Protocol):
    """What we remember. Reads of resident collections come from memory, at once."""

    def get(self, collection: Collection[R], key: str) -> R | None:
        """A record of a resident collection."""

    def select(self, collection: Collection[R], **equal: Any) -> Sequence[R]:
        """The records of a resident collection whose fields equal these."""

    async def find(
        self,
        collection: Collection[R],
        where: Mapping[str, Any],
        *,
        limit: int = 1000,
        offset: int = 0,
        newest_first: str | None = None,
    ) -> Sequence[R]:
        """Records of any collection whose fields equal `where` (None: is null), our own
        latest writes included. `newest_first` names a time field to sort by.

        Raises:
            DirectusError: it had to be read from Directus, which is away.
        """

    async def write(self, *changes: Change) -> None:
        """Makes the changes, all or none. They are in memory at once and durable on return.

        Raises:
            StoreUnavailable: the journal cannot take them; nothing was changed.
        """

    def post(self, *changes: Change) -> None:
        """Like `write`, without waiting: durable with (or before) the next write. Dropped
        when the journal is nearly full. For the message log."""

    def touch(self, collection: Collection[Any], key: str, **fields: Any) -> None:
        """Sets fields of `Collection.touched` in memory and, every few seconds, in Directus;
        not journalled. For what the next heartbeat says anew."""

    async def settled(self, seconds: float) -> bool:
        """Waits until everything written so far is in Directus; False if `seconds` passed."""


# ---- stations --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A station's connection. `id` is fresh for each connection."""

    id: str
    station: str
    listener: str
    security_profile: int
    protocol: str  # the websocket subprotocol, e.g. ocpp2.0.1
    remote: str  # host:port
    since: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A CALL from a station. `version` is OCPP's: "2.0.1", "1.6", "2.1"."""

    station: str
    action: str
    payload: Payload
    message_id: str
    version: str
    session: str
    received: datetime


class Stations(Protocol):
    """The connected stations."""

    def session(self, station: str) -> SessionInfo | None:
        """The station's connection, if it is connected."""

    async def call(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        """Sends a CALL, after those already waiting, and returns the station's answer.

        Raises:
            BadRequest: the payload does not fit OCPP's schema; nothing was sent.
            StationOffline, StationBusy: nothing was sent.
            StationSilent: sent, but no answer within `seconds` or before the line broke.
            StationRefused, StationIncoherent: a CALLERROR, an answer that breaks the schema.
        """

    def disconnect(self, station: str, reason: str) -> None:
        """Closes the station's connection, if any."""


@dataclass(frozen=True, slots=True)
class Knock:
    """A station asks to be let in. `user` and `password` come from the Authorization
    header, `certificate_name` is the common name of a verified client certificate."""

    station: str
    listener: str
    security_profile: int
    allow_unknown: bool
    remote: str
    user: str | None = None
    password: str | None = None
    certificate_name: str | None = None

    def __repr__(self) -> str:
        return f"Knock(station={self.station!r}, listener={self.listener!r})"


@dataclass(frozen=True, slots=True)
class Refused:
    """The upgrade is refused with this HTTP status; `reason` is logged and told."""

    status: Literal[401, 403, 404]
    reason: str


class Admission(Protocol):
    """Who may connect."""

    async def admit(self, knock: Knock) -> Refused | None:
        """None to let the station in."""


class Dispatch(Protocol):
    """Answers a station's CALL."""

    async def answer(self, call: Call) -> Payload:
        """The CALLRESULT's payload.

        Raises:
            CallError: the call is refused.
        """


class Presence(Protocol):
    """Who is here."""

    async def connected(self, session: SessionInfo) -> None:
        """The station is connected; called before its first message is handled."""

    async def gone(self, session: SessionInfo, reason: str) -> None:
        """The station is not connected any more. Never called for a session that a newer
        one of the same station has replaced."""

    def seen(self, session: SessionInfo) -> None:
        """A frame came in."""


class FrameLog(Protocol):
    """Keeps every frame for people to read."""

    def frame(
        self, session: SessionInfo, direction: Literal["in", "out"], text: str, action: str | None
    ) -> None:
        """`action` is that of the call, for its answer too; None where it is not known."""


# ---- what people ask for ---------------------------------------------------------------


class Requests(Protocol):
    """Messages that people and flows send to stations."""

    async def send(
        self, station: str, action: str, payload: Payload, *, seconds: float | None = None
    ) -> Payload:
        """Sends `action` as `Stations.call` does, in batches where the station limits them
        (B05, B06), and does what its use case asks besides.

        Raises:
            NotFound: no such station.
            StationError, BadRequest: as `Stations.call`.
        """


@dataclass(frozen=True, slots=True)
class PasswordOutcome:
    """What became of a new password. `reply` is the station's SetVariables answer, if asked."""

    success: bool
    message: str
    reply: Payload | None = None
    password: str | None = None  # only where we generated it and the caller must know it

    def __repr__(self) -> str:
        return f"PasswordOutcome(success={self.success})"


class Passwords(Protocol):
    async def set_password(
        self,
        station: str,
        password: str | None,
        *,
        set_on_charger: bool,
        when_online: bool = False,
    ) -> PasswordOutcome:
        """A01. `set_on_charger`: the station has it already, only our record changes; else
        it is sent to the station first. None generates one. `when_online`: it waits, sealed,
        until the station is there.

        Raises:
            BadRequest: it breaks OCPP's rules, or is missing where it must be given.
            StationError: the station could not be asked.
        """


class DeviceModel(Protocol):
    async def put_report_data(
        self, station: str, report_data: Payload, *, set_on_charger: bool
    ) -> Sequence[VariableAttribute]:
        """Writes an OCPP ReportData into the station's device model (not to the station) and
        returns the rows. A BasicAuthPassword among it is hashed.

        Raises:
            BadRequest: not a ReportData, or a password that breaks OCPP's rules.
        """
