"""D01: what stands in local lists now, and which edits of tokens led there.

Edits are remembered for a while, in memory, so that a station whose list is known gets what
has changed and not the whole. Looks tokens up in slices, so that nobody waits for a big fleet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from citrine_py.model.authorizations import AUTHORIZATION, Authorization
from citrine_py.modules.authorization import group_record, place_of
from citrine_py.modules.local_list import Contents, Wanted, total
from citrine_py.ports import Clock, Payload, Records

REMEMBERED = 5000
"""Edits; a station that missed more gets the whole list."""
SLICE = 500
"""Tokens or stations looked at in one go."""


@dataclass(frozen=True, slots=True)
class _Edit:
    key: str
    before: Authorization | None


class ListEdits:
    """The edits of tokens, and the lists that they lead to. `master_group`: the group of
    master passes."""

    def __init__(self, records: Records, clock: Clock, master_group: str) -> None:
        self._records = records
        self._clock = clock
        self._master_group = master_group
        self._edits: list[_Edit] = []
        self._forgotten = 0  # edits before the first of `_edits`
        self._contents: Contents | None = None

    @property
    def seen(self) -> int:
        """How many edits there have been."""
        return self._forgotten + len(self._edits)

    def changed(self, key: str, before: Authorization | None) -> None:
        """A token was edited, made or removed."""
        self._edits.append(_Edit(key, before))
        if len(self._edits) > REMEMBERED:
            self._forgotten += len(self._edits) - REMEMBERED
            del self._edits[:-REMEMBERED]
        self._contents = None

    def outdated(self) -> None:
        """Something else has changed that lists depend on, or time has passed."""
        self._contents = None

    def begun(self, start: datetime) -> None:
        """The tokens that became valid at `start` stand in lists from now on."""
        for token in self._records.select(AUTHORIZATION, inLocalList=True):
            if token.validFrom == start:
                self.changed(token.id, None)
        self.outdated()

    async def contents(self) -> Contents:
        """The lists as they should be now."""
        if self._contents is not None:
            return self._contents
        made = Contents(self._clock.now(), self._master_group, edits=self.seen)
        for number, token in enumerate(self._records.select(AUTHORIZATION, inLocalList=True)):
            if number % SLICE == SLICE - 1:
                await self._clock.sleep(0)
            made.add(token, group_record(self._records, token))
        if made.edits == self.seen:
            self._contents = made
        return made

    async def wanted(self, station: str) -> Wanted:
        """The list that a station should have now."""
        return (await self.contents()).at(place_of(self._records, station))

    def changes(self, station: str, has: int, digest: int, wanted: Wanted) -> list[Payload] | None:
        """OCPP's AuthorizationData for a change of the list that the station has, which is of
        `digest` and from when there were `has` edits. None if the edits do not explain all of
        the difference, or are more than the list."""
        end = wanted.contents.edits
        if has < self._forgotten:
            return None
        befores: dict[str, Authorization | None] = {}
        for edit in self._edits[has - self._forgotten : end - self._forgotten]:
            befores.setdefault(edit.key, edit.before)
        place = place_of(self._records, station)
        changes: list[Payload] = []
        for key, before in befores.items():
            old, new = wanted.contents.before(before, place), wanted.get(key)
            digest = total(digest, -(old.digest if old else 0), new.digest if new else 0)
            if new is not None and new != old:
                changes.append(new.data)
            elif old is not None and new is None:
                changes.append(old.removal)
        explained = digest == wanted.digest
        return changes if explained and 0 < len(changes) <= wanted.count else None
