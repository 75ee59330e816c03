"""What became of a request to a station: its answer, or the error that says why there is none.

Pure; the one table from the session core's failures to `errors.StationError`.
"""

from __future__ import annotations

from citrine_py.errors import (
    StationBusy,
    StationError,
    StationIncoherent,
    StationOffline,
    StationRefused,
    StationSilent,
)
from citrine_py.ocpp.effects import Failure, Settled
from citrine_py.ocpp.errors import CallError
from citrine_py.ocpp.schemas import Schemas
from citrine_py.ports import Payload


def reply_of(settled: Settled, station: str, version: str, schemas: Schemas) -> Payload:
    """The payload that the station answered with, checked.

    Raises:
        StationError: there is none, or it breaks OCPP's schema.
    """
    if settled.payload is None:
        raise _error(settled.failure or Failure("malformed"), settled, station)
    try:
        schemas.check_response(version, settled.ticket.action, settled.payload)
    except CallError as error:
        raise StationIncoherent(
            f"{station}'s answer to {settled.ticket.action} breaks OCPP's schema: "
            f"{error.description}"
        ) from None
    return settled.payload


def _error(failure: Failure, settled: Settled, station: str) -> StationError:
    action = settled.ticket.action
    if failure.reason == "refused":
        return StationRefused(failure.code, failure.description, failure.details)
    if failure.reason == "malformed":
        return StationIncoherent(
            f"{station}'s answer to {action} is malformed: {failure.description}"
        )
    if failure.reason == "busy":
        return StationBusy(f"too many calls wait for {station} already")
    if failure.reason == "unsent":
        return StationOffline(f"{station} disconnected before {action} was sent")
    if failure.reason == "lost":
        return StationSilent(f"{station} disconnected before it answered {action}")
    return StationSilent(f"{station} did not answer {action} within {settled.ticket.seconds:g} s")
