"""Keeps the dead letters, in memory and in the journal, and their rows in step with them.

A letter and the change of its row go into the journal together, in the same
transaction in which the refused change leaves it. When to do what is decided in
`dead_letters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import structlog

from citrine_py.model.dead_letters import DEAD_LETTER, DeadLetter
from citrine_py.store import codec
from citrine_py.store.cache import Shelf
from citrine_py.store.changes import Op
from citrine_py.store.journal import Change, Journal
from citrine_py.store.letter import Letter
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending

log = structlog.get_logger()

KEPT = 10_000
"""Letters that are kept, those that were refused last."""
KEPT_BYTES = 64 * 1024 * 1024
"""And no more than these, in the form in which the journal has them."""

_TABLE = DEAD_LETTER.directus
_ENDS = {
    "delivered": "letter.delivered",
    "discarded": "letter.discarded",
    "removed": "letter.removed",
}

Place: TypeAlias = tuple[str, str]
"""A row, by table and key."""


class LetterBox:
    """The letters, the one that was kept last at the end. `rows` are what operators see."""

    def __init__(
        self, rows: Shelf[DeadLetter], pending: Pending, mirror: Mirror, journal: Journal
    ) -> None:
        self._rows = rows
        self._pending = pending
        self._mirror = mirror
        self._journal = journal
        self._letters: dict[Place, Letter] = {}
        self._places: dict[str, Place] = {}
        self._waits: dict[Place, frozenset[str]] = {}
        self._orphans: dict[str, dict[Place, None]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._letters)

    def get(self, place: Place | None) -> Letter | None:
        """The letter of a row."""
        return None if place is None else self._letters.get(place)

    def place(self, row: str) -> Place | None:
        """Whose letter a row of DeadLetter shows, by its key."""
        return self._places.get(row)

    def waits_for(self, key: str) -> bool:
        """Whether a letter may have been refused because there was no record `key`."""
        return key in self._orphans

    def waiting_for(self, key: str) -> list[Place]:
        """Whose letters these are."""
        return list(self._orphans.get(key, ()))

    async def restore(self) -> None:
        """Takes up what the journal holds."""
        letters = [Letter.decoded(data) for data in await self._journal.letters()]
        for letter in sorted(letters, key=lambda each: each.last):
            self._enter(letter, letter.parents())

    def keep(self, letter: Letter, seqs: Sequence[int], waits: frozenset[str]) -> None:
        """A letter is new or has changed, and waits for records with these keys. The changes
        `seqs` are in it, or delivered."""
        place = (letter.table, letter.key)
        if place in self._letters:
            self._leave(place)
        data = letter.encoded()
        self._enter(letter, waits)
        self.follow(seqs, {letter.id: data}, self._row_change(letter))
        while len(self) > KEPT or (self._bytes > KEPT_BYTES and len(self) > 1):
            log.error("letter.crowded_out", **self._remove(next(iter(self._letters)), ()))

    def end(self, place: Place, seqs: Sequence[int], how: str) -> None:
        """A letter goes, and its row with it. `how` is one of `_ENDS`."""
        log.info(_ENDS[how], **self._remove(place, seqs))

    def _remove(self, place: Place, seqs: Sequence[int]) -> dict[str, Any]:
        """Takes a letter and its row out; what to say of it."""
        letter = self._leave(place)
        shown = letter.id in self._rows.live
        row = Op(_TABLE, letter.id, deletes=True) if shown else None
        self.follow(seqs, {letter.id: None}, row)
        return {"collection": letter.table, "key": letter.key, "times": letter.times}

    def given_up(self, letter: Letter) -> bool:
        """Whether an operator has removed the letter's row, which is on its way."""
        return any(op.deletes or op.replaces for op in self._pending.ops(_TABLE, letter.id))

    def show_missing(self) -> None:
        """Makes the rows that Directus once refused or has lost. The letters of those that an
        operator deleted have ended already."""
        for letter in self._letters.values():
            if letter.id not in self._rows.live:
                self.follow((), {}, self._row_change(letter))

    def follow(self, seqs: Iterable[int], letters: dict[str, bytes | None], row: Op | None) -> None:
        """Has the journal settle changes and letters in one with the change of a row."""
        changes = []
        if row is not None:
            over = {name: values[0] for name, values in row.over.items()} or None
            fields = None if row.deletes else row.fields
            changes.append(Change(DEAD_LETTER.name, row.key, fields, over))
        numbers = self._journal.settle(seqs, letters, changes)
        if row is not None:
            row.seqs, row.durable = numbers, True
            self._pending.add(row)
            self._mirror.refold(row.table, row.key)

    # ---- inside --------------------------------------------------------------------------

    def _enter(self, letter: Letter, waits: frozenset[str]) -> None:
        place = (letter.table, letter.key)
        self._letters[place] = letter
        self._places[letter.id] = place
        self._bytes += letter.size
        self._waits[place] = waits
        for key in waits:
            self._orphans.setdefault(key, {})[place] = None

    def _leave(self, place: Place) -> Letter:
        letter = self._letters.pop(place)
        del self._places[letter.id]
        self._bytes -= letter.size
        for key in self._waits.pop(place):
            self._orphans[key].pop(place)
            if not self._orphans[key]:
                del self._orphans[key]
        return letter

    def _row_change(self, letter: Letter) -> Op | None:
        """What brings a letter's row up to date. Its status is the operators' but for the first
        one, and for Open again after a retry that failed."""
        held = self._rows.live.get(letter.id)
        fields = codec.checked(DEAD_LETTER, letter.id, letter.row())
        over: dict[str, tuple[Any, ...]] = {}
        if held is not None:
            fields = {name: v for name, v in fields.items() if getattr(held, name) != v}
        if held is None or (held.status == "Retry" and not letter.retrying):
            fields["status"] = "Open"
            over["status"] = (None if held is None else "Retry",)
        if not fields:
            return None
        return Op(_TABLE, letter.id, fields, over, views=frozenset((DEAD_LETTER.name,)))
