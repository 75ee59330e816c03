"""D01, D02: brings one station's local list up to date, and notes what became of it.

As a change where it is known what the station has, else whole. A refused change is repaired
by the whole list. When this is done is `local_lists`' to say.
"""

from __future__ import annotations

import structlog

from citrine_py.errors import StationError, StationRefused
from citrine_py.model.stations import CHARGING_STATION, ChargingStation, LocalListStatus
from citrine_py.modules.local_list import Wanted, written
from citrine_py.modules.local_list_calls import Limits, LocalListCalls
from citrine_py.modules.local_list_edits import ListEdits
from citrine_py.ports import Clock, Payload, Records

log = structlog.get_logger()

_SETTLED = frozenset({"Current", "Manual"})
_REFUSALS = frozenset({"NotSupported", "NotImplemented"})  # CALLERRORs
_SHOWN = 255  # characters of localListInfo


def is_settled(record: ChargingStation, wanted: Wanted) -> bool:
    """Whether nothing that should be in its list has changed since it was last set."""
    return record.localListDigest == written(wanted.digest) and record.localListStatus in _SETTLED


class LocalListUpdate:
    """Updates stations' lists, one at a time for each station."""

    def __init__(
        self, records: Records, clock: Clock, calls: LocalListCalls, edits: ListEdits
    ) -> None:
        self._records = records
        self._clock = clock
        self._calls = calls
        self._edits = edits
        self._has: dict[str, int] = {}  # by station, the edits that its list has

    async def check(self, station: str) -> None:
        """Asks whether the station still has the version that it had; if not, the list is to
        be sent anew.

        Raises:
            StationError: as `ports.Stations.call`.
        """
        record = self._record(station)
        if record is not None and record.localListVersion is not None:
            await self.version(station)

    async def version(self, station: str, seconds: float | None = None) -> tuple[int, bool]:
        """The version that the station has (D02), and whether it is another than we knew of.
        Raises as `check`."""
        record = self._record(station)
        before = record.localListVersion if record is not None else None
        version = await self._calls.version(station, seconds)
        lost = record is not None and record.localListDigest is not None and version != before
        if lost:
            log.warning("locallist.lost", station=station, version=version, expected=before)
            await self.note(station, "Wanted", f"the station has version {version}, not {before}")
        return version, lost

    async def update(self, station: str) -> None:
        """Sends what is needed. Raises as `check`."""
        record, wanted = self._record(station), await self._edits.wanted(station)
        if record is None:
            return
        if is_settled(record, wanted):
            if record.localListStatus == "Current":
                self._has[station] = wanted.contents.edits
            return
        limits = await self._calls.limits(station)
        if limits.refusal is not None:
            await self.note(station, "NotSupported", limits.refusal)
            return
        changes = self._changes(record, wanted, limits)
        if changes is not None:
            reply = await self._calls.send(station, changes, limits, whole=False)
            if reply["status"] == "Accepted":
                await self._settle(station, wanted, limits, reply)
                return
            log.warning("locallist.repaired", station=station, status=reply["status"])
        await self._whole(station, wanted, limits, None)

    async def whole(self, station: str, seconds: float | None = None) -> Payload:
        """Sends the whole list, whatever the station has; the answer. Raises as `check`."""
        limits = await self._calls.limits(station)
        return await self._whole(station, await self._edits.wanted(station), limits, seconds)

    async def _whole(
        self, station: str, wanted: Wanted, limits: Limits, seconds: float | None
    ) -> Payload:
        """Should the station have a version beyond ours, it is sent again beyond that."""
        entries = wanted.entries(limits.entries)
        reply = await self._calls.send(station, entries, limits, whole=True, seconds=seconds)
        if reply["status"] == "VersionMismatch":
            await self._calls.version(station, seconds)
            reply = await self._calls.send(station, entries, limits, whole=True, seconds=seconds)
        await self._settle(station, wanted, limits, reply)
        return reply

    def _changes(
        self, record: ChargingStation, wanted: Wanted, limits: Limits
    ) -> list[Payload] | None:
        has = self._has.get(record.id)
        if has is None or record.localListDigest is None:
            return None
        if limits.entries is not None and wanted.count > limits.entries:
            return None
        return self._edits.changes(record.id, has, int(record.localListDigest, 16), wanted)

    async def _settle(self, station: str, wanted: Wanted, limits: Limits, reply: Payload) -> None:
        if reply["status"] != "Accepted":
            await self.note(station, "Failed", f"SendLocalList was answered {_told(reply)}")
            return
        count = wanted.count if limits.entries is None else min(wanted.count, limits.entries)
        short = f"the station has room for {count} of {wanted.count} tokens"
        record = self._record(station)
        await self._calls.note(
            station,
            localListStatus="Current",
            localListInfo=short if count < wanted.count else None,
            localListWantedVersion=record.localListVersion if record is not None else None,
            localListEntries=count,
            localListUpdatedAt=self._clock.now(),
            localListDigest=written(wanted.digest),
        )
        self._has[station] = wanted.contents.edits
        log.info("locallist.current", station=station, tokens=count)

    async def by_hand(self, station: str, payload: Payload) -> None:
        """The station has taken a list that a person or program sent. Ours does not replace it
        until a token is edited that stands in ours."""
        wanted = await self._edits.wanted(station)
        entries = payload.get("localAuthorizationList", [])
        await self._calls.note(
            station,
            localListStatus="Manual",
            localListInfo="sent by SendLocalList, not made of the tokens here",
            localListVersion=payload["versionNumber"],
            localListWantedVersion=payload["versionNumber"],
            localListEntries=len(entries) if payload["updateType"] == "Full" else None,
            localListUpdatedAt=self._clock.now(),
            localListDigest=written(wanted.digest),
        )
        self._has.pop(station, None)

    async def failed(self, station: str, error: Exception) -> bool:
        """What the station has is not known any more. Whether it is worth another try: not
        where the station knows no lists, or refuses ours."""
        refused = isinstance(error, StationRefused)
        if isinstance(error, StationRefused) and error.code in _REFUSALS:
            await self.note(station, "NotSupported", str(error))
        elif refused or not isinstance(error, StationError):
            await self.note(station, "Failed", str(error))
        else:
            await self.note(station, "Wanted", str(error))
            return True
        return False

    async def waits(self, station: str) -> None:
        """The station is not there; what it has is known all the same."""
        await self._calls.note(station, localListStatus="Wanted", localListInfo=None)

    async def note(self, station: str, status: LocalListStatus, reason: str) -> None:
        """What the station has is not what it should have, or is not known."""
        log.warning("locallist.failed", station=station, status=status, reason=reason)
        self._has.pop(station, None)
        await self._calls.note(
            station,
            localListStatus=status,
            localListInfo=reason[:_SHOWN],
            localListDigest=None,
        )

    def _record(self, station: str) -> ChargingStation | None:
        return self._records.get(CHARGING_STATION, station)


def _told(reply: Payload) -> str:
    info = reply.get("statusInfo", {})
    more = ", ".join(each for each in (info.get("reasonCode"), info.get("additionalInfo")) if each)
    return f"{reply['status']} ({more})" if more else str(reply["status"])
