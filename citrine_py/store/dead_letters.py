"""What Directus refused for good: set aside, shown to operators, retried or given up.

Each record of which a change was refused has one letter, from which a retry is
made, and one row of the collection DeadLetter, which shows it. An operator asks
by the row's status, or by deleting it; `tend` does what he asks. A letter that
belongs to a missing record is retried when that is made. What a retry writes is
`retries`' to say; letters are kept by `letter_box`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog

from citrine_py.errors import BadRequest
from citrine_py.model.collection import Collection
from citrine_py.model.dead_letters import DEAD_LETTER, DeadLetter
from citrine_py.ports import Clock
from citrine_py.store.cache import Cache
from citrine_py.store.changes import Op
from citrine_py.store.journal import Change, Journal
from citrine_py.store.letter import Letter
from citrine_py.store.letter_box import LetterBox, Place
from citrine_py.store.mirror import Mirror
from citrine_py.store.pending import Pending
from citrine_py.store.retries import Retries

log = structlog.get_logger()

_UNFIT = "It does not fit this version's records"
_LOST = (
    "The service does not have this change any more, since its journal was lost or replaced: "
    "it cannot be retried, only discarded"
)


class DeadLetters:
    """Decides what becomes of refused changes. `refusals` counts them since the start."""

    def __init__(
        self,
        collections: Iterable[Collection[Any]],
        cache: Cache,
        pending: Pending,
        mirror: Mirror,
        journal: Journal,
        *,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._rows = cache.shelf(DEAD_LETTER)
        self._pending = pending
        self._mirror = mirror
        self._journal = journal
        self._clock = clock
        self._box = LetterBox(self._rows, pending, mirror, journal)
        self._retries = Retries(collections, cache, pending, mirror)
        self._due: dict[Place, None] = {}
        self._all_shown = False
        self._wake: Callable[[], None] = lambda: None
        self.refusals = 0

    def __len__(self) -> int:
        """Records of which a change is set aside now."""
        return len(self._box)

    def watch(self, wake: Callable[[], None]) -> None:
        """Has `wake` called when there is something to tend."""
        self._wake = wake
        for shelf in self._cache.shelves.values():
            told = self._row_changed if shelf is self._rows else self._record_changed
            self._mirror.watch(shelf.collection, told)

    async def restore(self) -> None:
        """Takes up the letters of an earlier run, before anything is delivered."""
        await self._box.restore()

    # ---- outcomes of deliveries ----------------------------------------------------------

    def refused(self, op: Op, reason: str) -> None:
        """Directus will never take `op`: it moves from the journal's changes to the letter of
        its row. Where the row of a letter is what was refused, there is no letter of that."""
        if op.table == DEAD_LETTER.directus:
            log.error("letter.unshown", letter=op.key, reason=reason)
            self._journal.done(op.seqs)
            return
        self.refusals += 1
        old = self._box.get((op.table, op.key))
        if old is not None and self._box.given_up(old):
            old = None
        now = self._clock.now()
        letter = self._retries.joined(op, old, now)
        letter.refused(now, reason)
        told = {"code": letter.code, "reason": letter.reason}
        log.error("record.rejected", collection=op.table, key=op.key, **told)
        self._keep(letter, op.seqs)

    def unfit(self, seq: int, change: Change, table: str, why: str) -> None:
        """The journal holds a change of an earlier version that fits no record of this one."""
        op = Op(
            table,
            change.key,
            change.fields or {},
            {name: (value,) for name, value in (change.only_over or {}).items()},
            deletes=change.fields is None,
            views=frozenset((change.collection,)),
            seqs=[seq],
        )
        self.refused(op, f"{_UNFIT}: {why}")

    def delivered(self, op: Op) -> None:
        """Directus has `op`, of which memory is not told yet: it leaves the journal, and what it
        has written leaves the letter of its row."""
        place = (op.table, op.key)
        if op.table == DEAD_LETTER.directus:
            given_up = self._box.place(op.key)
            if op.deletes and given_up is not None and op.key not in self._rows.live:
                self._box.end(given_up, op.seqs, "discarded")  # it was deleted through the API
                return
        elif self._box.waits_for(op.key) and not op.deletes:
            self._parent_made(op.key)
        letter = self._box.get(place)
        if letter is None or not letter.strike(op):
            self._journal.done(op.seqs)
        elif letter.empty:
            self._box.end(place, op.seqs, "delivered")
        else:
            self._keep(letter, op.seqs)

    def dropped(self, op: Op) -> None:
        """`op` goes with a row that somebody removed, and so does the letter of that row."""
        place = (op.table, op.key)
        if self._box.get(place) is None:
            self._journal.done(op.seqs)
        else:
            self._box.end(place, op.seqs, "removed")

    # ---- what operators ask for ----------------------------------------------------------

    def tend(self) -> None:
        """Does what operators have asked for, and tries again what may go well now. To be called
        once the records are loaded, and after each `wake`."""
        if not self._all_shown:
            self._all_shown = True
            self._box.show_missing()
        for row in self._rows.select({"status": "Discard"}):
            self._discard(row)
        for row in self._rows.select({"status": "Retry"}):
            self._retry_row(row)
        due, self._due = self._due, {}
        for place in due:
            letter = self._box.get(place)
            if letter is not None:
                self._retry(letter, "the record that it belongs to was made")

    def _discard(self, row: DeadLetter) -> None:
        place = self._box.place(row.id)
        if place is not None:
            self._box.end(place, (), "discarded")
        else:
            self._box.follow((), {}, Op(DEAD_LETTER.directus, row.id, deletes=True))

    def _retry_row(self, row: DeadLetter) -> None:
        letter = self._box.get(self._box.place(row.id))
        if letter is not None:
            self._retry(letter, "an operator asked for it")
            return
        fields = {"status": "Open", "reason": _LOST}
        over: dict[str, tuple[Any, ...]] = {"status": ("Retry",)}
        self._box.follow((), {}, Op(DEAD_LETTER.directus, row.id, fields, over))

    def _retry(self, letter: Letter, because: str) -> None:
        """Sends a letter's change after those under way. It needs no other place in the journal:
        the letter stays there until the change is delivered, and the row's status asks again
        after a restart."""
        if letter.retrying:
            return
        try:
            op = self._retries.change(letter)
        except BadRequest as error:
            letter.refused(self._clock.now(), f"{_UNFIT}: {error}")
            self._keep(letter, ())
            return
        log.info("letter.retried", collection=letter.table, key=letter.key, because=because)
        letter.retrying = True
        if op is not None:
            self._pending.add(op)
            self._mirror.refold(op.table, op.key)

    # ---- what Directus tells -------------------------------------------------------------

    def _row_changed(self, key: str, _old: DeadLetter | None, new: DeadLetter | None) -> None:
        place = self._box.place(key)
        if new is None and place is not None:  # an operator has deleted the row
            self._box.end(place, (), "discarded")
        self._wake()

    def _record_changed(self, key: str, _old: object, new: object) -> None:
        if new is not None and self._box.waits_for(key):
            self._parent_made(key)

    def _keep(self, letter: Letter, seqs: Sequence[int]) -> None:
        self._box.keep(letter, seqs, self._retries.missing(letter))

    def _parent_made(self, key: str) -> None:
        """A record is there for which letters wait. They wait for what is missing at their
        refusal, so that the next one about another record does not repeat this."""
        self._due.update(dict.fromkeys(self._box.waiting_for(key)))
        self._wake()
