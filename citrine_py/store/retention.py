"""Prunes rows that have had their time, in small batches so that Directus stays quick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog

from citrine_py.errors import DirectusError
from citrine_py.model.collection import Collection
from citrine_py.model.times import iso
from citrine_py.ports import Clock
from citrine_py.store.directus import Directus

log = structlog.get_logger()

_FIRST = 60.0  # seconds after the start
_EVERY = 3600.0
_BATCH = 1000
_PAUSE = 0.2  # seconds between batches


class Retention:
    """Removes rows of the collections with `retained_by` that are older than `days`, or than
    `evidence_days` where they are evidence."""

    def __init__(
        self,
        collections: Iterable[Collection[Any]],
        directus: Directus,
        clock: Clock,
        days: int,
        evidence_days: int = 730,
    ) -> None:
        self._collections = [each for each in collections if each.retained_by]
        self._directus = directus
        self._clock = clock
        self._days = {False: days, True: evidence_days}

    async def run(self) -> None:
        """Prunes every hour, for ever."""
        await self._clock.sleep(_FIRST)
        while True:
            try:
                await self.prune()
            except DirectusError as error:
                log.warning("retention.failed", reason=str(error), code=error.code)
            except Exception:  # pruning is not worth ending the store
                log.exception("retention.failed")
            await self._clock.sleep(_EVERY)

    async def prune(self) -> int:
        """Removes what is too old now; the number of rows.

        Raises:
            DirectusError: the rest is left for the next time.
        """
        total = 0
        for each in self._collections:
            before = iso(self._clock.now() - timedelta(days=self._days[each.evidence]))
            count = await self._prune_one(each, before)
            total += count
            if count:
                log.info("retention.pruned", collection=each.name, rows=count, before=before)
        return total

    async def _prune_one(self, collection: Collection[Any], before: str) -> int:
        body = {
            "collection": collection.directus,
            "field": collection.retained_by,
            "before": before,
            "limit": _BATCH,
        }
        total = 0
        while True:
            answer = await self._directus.call("prune", "POST", "/citrine/prune", body)
            deleted = int(answer["deleted"])
            total += deleted
            if deleted < _BATCH:
                return total
            await self._clock.sleep(_PAUSE)
