"""What the floors ask of each other about what operators want of stations; as `ports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from citrine_py.model.variables import VariableAttribute
from citrine_py.ports import Payload


class Vault(Protocol):
    """Keeps secrets that have to be said again, unlike a password's hash."""

    def seal(self, station: str, secret: str) -> str:
        """Makes `secret` unreadable without the key of the settings, and for one station."""

    def open(self, station: str, sealed: str) -> str | None:
        """The secret; None where it was sealed with another key, or for another station."""


class WishedVariables(Protocol):
    """Values that stations are to have once they are there."""

    async def want(self, station: str, report_data: Payload) -> Sequence[VariableAttribute]:
        """Wants the values of an OCPP ReportData, each attribute's in place of what was wanted
        before; one without a value is not wanted any more. Returns the rows.

        Raises:
            NotFound: no such station.
            BadRequest: a variable that cannot be set, or is a secret.
        """


@dataclass(frozen=True, slots=True)
class CsmsAddress:
    """A charger port of ours. `url`: how stations reach it, if that is known."""

    listener: str
    security_profile: int
    url: str | None = None
