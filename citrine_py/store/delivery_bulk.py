"""Changes through our endpoint extension: many rows a call, no flows, no realtime.

For telemetry, whose rows only the service writes.
"""

from __future__ import annotations

from collections.abc import Sequence

from citrine_py.store.changes import Op
from citrine_py.store.delivery import TableDelivery


class BulkDelivery(TableDelivery):
    """One round by `/citrine/upsert` and `/citrine/delete`."""

    async def _put(self, ops: Sequence[Op]) -> None:
        await self._in_batches(ops, self._upsert, self._reject)

    async def _upsert(self, ops: Sequence[Op]) -> None:
        rows = [self._row(op, op.fields) for op in ops]
        body = {"collection": self._table, "rows": rows}
        await self._directus.call("upsert", "POST", "/citrine/upsert", body)
        for op in ops:
            self.outcome.finish(op)

    async def _call_delete(self, keys: list[str]) -> None:
        body = {"collection": self._table, "keys": keys}
        await self._directus.call("delete", "POST", "/citrine/delete", body)
