"""K02: the end of profiles whose transaction or time is over, and of old records of ours.

A station removes the TxProfiles of a transaction by itself when it ends (K02.FR.05).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from citrine_py.model.charging_profiles import CHARGING_PROFILE, IN_FORCE, ChargingProfile
from citrine_py.model.keys import transaction_key
from citrine_py.model.transactions import LIVE_TRANSACTION
from citrine_py.ports import Change, Clock, Delete, Put, Records

_PATIENCE = timedelta(days=1)
"""What a transaction that is not known may take to be told of."""
_OVER = frozenset({"Ended", "Cleared", "Refused"})
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ProfileTidying:
    """`days`: the age at which records of what is over go; people's own rows stay."""

    records: Records
    clock: Clock
    days: int = 30

    async def tidy(self) -> None:
        """Looks at all records once.

        Raises:
            StoreUnavailable: the journal takes nothing now.
        """
        now = self.clock.now()
        changes = [
            change
            for row in self.records.select(CHARGING_PROFILE)
            if (change := self._due(row, now)) is not None
        ]
        await self.records.write(*changes[:_AT_ONCE])

    def _due(self, row: ChargingProfile, now: datetime) -> Change | None:
        if row.status in IN_FORCE:
            fields = self._news(row, now)
            return Put(CHARGING_PROFILE, row.id, fields) if fields else None
        old = row.timestamp is not None and row.timestamp + timedelta(days=self.days) < now
        if row.status in _OVER and row.source not in (None, "Operator") and old:
            return Delete(CHARGING_PROFILE, row.id)
        return None

    def _news(self, row: ChargingProfile, now: datetime) -> dict[str, Any]:
        if row.validTo is not None and row.validTo <= now:
            return {"status": "Ended", "statusInfo": "its time is over", "timestamp": now}
        if row.chargingProfilePurpose != "TxProfile":
            return {}
        if row.transactionId is None:
            return self._begun(row, now)
        key = transaction_key(row.station or "", row.transactionId)
        transaction = self.records.get(LIVE_TRANSACTION, key)
        known = transaction is not None and transaction.isActive is not None
        if (transaction is not None and known and not transaction.isActive) or (
            not known and row.timestamp is not None and row.timestamp + _PATIENCE < now
        ):
            return {"status": "Ended", "statusInfo": "its transaction is over", "timestamp": now}
        return {}

    def _begun(self, row: ChargingProfile, now: datetime) -> dict[str, Any]:
        """One that went along with a RequestStartTransaction (K05), once that has begun."""
        begun = self.records.select(
            LIVE_TRANSACTION, station=row.station, remoteStartId=row.remoteStartId
        )
        if row.remoteStartId is not None and begun:
            return {"transactionId": begun[0].transactionId, "evseId": begun[0].evseId}
        if row.timestamp is not None and row.timestamp + _PATIENCE < now:
            return {"status": "Ended", "statusInfo": "no transaction came of it", "timestamp": now}
        return {}
