"""Certificates that end: what operators see of it, and stations asked to renew (A02, F06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog

from citrine_py.errors import StationError, StoreUnavailable
from citrine_py.model.certificates import CERTIFICATE, Certificate, Validity
from citrine_py.modules.requests import Sender
from citrine_py.ports import Clock, Put, Records, Stations

log = structlog.get_logger()

LOOK_EVERY = 600.0
"""Seconds between looks."""
ASK_EVERY = timedelta(days=1)
"""A station that did not renew is asked again after that."""
_SOON = timedelta(days=30)
"""What operators are told where nobody is asked to renew."""

_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "ChargingStationCertificate": "SignChargingStationCertificate",
        "V2GCertificate": "SignV2GCertificate",
    }
)
"""What TriggerMessage asks for, by type."""


@dataclass(frozen=True, slots=True)
class Renewals:
    """Looks at all certificates now and then. `days` before the end a station is asked; 0 never.
    `trigger` sends TriggerMessage."""

    records: Records
    stations: Stations
    clock: Clock
    trigger: Sender
    days: int = 30

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                log.info("certificate.unrecorded", reason=str(error))
            await self.clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Tells what ends soon or has ended, and asks the stations that are there.

        Raises:
            StoreUnavailable: the journal takes nothing now.
        """
        now = self.clock.now()
        told = [
            (row, self._validity(row.notAfter, now))
            for row in self.records.select(CERTIFICATE)
            if row.notAfter is not None
        ]
        changed = [
            Put(CERTIFICATE, row.id, {"validity": validity})
            for row, validity in told
            if row.validity != validity
        ]
        if changed:
            await self.records.write(*changed)
        for row, validity in told:
            if validity != "Valid" and self._due(row, now):
                await self._ask(row, now)

    def _validity(self, until: datetime, now: datetime) -> Validity:
        if until <= now:
            return "Over"
        soon = timedelta(days=self.days) if self.days else _SOON
        return "EndsSoon" if until - now <= soon else "Valid"

    def _due(self, row: Certificate, now: datetime) -> bool:
        return (
            self.days > 0
            and row.status == "Accepted"
            and row.certificateType in _MESSAGES
            and (row.renewalAskedAt is None or now - row.renewalAskedAt >= ASK_EVERY)
            and row.station is not None
            and self.stations.session(row.station) is not None
        )

    async def _ask(self, row: Certificate, now: datetime) -> None:
        """The time is noted first, so that a station that fails is not asked all the time."""
        station = str(row.station)
        await self.records.write(Put(CERTIFICATE, row.id, {"renewalAskedAt": now}))
        asked = {"requestedMessage": _MESSAGES[str(row.certificateType)]}
        try:
            reply = await self.trigger(station, asked, None)
        except StationError as error:
            log.warning("certificate.renewal_failed", station=station, reason=str(error))
            return
        log.info("certificate.renewal_asked", station=station, status=reply["status"])
