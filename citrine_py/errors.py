"""Our exceptions, as one small tree, and what each becomes at the seams.

    CitrineError
    ├── BadSettings            start-up message
    ├── BadRequest             the caller's mistake        HTTP 400
    │   ├── NotFound           no such station or record   HTTP 404
    │   └── Forbidden          not allowed                 HTTP 403
    ├── StationError           a call to a station failed
    │   ├── StationOffline     not connected               HTTP 502
    │   ├── StationBusy        its queue is full           HTTP 503
    │   ├── StationSilent      no answer in time, or the line broke   HTTP 504
    │   ├── StationRefused     it answered CALLERROR       HTTP 502
    │   └── StationIncoherent  its answer breaks the schema   HTTP 502
    ├── StoreUnavailable       the journal cannot take it  HTTP 503, CALLERROR InternalError
    └── DirectusError          Directus refused or is away HTTP 502

`citrine_py.ocpp.errors.CallError` (what OCPP calls a CALLERROR) stands beside
this tree: it belongs to the protocol. `HTTP_STATUS` is the one table to HTTP;
`edge.connection` is the one place that makes CALLERRORs.
"""

from __future__ import annotations

from collections.abc import Sequence


class CitrineError(Exception):
    """The root: something we can name went wrong; `str()` is fit for a user's eyes."""


class BadSettings(CitrineError):
    """Settings that cannot be started with; `lines` has one explanation per wrong value."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class BadRequest(CitrineError):
    """The caller's mistake; the message says what to do about it."""


class NotFound(BadRequest):
    """No such station or record."""


class Forbidden(BadRequest):
    """The caller may not do this."""


class TooLarge(BadRequest):
    """What was sent is longer than it may be."""


class StationError(CitrineError):
    """A call to a station that brought no answer."""


class StationOffline(StationError):
    """The station is not connected."""


class StationBusy(StationError):
    """Too many calls wait for this station already."""


class StationSilent(StationError):
    """The call went out and no answer came: whether it took effect is not known."""


class StationRefused(StationError):
    """The station answered CALLERROR."""

    def __init__(self, code: str, description: str, details: dict[str, object]) -> None:
        self.code = code
        self.description = description
        self.details = details
        super().__init__(
            f"the station answered {code}" + (f": {description}" if description else "")
        )


class StationIncoherent(StationError):
    """The station's answer does not fit OCPP's schema."""


class StoreUnavailable(CitrineError):
    """The journal cannot take a change: full, closed or its disk failed."""


class DirectusError(CitrineError):
    """Directus refused a request (`status`) or could not be reached (`status` None)."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


HTTP_STATUS: dict[type[CitrineError], int] = {
    NotFound: 404,
    Forbidden: 403,
    TooLarge: 413,
    BadRequest: 400,
    StationOffline: 502,
    StationBusy: 503,
    StationSilent: 504,
    StationRefused: 502,
    StationIncoherent: 502,
    StoreUnavailable: 503,
    DirectusError: 502,
}


def http_status(error: CitrineError) -> int:
    """The HTTP status of an error: that of its nearest class in `HTTP_STATUS`, else 500."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)
